// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who may write what was published: the last reader without a copy, every other one a copy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "frys/memory/copies.hpp"
#include "frys/scheduler/step_context.hpp"
#include "frys/tensor/ops.hpp"
#include "frys/tensor/shared_tensor.hpp"
#include "scheduler/scheduler_host.hpp"

namespace frys {
namespace {

using namespace frys::testing;  // NOLINT
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t elements = 1000;
constexpr std::size_t bytes = elements * sizeof(float);

/// What a step saw and did.
struct Seen {
  const void* memory = nullptr;
  float first = 0;
};

class HandOver : public ::testing::Test {
 protected:
  Tensor ones(StepContext& context, Seen& made) {
    Tensor tensor = *Tensor::full(context.scope(), {elements}, DType::f32, 1);
    made.memory = tensor.view().data();
    return tensor;
  }

  /// Gives up a tensor of ones.
  StepSpec make() {
    return {.name = "make", .run = [this](StepContext& context) {
              return context.publish("x", ones(context, made_));
            }};
  }

  /// Takes "x" of "make" and writes 2 over it.
  StepSpec edit(std::string name, std::vector<StepId> after, Seen& seen) {
    return {
        .name = std::move(name), .after = std::move(after), .run = [&seen](StepContext& context) {
          Result<Tensor> mine = context.take("make", "x");
          if (!mine) return mine.error();
          seen = {mine->mutable_data(), mine->data<float>()[0]};
          return ops::fill(*mine, 2);
        }};
  }

  static StepSpec read(std::string name, std::vector<StepId> after, Seen& seen) {
    return {
        .name = std::move(name), .after = std::move(after), .run = [&seen](StepContext& context) {
          Result<TensorView> view = context.input("make", "x");
          if (!view) return view.error();
          seen = {view->data(), view->data<float>()[0]};
          return Status();
        }};
  }

  StepId add(StepSpec spec) { return *graph_.add_step(std::move(spec)); }

  /// Expects success and so many bytes copied in all.
  void run(std::size_t copied_bytes) {
    const CopyStats before = copy_stats();
    const WorkflowReport report = host_.run(std::move(graph_));
    EXPECT_TRUE(report.status.ok()) << report.status.to_string();
    EXPECT_EQ(copy_stats().bytes - before.bytes, copied_bytes);
  }

  /// Expects that the workflow fails in this way.
  void run_to(ErrorCode code, const char* says) {
    const WorkflowReport report = host_.run(std::move(graph_));
    EXPECT_EQ(report.status, code) << report.status.to_string();
    EXPECT_THAT(std::string(report.status.message()), HasSubstr(says));
  }

