// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Pages through a store, and a store that is opened as it was made.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "experience/store_fixture.hpp"

namespace frys::testing {
namespace {

using ::testing::HasSubstr;

class StoreScan : public StoreTest {
 protected:
  StoreScan() {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(store_.store(numbered_experience(i)));
  }
  /// The numbers of the experiences that a scan comes by, page by page.
  std::vector<int> numbers(ScanQuery query) {
    std::vector<int> seen;
    query.with_experience = true;
    do {
      const Result<ScanPage> page = store_.scan(query);
      if (!page) {
        ADD_FAILURE() << page.error().to_string();
        break;
      }
      EXPECT_LE(page->rows.size(), query.limit);
      for (const ScanRow& row : page->rows) {
        EXPECT_EQ(row.sequence, static_cast<std::uint64_t>(row.experience->duration_ns + 1));
        EXPECT_EQ(row.outcome, row.experience->outcome);
        EXPECT_EQ(row.reward, row.experience->reward);
        EXPECT_EQ(row.started_at_ns, row.experience->started_at_ns);
        EXPECT_EQ(row.id, *content_id(*row.experience));
        seen.push_back(static_cast<int>(row.experience->duration_ns));
      }
      query.after_sequence = page->next;
    } while (query.after_sequence != 0);
    return seen;
  }

  ExperienceStore store_ = *open();
};

TEST_F(StoreScan, ComesByEachInOrderWhateverThePage) {
  for (const std::size_t limit : {1, 7, 99, 100, 101, 65536}) {
    const std::vector<int> seen = numbers({.limit = limit});
    ASSERT_EQ(seen.size(), 100U) << limit;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
  }
}

TEST_F(StoreScan, FiltersCombine) {
  const ScanQuery query{.workflow = "workflow-1",
                        .step_type = "type-4",
                        .outcome = Outcome::failure,
                        .started_from_ns = 1'000'000'020,
                        .started_before_ns = 1'000'000'088,
                        .limit = 2};
  std::vector<int> expected;
  for (int i = 20; i < 88; ++i) {
    if (i % 3 == 1 && i % 7 == 4) expected.push_back(i);
  }
  EXPECT_EQ(numbers(query), expected);
  EXPECT_GE(expected.size(), 3U);
  EXPECT_TRUE(numbers({.agent = "nobody"}).empty());
}

TEST_F(StoreScan, WhatIsStoredMeanwhileComesLater) {
  Result<ScanPage> page = store_.scan({.limit = 99});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->next, 99U);
  EXPECT_FALSE(page->rows[0].experience);
  ASSERT_TRUE(store_.store(numbered_experience(100)));
  page = store_.scan({.after_sequence = page->next, .limit = 99});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 2U);
  EXPECT_EQ(page->next, 0U);
  EXPECT_TRUE(store_.scan({.after_sequence = 101})->rows.empty());
  EXPECT_TRUE(
      store_.scan({.after_sequence = std::numeric_limits<std::uint64_t>::max()})->rows.empty());
}

TEST_F(StoreScan, BadPagesAreRefused) {
  for (const std::size_t limit : {std::size_t{0}, std::size_t{65537}}) {
    const Status status = store_.scan({.limit = limit}).status();
    EXPECT_EQ(status, ErrorCode::invalid_argument);
    EXPECT_THAT(std::string(status.message()), HasSubstr("limit"));
  }
  ASSERT_TRUE(store_.close().ok());
  EXPECT_EQ(store_.scan({}).status(), ErrorCode::closed);
}

TEST_F(StoreTest, AStoreIsOpenedAsItWasMade) {
  ASSERT_TRUE(open()->store(numbered_experience(1)));
  ExperienceStoreOptions any;
  any.path = options().path;
  Result<ExperienceStore> store = ExperienceStore::open(any, environment());
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->stats().dimension, 32U);
  EXPECT_EQ(store->find_similar({.text = "situation number 1 of the test"})->size(), 1U);
}

/// A host's own: all texts are alike to it.
class OneDirection final : public Embedder {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "one-direction"; }
  [[nodiscard]] std::size_t dimension() const noexcept override { return 20; }
  Status embed(std::string_view, std::span<float> out) const noexcept override {
    for (float& value : out) value = 1;
    return {};
  }
};

TEST_F(StoreTest, WithoutItsHostsEmbedderAStoreTakesVectorsOnly) {
  ExperienceStoreOptions own;
  own.path = options().path;
  own.embedder = std::make_shared<OneDirection>();
  ASSERT_TRUE(ExperienceStore::open(own, environment())->store(numbered_experience(1)));
  own.embedder = nullptr;
  Result<ExperienceStore> store = ExperienceStore::open(own, environment());
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->find_similar({.vector = std::vector<float>(20, 2.0F)})->size(), 1U);
  const Status status = store->store(numbered_experience(2)).status();
  EXPECT_EQ(status, ErrorCode::failed_precondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"one-direction\""));
}

}  // namespace
}  // namespace frys::testing
