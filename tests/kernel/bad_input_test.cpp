// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Every kind of bad input a host can give, and what it is told. A row is one public call.

#include <frys/frys.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <optional>

#include "support/temporary_folder.hpp"

namespace frys {
namespace {

using ::frys::testing::TemporaryFolder;

constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// One open kernel and one that was closed, for the calls of a row.
struct Bench {
  TemporaryFolder parent;
  Kernel open = *Kernel::open({.data_dir = parent / "open", .memory_budget_bytes = 64 << 20});
  Kernel closed = *Kernel::open({.data_dir = parent / "closed"});
  MemoryScope root = open.memory().root();

  Bench() { (void)closed.close(); }

  // Runs one step to the end of its workflow.
  Status run(StepSpec step) {
    WorkflowGraph graph("one");
    if (auto id = graph.add_step(std::move(step)); !id) return id.error();
    const auto id = open.scheduler().submit(std::move(graph));
    if (!id) return id.error();
    const auto report = open.scheduler().wait(*id);
    return report ? report->status : report.error();
  }
  Status store(Experience experience) { return open.experience().store(experience).status(); }
  Status find(const SimilarityQuery& query) {
    return open.experience().find_similar(query).status();
  }
};

struct Row {
  const char* name;
  Status (*call)(Bench&);
  ErrorCode code;
  const char* says;  // Part of the message: what was wrong, where.
};

Status ok_step(StepContext&) { return {}; }

const Row rows[] = {
    {"a negative extent",
     [](Bench& b) { return Tensor::empty(b.root, {3, -1}, DType::f32).status(); },
     ErrorCode::invalid_argument, "-1"},
    {"extents that overflow",
     [](Bench& b) { return Tensor::empty(b.root, {huge, huge}, DType::f32).status(); },
     ErrorCode::invalid_argument, ""},
    {"more than the address space",
     [](Bench& b) { return Tensor::empty(b.root, {huge / 8}, DType::f32).status(); },
     ErrorCode::invalid_argument, "kernel"},
    {"rank 9",
     [](Bench& b) {
       return Tensor::empty(b.root, {1, 1, 1, 1, 1, 1, 1, 1, 1}, DType::u8).status();
     },
     ErrorCode::invalid_argument, "9"},
    {"more than the budget",
     [](Bench& b) { return Tensor::empty(b.root, {128 << 20}, DType::u8).status(); },
     ErrorCode::budget_exceeded, "kernel"},
    {"shapes that do not fit",
     [](Bench& b) {
       const auto a = Tensor::zeros(b.root, {2, 3}, DType::f32);
       const auto c = Tensor::zeros(b.root, {2, 3}, DType::f32);
       return ops::matmul(b.root, *a, *c).status();
     },
     ErrorCode::invalid_argument, "matmul"},
    {"a scope of a closed kernel",
     [](Bench& b) {
       MemoryScope root = b.closed.memory().root();
       return Tensor::empty(root, {1}, DType::f32).status();
     },
     ErrorCode::closed, ""},
    {"a workflow for a closed kernel",
     [](Bench& b) { return b.closed.scheduler().submit(WorkflowGraph("late")).status(); },
     ErrorCode::closed, ""},
    {"an experience for a closed kernel",
     [](Bench& b) { return b.closed.experience().store({}).status(); }, ErrorCode::closed, ""},
    {"a query of a closed kernel",
     [](Bench& b) { return b.closed.experience().find_similar({.text = "x"}).status(); },
     ErrorCode::closed, ""},
    {"no data folder named", [](Bench&) { return Kernel::open({}).status(); },
     ErrorCode::invalid_argument, "data_dir"},
    {"a data folder that is a file",
     [](Bench& b) {
       std::ofstream(b.parent / "file") << "x";
       return Kernel::open({.data_dir = b.parent / "file"}).status();
     },
     ErrorCode::invalid_argument, "not a folder"},
    {"a data folder that cannot be made",
     [](Bench&) { return Kernel::open({.data_dir = "/proc/frys"}).status(); }, ErrorCode::io_error,
     "/proc/frys"},
    {"a data folder in use",
     [](Bench& b) { return Kernel::open({.data_dir = b.parent / "open"}).status(); },
     ErrorCode::already_open, "process"},
    {"an unknown workflow to wait for",
     [](Bench& b) { return b.open.scheduler().wait(WorkflowId{999}).status(); },
     ErrorCode::not_found, "999"},
    {"an unknown workflow to cancel",
     [](Bench& b) { return b.open.scheduler().cancel(WorkflowId{999}); }, ErrorCode::not_found,
     "999"},
    {"an unknown workflow to optimise",
     [](Bench& b) {
       return b.open.scheduler().optimize_for_collaboration(WorkflowId{999}).status();
     },
     ErrorCode::not_found, "999"},
    {"a dependency cycle",
     [](Bench& b) {
       WorkflowGraph graph("cycle");
       (void)graph.add_step({.name = "egg", .after = {StepId{1}}, .run = ok_step});
       (void)graph.add_step({.name = "hen", .after = {StepId{0}}, .run = ok_step});
       return b.open.scheduler().submit(std::move(graph)).status();
     },
     ErrorCode::invalid_argument, "egg"},
    {"a dependency on nothing",
     [](Bench& b) {
       WorkflowGraph graph("gap");
       (void)graph.add_step({.name = "lonely", .after = {StepId{7}}, .run = ok_step});
       return b.open.scheduler().submit(std::move(graph)).status();
     },
     ErrorCode::invalid_argument, "lonely"},
    {"two steps of one name",
     [](Bench&) {
       WorkflowGraph graph("twins");
       (void)graph.add_step({.name = "same", .run = ok_step});
       return graph.add_step({.name = "same", .run = ok_step}).status();
     },
     ErrorCode::invalid_argument, "same"},
    {"a step without a name", [](Bench& b) { return b.run({.run = ok_step}); },
     ErrorCode::invalid_argument, "name"},
    {"a step with a non-finite input size",
     [](Bench& b) { return b.run({.name = "s", .input_size = not_a_number, .run = ok_step}); },
     ErrorCode::invalid_argument, "input_size"},
    {"a step that throws",
     [](Bench& b) {
       return b.run({.name = "thrower", .run = [](StepContext&) -> Status {
                       throw std::runtime_error("no such model");
                     }});
     },
     ErrorCode::step_failed, "no such model"},
    {"a step that fails",
     [](Bench& b) {
       return b.run({.name = "failer", .run = [](StepContext&) -> Status {
                       return {ErrorCode::unavailable, "endpoint down"};
                     }});
     },
     ErrorCode::unavailable, "endpoint down"},
    {"a step that never finishes before its deadline",
     [](Bench& b) {
       static std::optional<StepCompletion> never;
       Status status = b.run(
           {.name = "sleeper",
            .deadline_ns = 5'000'000,
            .run = [](StepContext&, StepCompletion done) { never.emplace(std::move(done)); }});
       never.reset();
       return status;
     },
     ErrorCode::deadline_exceeded, "sleeper"},
    {"a step that takes more than its budget",
     [](Bench& b) {
       return b.run({.name = "glutton",
                     .request = {.cpu_slots = 1, .memory_bytes = 1 << 16},
                     .run = [](StepContext& step) -> Status {
                       return Tensor::empty(step.scope(), {1 << 20}, DType::u8).status();
                     }});
     },
     ErrorCode::budget_exceeded, "glutton"},
    {"a workflow cancelled from inside",
     [](Bench& b) {
       return b.run({.name = "quitter", .run = [&b](StepContext& step) -> Status {
                       (void)b.open.scheduler().cancel(step.workflow_id());
                       return step.token().is_cancelled() ? Status(ErrorCode::cancelled, "as asked")
                                                          : Status();
                     }});
     },
     ErrorCode::cancelled, ""},
    {"an input nobody published",
     [](Bench& b) {
       return b.run({.name = "asker", .run = [](StepContext& step) -> Status {
                       return step.input("asker", "nothing").status();
                     }});
     },
     ErrorCode::not_found, "nothing"},
    {"a non-finite reward",
     [](Bench& b) { return b.store({.situation = "x", .reward = not_a_number}); },
     ErrorCode::invalid_argument, "reward"},
    {"a non-finite vector",
     [](Bench& b) {
       Experience experience{.situation = "x"};
       experience.embedding.assign(256, std::numeric_limits<float>::infinity());
       return b.store(experience);
     },
     ErrorCode::invalid_argument, "embedding"},
    {"a vector of a wrong dimension",
     [](Bench& b) {
       Experience experience{.situation = "x"};
       experience.embedding.assign(255, 1.0F);
       return b.store(experience);
     },
     ErrorCode::invalid_argument, "255"},
    {"a negative duration", [](Bench& b) { return b.store({.situation = "x", .duration_ns = -1}); },
     ErrorCode::invalid_argument, "duration"},
    {"a query for nothing", [](Bench& b) { return b.find({}); }, ErrorCode::invalid_argument,
     "text"},
    {"a query of a wrong dimension",
     [](Bench& b) { return b.find({.vector = std::vector<float>(3, 1.0F)}); },
     ErrorCode::invalid_argument, "3"},
    {"a query with a non-finite vector",
     [](Bench& b) { return b.find({.vector = std::vector<float>(256, std::nanf(""))}); },
     ErrorCode::invalid_argument, "vector"},
    {"a query for no results", [](Bench& b) { return b.find({.text = "x", .k = 0}); },
     ErrorCode::invalid_argument, "k"},
    {"an experience that is not there",
     [](Bench& b) { return b.open.experience().get(ExperienceId{}).status(); },
     ErrorCode::not_found, "00000000000000000000000000000000"},
};

TEST(BadInput, IsAnsweredWithWhatIsWrongAndWhere) {
  Bench bench;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    const Status status = row.call(bench);
    EXPECT_EQ(to_string(status.code()), to_string(row.code)) << status.to_string();
    EXPECT_NE(status.message().find(row.says), std::string::npos) << status.to_string();
    EXPECT_GE(status.message().size(), 10U) << status.to_string();
  }
  // After all that, the open kernel works and holds nothing.
  EXPECT_TRUE(bench.run({.name = "fine", .run = ok_step}).ok());
  EXPECT_EQ(bench.root.stats().live_bytes, 0U);
  EXPECT_TRUE(bench.open.close().ok());
}

}  // namespace
}  // namespace frys
