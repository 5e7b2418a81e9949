// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The crew in this process, over the library's own public headers: what it finds, and that handing
// tensors on copies nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>

#include "crew/state.hpp"
#include "frys/memory/copies.hpp"
#include "run/figures.hpp"
#include "run/run_crew.hpp"
#include "support/temporary_folder.hpp"

namespace crew {
namespace {

using frys::testing::TemporaryFolder;

const std::vector<std::string> question = {"what happens to the memory of a closed scope?"};

CrewOptions options_for(const std::string& folder, const std::vector<std::string>& questions) {
  CrewOptions options;
  options.folder = folder;
  options.questions = questions;
  options.embedder = std::make_shared<frys::HashingEmbedder>();
  return options;
}

frys::Result<RunSummary> run_over(const std::string& folder, frys::Kernel& kernel,
                                  HandOffs::Intercept intercept = {},
                                  const std::vector<std::string>& questions = question) {
  const auto state = std::make_shared<CrewState>(kernel, options_for(folder, questions));
  state->hand_offs.set_intercept(std::move(intercept));
  return run_crew(state);
}

class Crew : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = frys::Kernel::open({.data_dir = data_ / "kernel"});
    ASSERT_TRUE(opened) << opened.error().to_string();
    kernel_.emplace(*std::move(opened));
  }

  TemporaryFolder data_;
  std::optional<frys::Kernel> kernel_;
  const std::string headers_ = std::string(FRYS_SOURCE_DIR) + "/include";
};

TEST_F(Crew, HandsTensorsOnWithoutACopy) {
  const frys::CopyStats before = frys::copy_stats();
  const frys::Result<RunSummary> run = run_over(headers_, *kernel_);
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_GT(run->hand_offs, 30U);
  EXPECT_EQ(run->same_memory, run->hand_offs);
  EXPECT_GT(run->shared_bytes, 1U << 20U);
  EXPECT_EQ(run->copies, 0U);
  EXPECT_EQ(run->copied_bytes, 0U);
  EXPECT_GT(run->host_copied_bytes, 0U);  // The centres that went into the store, at least.
  EXPECT_EQ(frys::copy_stats().copies, before.copies + run->host_copies);
  EXPECT_EQ(frys::copy_stats().bytes, before.bytes + run->host_copied_bytes);
  for (const StepRow& step : run->steps) EXPECT_EQ(step.copied_bytes, 0U) << step.name;
}

TEST_F(Crew, OneCopyOnTheWayIsCounted) {
  std::atomic<int> left = 1;
  std::atomic<std::uint64_t> bytes = 0;
  const frys::Result<RunSummary> run =
      run_over(headers_, *kernel_, [&](frys::StepContext& context, frys::TensorView view) {
        if (context.type() != "compare" || left.fetch_sub(1) <= 0) return view;
        bytes = view.size_bytes();
        return frys::contiguous(context.scope(), view)->view();
      });
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_EQ(run->copies, 1U);
  EXPECT_EQ(run->copied_bytes, bytes.load());
  EXPECT_EQ(run->same_memory + 1, run->hand_offs);
  std::uint64_t in_steps = 0;
  for (const StepRow& step : run->steps) in_steps += step.copied_bytes;
  EXPECT_EQ(in_steps, bytes.load());
}

TEST_F(Crew, FindsClustersTermsAndAnswers) {
  const frys::Result<RunSummary> run = run_over(headers_, *kernel_);
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_GT(run->passages, 100U);
  EXPECT_GE(run->clusters.size(), 2U);
  std::uint64_t passages = 0;
  for (const ClusterRow& cluster : run->clusters) {
    passages += cluster.passages;
    EXPECT_FALSE(cluster.terms.empty());
    EXPECT_NE(cluster.where.find(".h"), std::string::npos);
  }
  EXPECT_EQ(passages, run->passages);
  EXPECT_GE(run->agreement, 0.4);
  EXPECT_FALSE(run->verdict.empty());
  ASSERT_FALSE(run->answers.empty());
  EXPECT_TRUE(std::any_of(run->answers.begin(), run->answers.end(), [](const AnswerRow& answer) {
    return answer.where.find("memory/") != std::string::npos;
  }));
  for (std::size_t i = 1; i < run->answers.size(); ++i) {
    EXPECT_LE(run->answers[i].score, run->answers[i - 1].score);
  }
}

TEST_F(Crew, EveryStepRunsInAScopeOfItsOwnAndLeavesAnExperience) {
  const frys::Result<RunSummary> run = run_over(headers_, *kernel_);
  ASSERT_TRUE(run) << run.error().to_string();
  const std::set<std::string> agents(run->agents.begin(), run->agents.end());
  std::set<std::string> types;
  for (const StepRow& step : run->steps) {
    EXPECT_EQ(step.outcome, "success") << step.name;
    EXPECT_TRUE(agents.contains(step.agent)) << step.agent;
    types.insert(step.type);
  }
  EXPECT_EQ(types, (std::set<std::string>{"centre", "cluster", "compare", "critique", "embed",
                                          "read", "report", "scout", "search"}));
  // One a step, and the clustering that was settled on.
  EXPECT_EQ(run->experiences_after, run->steps.size() + 1);
  EXPECT_FALSE(run->memory.empty());
  EXPECT_FALSE(run->edges.empty());
  EXPECT_FALSE(run->plans.empty());
}

