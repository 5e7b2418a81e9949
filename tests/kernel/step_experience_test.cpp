// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "kernel/adapters/step_experience.hpp"

#include <gtest/gtest.h>

namespace frys::detail {
namespace {

StepRecord some_record() {
  StepRecord record;
  record.workflow = "crew";
  record.step = "embed-3";
  record.type = "embed";
  record.agent = "embedder";
  record.situation = "412 passages of C++";
  record.attempt = 2;
  record.iteration = 1;
  record.input_size = 412;
  record.predicted_bytes = 1000;
  record.given_bytes = 1100;
  record.used.peak_bytes = 900;
  record.used.page_faults = 7;
  record.predicted_runtime_ns = 50;
  record.runtime_ns = 40;
  record.queued_ns = 100;
  record.start_ns = 130;
  record.started_wall_ns = 1'700'000'000'000'000'000;
  record.reward = 0.75;
  return record;
}

TEST(StepExperience, KeepsWhatThePredictorNeedsAgain) {
  const StepRecord record = some_record();
  Match match;
  match.similarity = 1.0000001;  // Rounding of the index; a similarity is at most one.
  match.experience = to_experience(record);
  const PastStep past = to_past_step(match);
  EXPECT_EQ(past.similarity, 1.0);
  EXPECT_EQ(past.input_size, record.input_size);
  EXPECT_EQ(past.predicted_bytes, record.predicted_bytes);
  EXPECT_EQ(past.given_bytes, record.given_bytes);
  EXPECT_EQ(past.used.peak_bytes, record.used.peak_bytes);
  EXPECT_EQ(past.used.page_faults, record.used.page_faults);
  EXPECT_EQ(past.runtime_ns, record.runtime_ns);
  EXPECT_EQ(past.outcome, StepOutcome::success);
  EXPECT_EQ(past.reward, record.reward);
}

TEST(StepExperience, TellsWhoDidWhatWhere) {
  const Experience experience = to_experience(some_record());
  EXPECT_EQ(experience.workflow, "crew");
  EXPECT_EQ(experience.step_type, "embed");
  EXPECT_EQ(experience.agent, "embedder");
  EXPECT_EQ(experience.action, "embed-3");
  EXPECT_EQ(experience.situation, "412 passages of C++");
  EXPECT_EQ(experience.started_at_ns, 1'700'000'000'000'000'000);
  EXPECT_EQ(experience.resources.queued_ns, 30);
  EXPECT_EQ(experience.tags.at(0), "attempt=2");
}

TEST(StepExperience, AStepWithoutASituationIsStillFound) {
  StepRecord record = some_record();
  record.situation.clear();
  EXPECT_EQ(to_experience(record).situation, situation_text("embed", "embedder", ""));
  EXPECT_FALSE(to_experience(record).situation.empty());
}

TEST(StepExperience, FailuresAreRememberedAsSuch) {
  StepRecord record = some_record();
  record.outcome = StepOutcome::deadline_exceeded;
  record.reason = "too slow";
  EXPECT_EQ(to_experience(record).outcome, Outcome::failure);
  EXPECT_EQ(to_experience(record).outcome_text, "too slow");
  record.outcome = StepOutcome::failure;
  record.code = ErrorCode::budget_exceeded;
  Match match;
  match.experience = to_experience(record);
  EXPECT_EQ(to_past_step(match).code, ErrorCode::budget_exceeded);
  record.outcome = StepOutcome::cancelled;
  EXPECT_EQ(to_experience(record).outcome, Outcome::partial);
}

TEST(StepExperience, AClockThatWentBackIsNoNegativeDuration) {
  StepRecord record = some_record();
  record.runtime_ns = -5;
  EXPECT_EQ(to_experience(record).duration_ns, 0);
}

}  // namespace
}  // namespace frys::detail
