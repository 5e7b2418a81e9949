// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/load_predictor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "frys/core/random.hpp"

namespace frys {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

LoadSample sample(std::string_view type, double input, std::size_t peak, std::int64_t ns) {
  LoadSample out;
  out.step_type = type;
  out.input_size = input;
  out.peak_bytes = peak;
  out.runtime_ns = ns;
  return out;
}

LoadQuery query(std::string_view type, double input = 0, std::size_t requested = 0) {
  LoadQuery out;
  out.step_type = type;
  out.input_size = input;
  out.requested_bytes = requested;
  return out;
}

TEST(LoadPredictor, WithoutKnowledgeAnswersTheDefaultsOrTheRequest) {
  LoadPredictorOptions options;
  options.default_memory_bytes = 5 * mib;
  options.default_runtime_ns = 77;
  const LoadPredictor predictor(options);
  const LoadPrediction guess = predictor.predict(query("new"));
  EXPECT_EQ(guess.memory_bytes, 5 * mib);
  EXPECT_EQ(guess.runtime_ns, 77);
  EXPECT_EQ(guess.samples, 0U);
  EXPECT_EQ(guess.memory_source, LoadSource::fallback);

  const LoadPrediction asked = predictor.predict(query("new", 0, 9 * mib));
  EXPECT_EQ(asked.memory_bytes, 9 * mib);
  EXPECT_EQ(asked.memory_source, LoadSource::requested);
}

TEST(LoadPredictor, SafelyCoversAConstantStepAfterOneSample) {
  LoadPredictor predictor;
  ASSERT_TRUE(predictor.observe(sample("sort", 10, 100 * mib, 2'000'000'000)).ok());
  const LoadPrediction guess = predictor.predict(query("sort", 10));
  EXPECT_GE(guess.memory_bytes, 100 * mib);
  EXPECT_LE(guess.memory_bytes, 125 * mib);
  EXPECT_EQ(guess.runtime_ns, 2'000'000'000);
  EXPECT_EQ(guess.memory_source, LoadSource::history);
  EXPECT_EQ(guess.samples, 1U);
  EXPECT_FALSE(guess.memory_model.empty());
}

TEST(LoadPredictor, FollowsTheInputSizeWhenMemoryDoes) {
  LoadPredictor predictor;
  SeededRandom random(1);
  for (int i = 0; i < 60; ++i) {
    const double input = 1 + 99 * random.next_unit();
    const auto peak = static_cast<std::size_t>(input) * mib + 10 * mib;
    ASSERT_TRUE(
        predictor.observe(sample("map", input, peak, static_cast<std::int64_t>(input * 1e9))).ok());
  }
  const LoadPrediction small = predictor.predict(query("map", 5));
  const LoadPrediction large = predictor.predict(query("map", 90));
  EXPECT_GE(small.memory_bytes, 15 * mib);
  EXPECT_LE(small.memory_bytes, 25 * mib);  // The largest seen is over 100 MiB.
  EXPECT_GE(large.memory_bytes, 100 * mib);
  EXPECT_NEAR(static_cast<double>(small.runtime_ns), 5e9, 2e9);
  EXPECT_NEAR(static_cast<double>(large.runtime_ns), 90e9, 5e9);
  // Further out than anything seen, memory goes on with the line.
  EXPECT_GE(predictor.predict(query("map", 300)).memory_bytes, 300 * mib);
}

TEST(LoadPredictor, AnOutlierIsNotHeldForEverButTheBaselineHoldsIt) {
  LoadPredictor predictor;
  ASSERT_TRUE(predictor.observe(sample("odd", 0, 1000 * mib, 1'000'000'000)).ok());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(predictor.observe(sample("odd", 0, 10 * mib, 1'000'000'000)).ok());
  }
  EXPECT_LE(predictor.predict(query("odd")).memory_bytes, 20 * mib);
  const LoadFigures figures = predictor.figures();
  EXPECT_LT(figures.memory.wasted_byte_seconds, 0.5 * figures.memory_max_seen.wasted_byte_seconds);
  EXPECT_EQ(figures.memory.steps, 100U);
}

TEST(LoadPredictor, ANewTypeGoesByTypesWithTheSameLastPart) {
  LoadPredictor predictor;
  ASSERT_TRUE(predictor.observe(sample("A.B.INDEX", 0, 300 * mib, 5'000'000'000)).ok());
  const LoadPrediction guess = predictor.predict(query("C.INDEX"));
  EXPECT_EQ(guess.memory_source, LoadSource::similar_types);
  EXPECT_GE(guess.memory_bytes, 300 * mib);
  EXPECT_EQ(guess.runtime_ns, 5'000'000'000);
  // What the host asks for stands above what others needed.
  EXPECT_EQ(predictor.predict(query("C.INDEX", 0, mib)).memory_bytes, mib);
}

TEST(LoadPredictor, UsesPastStepsWhileItsOwnHistoryIsShorter) {
  LoadPredictor predictor;
  const std::vector<LoadSample> past = {sample("x", 1, 40 * mib, 4'000'000'000),
                                        sample("x", 1, 41 * mib, 4'000'000'000)};
  LoadQuery asked = query("x", 1);
  asked.past = past;
  const LoadPrediction remembered = predictor.predict(asked);
  EXPECT_EQ(remembered.memory_source, LoadSource::past);
  EXPECT_GE(remembered.memory_bytes, 41 * mib);
  EXPECT_EQ(remembered.runtime_ns, 4'000'000'000);
  EXPECT_EQ(remembered.samples, 2U);
  // Predicting changes nothing.
  EXPECT_EQ(predictor.predict(query("x", 1)).memory_source, LoadSource::fallback);

  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(predictor.observe(sample("x", 1, 8 * mib, 1'000'000'000)).ok());
  }
  const LoadPrediction own = predictor.predict(asked);
  EXPECT_EQ(own.memory_source, LoadSource::history);
  EXPECT_LT(own.memory_bytes, 20 * mib);
}

TEST(LoadPredictor, RetriesWithTwiceOrWhatWasSeenWithinTheLimit) {
  LoadPredictor predictor;
  EXPECT_EQ(predictor.retry_bytes("t", 10 * mib, 100 * mib), 20 * mib);
  EXPECT_EQ(predictor.retry_bytes("t", 80 * mib, 100 * mib), 100 * mib);
  EXPECT_EQ(predictor.retry_bytes("t", 100 * mib, 100 * mib), 100 * mib);
  EXPECT_GT(predictor.retry_bytes("t", 0, 100 * mib), 0U);
  ASSERT_TRUE(predictor.observe(sample("t", 0, 64 * mib, 1)).ok());
  EXPECT_EQ(predictor.retry_bytes("t", 10 * mib, 100 * mib), 64 * mib);
  constexpr std::size_t huge = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(predictor.retry_bytes("t", huge - 1, huge), std::size_t{9'000'000'000'000'000'000U});
}

TEST(LoadPredictor, ATypeThatOnlyEverFailedIsGivenMore) {
  LoadPredictorOptions options;
  options.default_memory_bytes = 4 * mib;
  LoadPredictor predictor(options);
  LoadSample killed = sample("big", 0, 32 * mib, 5);
  killed.out_of_memory = true;
  ASSERT_TRUE(predictor.observe(killed).ok());
  EXPECT_EQ(predictor.predict(query("big")).memory_bytes, 64 * mib);
  // A killed step's run time is nobody's run time.
  EXPECT_EQ(predictor.predict(query("big")).runtime_ns, options.default_runtime_ns);
}

TEST(LoadPredictor, RefusesWhatIsNoSample) {
  LoadPredictor predictor;
  EXPECT_EQ(predictor.observe(sample("", 1, 1, 1)), ErrorCode::invalid_argument);
  EXPECT_EQ(predictor.observe(sample("t", std::nan(""), 1, 1)), ErrorCode::invalid_argument);
  EXPECT_EQ(predictor.observe(sample("t", -1, 1, 1)), ErrorCode::invalid_argument);
  EXPECT_EQ(predictor.observe(sample("t", std::numeric_limits<double>::infinity(), 1, 1)),
            ErrorCode::invalid_argument);
  EXPECT_TRUE(predictor.types().empty());
  // A query is answered whatever it holds.
  EXPECT_GT(predictor.predict(query("t", std::nan(""))).memory_bytes, 0U);
}

TEST(LoadPredictor, MemoryIsBounded) {
  LoadPredictorOptions options;
  options.max_types = 3;
  LoadPredictor predictor(options);
  for (const char* type : {"a", "b", "c"}) {
    ASSERT_TRUE(predictor.observe(sample(type, 0, mib, 1)).ok());
  }
  ASSERT_TRUE(predictor.observe(sample("a", 0, mib, 1)).ok());
  ASSERT_TRUE(predictor.observe(sample("d", 0, mib, 1)).ok());
  std::vector<std::string> names;
  for (const LoadTypeSummary& type : predictor.types()) names.push_back(type.step_type);
  EXPECT_THAT(names, ::testing::ElementsAre("a", "c", "d"));  // b was unused for longest.
}

TEST(LoadPredictor, ExtremeSamplesKeepPredictionsFinite) {
  LoadPredictor predictor;
  SeededRandom random(7);
  for (int i = 0; i < 500; ++i) {
    const double input = std::ldexp(1.0, static_cast<int>(random.next_below(1000)));
    const auto peak = static_cast<std::size_t>(random.next() >> random.next_below(64));
    const auto ns = static_cast<std::int64_t>(random.next() >> (1 + random.next_below(60)));
    ASSERT_TRUE(predictor.observe(sample("t", input, peak, ns)).ok());
    const LoadPrediction guess = predictor.predict(query("t", input * random.next_unit()));
    ASSERT_GT(guess.memory_bytes, 0U);
    ASSERT_GE(guess.runtime_ns, 0);
  }
  EXPECT_TRUE(std::isfinite(predictor.figures().runtime.total_relative_error));
}

// Property: over many kinds of steps, neither wasting more than the largest peak so far nor
// running out of memory more often.
TEST(LoadPredictor, IsNotBelowMaxSeenLastAndMeanOverManyKindsOfSteps) {
  LoadPredictor predictor;
  SeededRandom random(42);
  for (int step = 0; step < 4000; ++step) {
    const int kind = static_cast<int>(random.next_below(20));
    const double input = std::exp(2 * random.next_unit()) * 100;
    const double noise = 1 + 0.1 * (random.next_unit() - 0.5);
    double peak_mib = 50 + 10 * kind;                                     // Constant.
    if (kind % 4 == 1) peak_mib = input * (1 + kind);                     // Linear.
    if (kind % 4 == 2) peak_mib = random.next_below(50) == 0 ? 800 : 40;  // With outliers.
    if (kind % 4 == 3) peak_mib = 2000.0 / (1 + step / 200);              // Falling.
    const double seconds = kind % 2 == 0 ? 5 : input / 50;
    const std::string type = "kind" + std::to_string(kind);
    ASSERT_TRUE(
        predictor
            .observe(sample(type, input, static_cast<std::size_t>(peak_mib * noise * 1048576.0),
                            static_cast<std::int64_t>(seconds * noise * 1e9)))
            .ok());
  }
  const LoadFigures f = predictor.figures();
  EXPECT_LT(f.memory.wasted_byte_seconds, 0.6 * f.memory_max_seen.wasted_byte_seconds);
  EXPECT_LT(f.runtime.median_relative_error, f.runtime_last.median_relative_error);
  EXPECT_LT(f.runtime.median_relative_error, f.runtime_mean.median_relative_error);
  EXPECT_LT(f.runtime.total_relative_error, f.runtime_mean.total_relative_error);
  EXPECT_EQ(f.memory.steps, f.memory_max_seen.steps);
}

TEST(LoadPredictor, SameCallsSameAnswers) {
  LoadPredictor a;
  LoadPredictor b;
  SeededRandom random(3);
  for (int i = 0; i < 200; ++i) {
    const LoadSample s = sample(i % 3 == 0 ? "p" : "q", random.next_unit(),
                                random.next_below(1 << 30), random.next_below(1 << 30));
    ASSERT_TRUE(a.observe(s).ok());
    ASSERT_TRUE(b.observe(s).ok());
    const LoadPrediction x = a.predict(query("p", 0.5));
    const LoadPrediction y = b.predict(query("p", 0.5));
    ASSERT_EQ(x.memory_bytes, y.memory_bytes);
    ASSERT_EQ(x.runtime_ns, y.runtime_ns);
  }
}

// The bare type's own history serves until a second type has the same last part; then it goes on
// as if it had been shared all along.
TEST(LoadPredictor, TypesShareTheirLastPartWhoeverCameFirst) {
  const std::vector<std::string> types = {"sort", "sort", "A.sort", "sort", "B:sort", "sort"};
  for (std::size_t first = 0; first < types.size(); ++first) {
    LoadPredictor predictor;
    for (std::size_t i = 0; i < types.size(); ++i) {
      const std::string& type = types[(first + i) % types.size()];
      const std::size_t peak = (i + 1) * 100'000'000;
      ASSERT_TRUE(predictor
                      .observe({.step_type = type,
                                .peak_bytes = peak,
                                .runtime_ns = std::int64_t(i + 1) * 1'000'000'000})
                      .ok());
      const LoadPrediction guess = predictor.predict({.step_type = "new/sort"});
      EXPECT_EQ(guess.memory_source, LoadSource::similar_types);
      EXPECT_GE(guess.memory_bytes, peak);
      EXPECT_EQ(predictor.predict({.step_type = type}).memory_source, LoadSource::history);
    }
  }
}

}  // namespace
}  // namespace frys