TEST_F(Crew, KnowsWhichTypesOfStepAreNewToItsStore) {
  const frys::Result<RunSummary> first = run_over(headers_, *kernel_, {}, {});
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_TRUE(first->new_types.empty());  // To an empty store all of them are.
  const frys::Result<RunSummary> asked = run_over(headers_, *kernel_);
  ASSERT_TRUE(asked) << asked.error().to_string();
  EXPECT_EQ(asked->new_types, std::vector<std::string>{"search"});
  EXPECT_LT(figures_of(*asked).memory_error, figures_of(*first).memory_error / 2);
  const frys::Result<RunSummary> again = run_over(headers_, *kernel_);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_TRUE(again->new_types.empty());
}

TEST_F(Crew, SaysTheSameOfTheSameText) {
  const frys::Result<RunSummary> first = run_over(headers_, *kernel_);
  TemporaryFolder elsewhere;
  auto other = frys::Kernel::open({.data_dir = elsewhere / "kernel"});
  ASSERT_TRUE(other);
  const frys::Result<RunSummary> second = run_over(headers_, *other);
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->passages, second->passages);
  EXPECT_EQ(first->rounds, second->rounds);
  ASSERT_EQ(first->clusters.size(), second->clusters.size());
  for (std::size_t i = 0; i < first->clusters.size(); ++i) {
    EXPECT_EQ(first->clusters[i].terms, second->clusters[i].terms);
    EXPECT_EQ(first->clusters[i].passages, second->clusters[i].passages);
  }
}

TEST_F(Crew, FindsWhatWasSaidTwiceAndSkipsWhatIsNoText) {
  const TemporaryFolder folder;
  const std::string source = std::string(FRYS_SOURCE_DIR) + "/include/frys/core";
  std::filesystem::copy(source, folder / "core");
  std::filesystem::copy(source + "/status.hpp", folder / "again.hpp");
  std::ofstream(folder / "picture.png") << std::string("\x89PNG\0\0\0", 7);
  const frys::Result<RunSummary> run = run_over(folder.path(), *kernel_);
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_EQ(run->skipped, 1U);
  EXPECT_EQ(run->skipped_files.front().first, "picture.png");
  const auto twice =
      std::find_if(run->duplicates.begin(), run->duplicates.end(), [](const DuplicateRow& row) {
        return row.where == std::vector<std::string>{"again.hpp:4", "core/status.hpp:4"};
      });
  ASSERT_NE(twice, run->duplicates.end());
  EXPECT_GT(twice->similarity, 0.99);
  EXPECT_TRUE(twice->text.starts_with("// "));
}

TEST_F(Crew, TellsEachStageOfALongRunOnce) {
  std::vector<std::string> stages;
  const auto run = [&](std::int64_t quiet_ns) {
    CrewOptions options = options_for(headers_, {});
    options.quiet_ns = quiet_ns;
    options.on_stage = [&](std::int64_t, const std::string& stage) { stages.push_back(stage); };
    return run_crew(std::make_shared<CrewState>(*kernel_, std::move(options)));
  };
  ASSERT_TRUE(run(std::int64_t{3600} * 1'000'000'000));
  EXPECT_TRUE(stages.empty());
  ASSERT_TRUE(run(0));
  EXPECT_GE(stages.size(), 2U);
  EXPECT_EQ(std::set<std::string>(stages.begin(), stages.end()).size(), stages.size());
}

TEST_F(Crew, WorksOnNextToNothing) {
  const TemporaryFolder folder;
  std::ofstream(folder / "one.txt") << "only four short words\n";
  const frys::Result<RunSummary> run = run_over(folder.path(), *kernel_);
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_EQ(run->passages, 1U);
}

TEST_F(Crew, SaysThatThereIsNoText) {
  const TemporaryFolder empty;
  const frys::Result<RunSummary> none = run_over(empty.path(), *kernel_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), frys::ErrorCode::not_found) << none.error().to_string();
  EXPECT_TRUE(none.error().message().starts_with("there are no text files in"));
  std::ofstream(empty / "binary") << std::string(100, '\0');
  const frys::Result<RunSummary> binary = run_over(empty.path(), *kernel_);
  ASSERT_FALSE(binary);
  EXPECT_EQ(binary.error().code(), frys::ErrorCode::not_found) << binary.error().to_string();
}

}  // namespace
}  // namespace crew
