// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "run/figures.hpp"

#include <gtest/gtest.h>

namespace crew {
namespace {

StepRow row(const char* type, std::uint64_t predicted, std::uint64_t used, std::int64_t start) {
  StepRow step;
  step.type = type;
  step.predicted_bytes = predicted;
  step.peak_bytes = used;
  step.start_ns = start;
  step.end_ns = start + 100;
  step.predicted_ns = 150;
  step.first_touch_pages = 3;
  return step;
}

TEST(Figures, ErrorIsWhatWasMissedOverWhatWasUsed) {
  RunSummary run;
  run.steps = {row("a", 150, 100, 0), row("a", 50, 100, 10), row("b", 0, 200, 20),
               row("c", 999, 0, 30)};
  const Figures figures = figures_of(run);
  EXPECT_DOUBLE_EQ(figures.memory_error, (50 + 50 + 200) / 400.0);
  EXPECT_DOUBLE_EQ(figures.time_error, 0.5);
  EXPECT_EQ(figures.first_touch_pages, 12U);
  EXPECT_EQ(figures.steps, 4U);
}

TEST(Figures, LeaveOutWhatAnExperiencedCrewHadNeverDone) {
  RunSummary run;
  run.steps = {row("a", 110, 100, 0), row("search", 64 << 20, 100, 10)};
  EXPECT_GT(figures_of(run).memory_error, 1000);
  run.new_types = {"search"};
  const Figures figures = figures_of(run);
  EXPECT_DOUBLE_EQ(figures.memory_error, 0.1);
  EXPECT_DOUBLE_EQ(figures.time_error, 0.5);
  EXPECT_EQ(figures.new_steps, 1U);
  EXPECT_EQ(figures.steps, 2U);
}

TEST(Figures, OfNothingAreZero) {
  const Figures figures = figures_of(RunSummary{});
  EXPECT_EQ(figures.memory_error, 0);
  EXPECT_EQ(figures.time_error, 0);
}

TEST(Figures, TypesComeInOrderOfFirstStart) {
  RunSummary run;
  run.steps = {row("late", 10, 10, 500), row("early", 20, 10, 5), row("early", 10, 10, 900)};
  const std::vector<TypeFigures> types = figures_by_type(run);
  ASSERT_EQ(types.size(), 2U);
  EXPECT_EQ(types[0].type, "early");
  EXPECT_EQ(types[0].steps, 2U);
  EXPECT_DOUBLE_EQ(types[0].predicted_bytes, 15);
  EXPECT_DOUBLE_EQ(types[0].first_predicted_bytes, 20);
  EXPECT_EQ(types[1].type, "late");
}

}  // namespace
}  // namespace crew
