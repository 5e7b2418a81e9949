// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A workflow with a loop: a writer's draft goes to a critic, who sends it back with notes until it
// is good enough, and at last back to the writer, who writes on it. All of that is in the memory
// that it was first written to: nothing is copied.

#include <cstdio>
#include <filesystem>

#include "frys/frys.hpp"

namespace {

/// Writes numbers that are half of what they should be, then adds what the critic asked for.
frys::Status write_draft(frys::StepContext& context) {
  double factor = 0.5;
  if (context.iteration() > 0) {
    auto notes = context.input("judge", "notes");
    if (!notes) return notes.error();
    factor += notes->data<double>()[0];
  }
  auto draft = frys::Tensor::full(context.scope(), {1000}, frys::DType::f32, factor);
  if (!draft) return draft.error();
  return context.publish("draft", *std::move(draft));
}

/// Takes the draft as it lies in memory; while it is too far off, says by how much and asks for
/// another round.
frys::Status judge_draft(frys::StepContext& context) {
  auto draft = context.input("write", "draft");
  if (!draft) return draft.error();
  auto mean = frys::ops::mean(*draft);
  if (!mean) return mean.error();
  std::printf("round %d: the mean is %.2f\n", context.iteration() + 1, *mean);
  if (*mean > 0.9) return {};
  auto notes =
      frys::Tensor::full(context.scope(), {1}, frys::DType::f64, 0.25 * (1 + context.iteration()));
  if (!notes) return notes.error();
  if (frys::Status told = context.publish("notes", *std::move(notes)); !told.ok()) return told;
  return context.request_iteration().status();
}

/// Nobody reads the draft after this, so it is changed where it lies.
frys::Status polish_draft(frys::StepContext& context) {
  auto draft = context.take("write", "draft");
  if (!draft) return draft.error();
  frys::Status brightened = frys::ops::scale(*draft, *draft, 255);
  if (!brightened.ok()) return brightened;
  std::printf("polished, with %zu bytes copied\n",
              static_cast<std::size_t>(context.scope().stats().copied_bytes));
  return context.publish("final", *std::move(draft));
}

frys::Status run(const std::string& folder) {
  auto kernel = frys::Kernel::open({.data_dir = folder});
  if (!kernel) return kernel.error();

  frys::WorkflowGraph graph("example");
  auto write = graph.add_step({.name = "write", .agent = "writer", .run = write_draft});
  if (!write) return write.error();
  auto judge =
      graph.add_step({.name = "judge", .agent = "critic", .after = {*write}, .run = judge_draft});
  if (!judge) return judge.error();
  frys::Status loop = graph.add_loop({.first = *write, .last = *judge, .max_iterations = 10});
  if (!loop.ok()) return loop;
  auto polish =
      graph.add_step({.name = "polish", .agent = "writer", .after = {*write}, .run = polish_draft});
  if (!polish) return polish.error();

  auto id = kernel->scheduler().submit(std::move(graph));
  if (!id) return id.error();
  auto report = kernel->scheduler().wait(*id);
  if (!report) return report.error();
  if (!report->status.ok()) return report->status;
  const std::string pattern(frys::to_string(report->collaboration.pattern));
  std::printf("%zu steps ran; the agents worked as a %s\n", report->records.size(),
              pattern.c_str());
  std::printf("the store remembers %llu of them\n",
              static_cast<unsigned long long>(kernel->experience().size()));
  return kernel->close();
}

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "frys-example-02";
  std::filesystem::remove_all(folder);
  const frys::Status status = run(folder.string());
  std::filesystem::remove_all(folder);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.to_string().c_str());
  return status.ok() ? 0 : 1;
}