  SimulatedHost host_;
  WorkflowGraph graph_{"hand-over"};
  Seen made_;
};

TEST_F(HandOver, TheOnlyReaderWritesWithoutACopy) {
  Seen edited;
  const StepId make_id = add(make());
  StepSpec editor = edit("edit", {make_id}, edited);
  editor.agent = "editor";
  add(std::move(editor));
  const CopyStats before = copy_stats();
  const WorkflowReport report = host_.run(std::move(graph_));
  ASSERT_TRUE(report.status.ok()) << report.status.to_string();
  EXPECT_EQ(copy_stats().bytes, before.bytes);
  EXPECT_EQ(edited.memory, made_.memory);
  EXPECT_EQ(edited.first, 1);
  EXPECT_EQ(report.records[0].used.published_bytes, bytes);
  EXPECT_EQ(report.records[1].used.copied_bytes, 0U);
  EXPECT_EQ(report.records[1].used.peak_bytes, 0U);
  ASSERT_FALSE(report.collaboration.edges.empty());
  EXPECT_EQ(report.collaboration.edges[0].bytes, bytes);
}

TEST_F(HandOver, AReaderStillToComeReadsWhatWasPublished) {
  Seen edited;
  Seen was_read;
  const StepId make_id = add(make());
  const StepId edit_id = add(edit("edit", {make_id}, edited));
  add(read("read", {make_id, edit_id}, was_read));
  run(bytes);
  EXPECT_NE(edited.memory, made_.memory);
  EXPECT_EQ(was_read.memory, made_.memory);
  EXPECT_EQ(was_read.first, 1);
}

TEST_F(HandOver, AfterAllOtherReadersTheLastOneWrites) {
  Seen was_read;
  Seen edited;
  const StepId make_id = add(make());
  const StepId read_id = add(read("read", {make_id}, was_read));
  add(edit("edit", {make_id, read_id}, edited));
  run(0);
  EXPECT_EQ(was_read.memory, made_.memory);
  EXPECT_EQ(edited.memory, made_.memory);
}

TEST_F(HandOver, OfTwoThatTakeTheLaterOneGetsTheMemory) {
  Seen first;
  Seen second;
  const StepId make_id = add(make());
  const StepId edit_id = add(edit("first", {make_id}, first));
  add(edit("second", {make_id, edit_id}, second));
  run(bytes);
  EXPECT_NE(first.memory, made_.memory);
  EXPECT_EQ(second.memory, made_.memory);
  EXPECT_EQ(second.first, 1) << "the first wrote into a copy";
}

TEST_F(HandOver, WhoeverElseHoldsTheTensorKeepsItAsItIs) {
  SharedTensor kept;
  Seen edited;
  const StepId make_id = add({.name = "make", .run = [&](StepContext& context) {
                                kept = ones(context, made_).share();
                                return context.publish("x", kept);
                              }});
  add(edit("edit", {make_id}, edited));
  run(bytes);
  EXPECT_NE(edited.memory, made_.memory);
  EXPECT_EQ(kept.view().data(), made_.memory);
  EXPECT_EQ(kept.data<float>()[0], 1);
  EXPECT_EQ(kept.holders(), 1U);
}

TEST_F(HandOver, AViewIsCopiedForWhoWantsToWrite) {
  Seen edited;
  const StepId make_id = add({.name = "make", .run = [&](StepContext& context) {
                                const Tensor tensor = ones(context, made_);
                                return context.publish("x", *tensor.view().slice(0, 0, 10));
                              }});
  add(edit("edit", {make_id}, edited));
  run(10 * sizeof(float));
  EXPECT_NE(edited.memory, made_.memory);
  EXPECT_EQ(edited.first, 1);
}

TEST_F(HandOver, WrappedBytesAreNeverWritten) {
  const std::vector<float> row = {7, 8};
  Seen edited;
  const StepId make_id =
      add({.name = "make", .run = [&](StepContext& context) {
             auto storage =
                 Storage::wrap(const_cast<float*>(row.data()), 8, {}, {}, Access::read_only);
             return context.publish(
                 "x", *TensorView::from_storage(*std::move(storage), DType::f32, {2}));
           }});
  add(edit("edit", {make_id}, edited));
  run(8);
  EXPECT_EQ(edited.first, 7);
  EXPECT_THAT(row, ElementsAre(7, 8));
}

TEST_F(HandOver, AnAttemptThatMayBeFollowedByAnotherGetsACopy) {
  std::vector<Seen> attempts;
  const StepId make_id = add(make());
  add({.name = "edit", .after = {make_id}, .max_attempts = 2, .run = [&](StepContext& context) {
         Result<Tensor> mine = context.take("make", "x");
         if (!mine) return mine.error();
         attempts.push_back({mine->mutable_data(), mine->data<float>()[0]});
         static_cast<void>(ops::fill(*mine, 2));
         return context.attempt() < 2 ? Status(ErrorCode::io_error, "once more") : Status();
       }});
  run(bytes);
  ASSERT_EQ(attempts.size(), 2U);
  EXPECT_NE(attempts[0].memory, made_.memory);
  EXPECT_EQ(attempts[1].memory, made_.memory);
  EXPECT_EQ(attempts[1].first, 1);
}

/// Takes "x" of "make" in each of three rounds.
StepFunction edit_thrice(std::vector<const void*>& edited) {
  return [&edited](StepContext& context) {
    Result<Tensor> mine = context.take("make", "x");
    if (!mine) return mine.error();
    edited.push_back(mine->mutable_data());
    EXPECT_EQ(mine->data<float>()[0], 1);
    static_cast<void>(ops::fill(*mine, 2));
    return context.request_iteration().status();
  };
}

TEST_F(HandOver, ALoopAroundBothWritesWithoutACopyInEveryRound) {
  std::vector<const void*> made;
  std::vector<const void*> edited;
  const StepId make_id = add({.name = "make", .run = [&](StepContext& context) {
                                Tensor tensor = ones(context, made_);
                                made.push_back(made_.memory);
                                return context.publish("x", std::move(tensor));
                              }});
  const StepId edit_id = add({.name = "edit", .after = {make_id}, .run = edit_thrice(edited)});
  ASSERT_TRUE(graph_.add_loop({make_id, edit_id, 3}).ok());
  run(0);
  EXPECT_EQ(edited, made);
  EXPECT_EQ(edited.size(), 3U);
}

TEST_F(HandOver, ALoopAroundTheReaderAloneCopiesUntilItsLastRound) {
  std::vector<const void*> edited;
  const StepId make_id = add(make());
  const StepId edit_id = add({.name = "edit", .after = {make_id}, .run = edit_thrice(edited)});
  ASSERT_TRUE(graph_.add_loop({edit_id, edit_id, 3}).ok());
  run(2 * bytes);
  ASSERT_EQ(edited.size(), 3U);
  EXPECT_NE(edited[0], made_.memory);
  EXPECT_NE(edited[1], made_.memory);
  EXPECT_EQ(edited[2], made_.memory);
}

TEST_F(HandOver, AReaderInALoopThatMayComeBackKeepsItForItself) {
  Seen was_read;
  Seen edited;
  const StepId make_id = add(make());
  const StepId read_id = add(read("read", {make_id}, was_read));
  const StepId edit_id = add(edit("edit", {make_id, read_id}, edited));
  const StepId judge_id =
      add({.name = "judge", .after = {read_id, edit_id}, .run = [](auto& context) {
             return context.iteration() < 2 ? context.request_iteration().status() : Status();
           }});
  ASSERT_TRUE(graph_.add_loop({read_id, judge_id, 5}).ok());
  run(3 * bytes);
  EXPECT_EQ(was_read.first, 1);
}

TEST_F(HandOver, ALoopThatHasEndedKeepsNothing) {
  Seen was_read;
  Seen edited;
  const StepId make_id = add(make());
  const StepId read_id = add(read("read", {make_id}, was_read));
  ASSERT_TRUE(graph_.add_loop({read_id, read_id, 5}).ok());
  add(edit("edit", {make_id, read_id}, edited));
  run(0);
  EXPECT_EQ(edited.memory, made_.memory);
}

TEST_F(HandOver, WhoDoesNotWaitForItByNameFindsItTaken) {
  for (const bool copied : {false, true}) {
    Seen edited;
    Seen was_read;
    const StepId make_id = add(make());
    const StepId edit_id = add(edit("edit", {make_id}, edited));
    if (copied) add(read("read", {make_id, edit_id}, was_read));
    add(read("late", {edit_id}, was_read));
    run_to(ErrorCode::not_found, "step 'edit' has taken");
    EXPECT_EQ(edited.memory != made_.memory, copied);
    graph_ = WorkflowGraph("again");
  }
}

TEST_F(HandOver, WhoTookItAsTheLastFindsItTaken) {
  const StepId make_id = add(make());
  add({.name = "edit", .after = {make_id}, .run = [](StepContext& context) {
         EXPECT_TRUE(context.take("make", "x"));
         EXPECT_EQ(context.input("make", "x").status(), ErrorCode::not_found);
         return context.take("make", "x").status();
       }});
  run_to(ErrorCode::not_found, "step 'edit' has taken");
}

TEST_F(HandOver, OnlyWhoWaitsMayTake) {
  Seen edited;
  const StepId make_id = add(make());
  const StepId between = add({.name = "between", .after = {make_id}});
  add(edit("edit", {between}, edited));
  run_to(ErrorCode::failed_precondition, "does not wait");
}

TEST_F(HandOver, WhatIsNotThereIsNamed) {
  const StepId make_id = add(make());
  add({.name = "edit", .after = {make_id}, .run = [&](StepContext& context) {
         EXPECT_EQ(context.take("nobody", "x").status(), ErrorCode::not_found);
         EXPECT_EQ(context.take(StepId{9}, "x").status(), ErrorCode::not_found);
         return context.take(make_id, "y").status();
       }});
  run_to(ErrorCode::not_found, "has published 'x'");
}

TEST_F(HandOver, ACopyThatFailsTakesNothingAway) {
  SharedTensor kept;
  const StepId make_id = add({.name = "make", .run = [&](StepContext& context) {
                                kept = ones(context, made_).share();
                                return context.publish("x", kept);
                              }});
  add({.name = "edit",
       .after = {make_id},
       .request = {.memory_bytes = 64},
       .run = [&](StepContext& context) {
         EXPECT_EQ(context.take(make_id, "x").status(), ErrorCode::budget_exceeded);
         EXPECT_EQ(context.input(make_id, "x")->data(), made_.memory);
         return Status();
       }});
  run(0);
}

TEST_F(HandOver, ALateAttemptTakesNothing) {
  ErrorCode late = ErrorCode::ok;
  const StepId make_id = add(make());
  add({.name = "edit",
       .after = {make_id},
       .deadline_ns = s,
       .request = {.cpu_slots = 0},
       .run = [&](StepContext& context, StepCompletion done) {
         auto timer = context.executor().submit_after(2 * s, [&, done = std::move(done)]() mutable {
           late = context.take(make_id, "x").status().code();
           done();
         });
         EXPECT_TRUE(timer.has_value());
       }});
  add({.name = "wait", .request = {.cpu_slots = 0}, .run = lasting(3 * s)});
  EXPECT_EQ(host_.run(std::move(graph_)).status, ErrorCode::deadline_exceeded);
  EXPECT_EQ(late, ErrorCode::failed_precondition);
}

TEST_F(HandOver, PublishingAgainReplacesWhatWasTaken) {
  Seen again;
  const StepId make_id = add({.name = "make", .run = [&](StepContext& context) {
                                EXPECT_TRUE(context.publish("x", Tensor()).ok());
                                return context.publish("x", ones(context, made_));
                              }});
  add(edit("edit", {make_id}, again));
  run(0);
  EXPECT_EQ(again.memory, made_.memory);
}

/// Two readers at once on threads: each writes apart from the other, whoever is the last.
TEST(HandOverThreads, ReadersThatTakeAtOnceWriteApart) {
  ThreadedHost host(4);
  for (int round = 0; round < 50; ++round) {
    WorkflowGraph graph("race");
    std::atomic<int> right = 0;
    const StepId make_id = *graph.add_step(
        {.name = "make", .run = [](StepContext& context) {
           return context.publish("x", *Tensor::full(context.scope(), {elements}, DType::f32, 1));
         }});
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(graph.add_step({.name = "edit-" + std::to_string(i),
                                  .type = "edit",
                                  .after = {make_id},
                                  .request = {.cpu_slots = 0},
                                  .run = [&, i](StepContext& context) {
                                    Result<Tensor> mine = context.take("make", "x");
                                    if (!mine) return mine.error();
                                    const Result<double> before = ops::mean(*mine);
                                    static_cast<void>(ops::fill(*mine, 2 + i));
                                    if (*before == 1 && *ops::mean(*mine) == 2 + i) ++right;
                                    return Status();
                                  }}));
    }
    const WorkflowReport report = host.run(std::move(graph));
    ASSERT_TRUE(report.status.ok()) << report.status.to_string();
    ASSERT_EQ(right, 4);
  }
}

}  // namespace
}  // namespace frys
