// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/critique.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "crew/k_means.hpp"
#include "frys/frys.hpp"

namespace crew {
namespace {

/// Four passages in each of three corners of a cube, as two blocks, with their neighbours.
class ThreeCorners : public ::testing::Test {
 protected:
  static constexpr std::int64_t dimension = 8;
  static constexpr std::int64_t width = 3;

  void SetUp() override {
    auto made = frys::TensorMemoryManager::create({}, {});
    ASSERT_TRUE(made);
    memory_.emplace(*std::move(made));
    scope_ = memory_->root();
    for (std::size_t block = 0; block < 2; ++block) {
      blocks_.push_back({block, static_cast<std::int64_t>(block) * 6, 6});
      fill_block(blocks_.back());
    }
  }

  static std::int64_t corner(std::int64_t passage) { return passage % 3; }

  void fill_block(const Block& block) {
    auto vectors = *frys::Tensor::zeros(scope_, {block.rows, dimension}, frys::DType::f32);
    auto ids = *frys::Tensor::empty(scope_, {block.rows, width}, frys::DType::i64);
    auto closeness = *frys::Tensor::full(scope_, {block.rows, width}, frys::DType::f32, 0.9);
    for (std::int64_t row = 0; row < block.rows; ++row) {
      const std::int64_t passage = block.first_passage + row;
      vectors.mutable_data<float>()[row * dimension + corner(passage)] = 1.0F;
      vectors.mutable_data<float>()[row * dimension + 4] = 0.01F * static_cast<float>(passage);
      for (std::int64_t i = 0; i < width; ++i) {
        ids.mutable_data<std::int64_t>()[row * width + i] = (passage + 3 * (i + 1)) % 12;
      }
    }
    vectors_.push_back(*frys::ops::l2_normalize_rows(scope_, vectors));
    neighbours_.push_back(ids.view());
    closeness_.push_back(closeness.view());
  }

  VectorSpace space() {
    VectorSpace space{scope_, frys::inline_executor(), blocks_, {}, 12};
    for (const frys::Tensor& vectors : vectors_) space.vectors.push_back(vectors.view());
    return space;
  }

  /// The clusters of the twelve passages as the clusterer hands them over.
  std::vector<frys::TensorView> handed(const Labels& labels) {
    std::vector<frys::TensorView> views;
    for (const Block& block : blocks_) {
      auto rows = *frys::Tensor::empty(scope_, {block.rows}, frys::DType::i64);
      std::copy_n(labels.begin() + block.first_passage, block.rows,
                  rows.mutable_data<std::int64_t>());
      views.push_back(rows.view());
    }
    return views;
  }

  std::optional<frys::TensorMemoryManager> memory_;
  frys::MemoryScope scope_;
  std::vector<Block> blocks_;
  std::vector<frys::Tensor> vectors_;
  std::vector<frys::TensorView> neighbours_;
  std::vector<frys::TensorView> closeness_;
};

TEST_F(ThreeCorners, SeedsFindAllOfThem) {
  const Labels groups = seed_groups(space(), density(blocks_, closeness_), neighbours_, 3);
  for (std::size_t p = 0; p < 12; ++p) EXPECT_EQ(groups[p], groups[p % 3]) << p;
  EXPECT_NE(groups[0], groups[1]);
  EXPECT_NE(groups[1], groups[2]);
}

TEST_F(ThreeCorners, KMeansSeparatesThemFromOneSeedEach) {
  Labels start(12, -1);
  start[0] = 0;
  start[4] = 1;
  start[11] = 2;
  const VectorSpace all = space();
  const Clustering found = divide(all, centres_of(all, start, 3).view());
  for (std::int64_t p = 0; p < 12; ++p) EXPECT_EQ(label_of(blocks_, found.labels, p), corner(p));
  EXPECT_GT(found.closeness[0].data<float>()[0], 0.99F);
}

TEST_F(ThreeCorners, CopiedLabelsAreTheSameAndCounted) {
  const Labels labels{2, 0, 1, 0, 1, 2, 0, 1, 2, 1, 1, 0};
  HostCopies copies;
  EXPECT_EQ(copy_labels(blocks_, handed(labels), copies), labels);
  EXPECT_EQ(copies.copies, 1U);
  EXPECT_EQ(copies.bytes, 12 * sizeof(std::int64_t));
}

TEST_F(ThreeCorners, TheRightClustersAreKept) {
  const Critique said =
      judge(blocks_, handed({0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}), 3, closeness_, neighbours_);
  EXPECT_EQ(said.weak, 0U);
  EXPECT_DOUBLE_EQ(said.agreement, 1.0);
  EXPECT_NEAR(said.modularity, 2.0 / 3, 1e-9);
}

TEST_F(ThreeCorners, OneThatWasCutInTwoIsMerged) {
  // Corner 0 holds the clusters 0 and 3, two passages each: each has one neighbour of its own and
  // two in the other.
  const Critique said =
      judge(blocks_, handed({0, 1, 2, 0, 1, 2, 3, 1, 2, 3, 1, 2}), 4, closeness_, neighbours_);
  EXPECT_EQ(said.clusters[1].verdict, Verdict::keep);
  EXPECT_EQ(said.clusters[0].verdict, Verdict::dissolve);  // Fewer than three passages.
  const Critique uneven =
      judge(blocks_, handed({0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 1, 3}), 4, closeness_, neighbours_);
  EXPECT_EQ(uneven.clusters[0].verdict, Verdict::keep);
  EXPECT_EQ(uneven.clusters[3].verdict, Verdict::dissolve);
  EXPECT_LT(uneven.modularity, 2.0 / 3);
}

TEST_F(ThreeCorners, AScatteredOneIsSplitAndTheHalvesAreItsCorners) {
  // Cluster 0: one passage each of many corners and nothing near them.
  Labels labels{0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1};
  const VectorSpace all = space();
  split_group(all, density(blocks_, closeness_), labels, 0, 2);
  for (std::size_t p = 0; p < 12; ++p) {
    if (p % 3 != 2) {
      EXPECT_EQ(labels[p], labels[p % 3]) << p;
    }
  }
  EXPECT_NE(labels[0], labels[1]);
}

TEST_F(ThreeCorners, JudgementsSurviveBeingATensor) {
  Critique critique;
  critique.clusters = {{Verdict::merge, 3, 17, 0.5, 0.25}, {Verdict::keep, -1, 4, 1, 1}};
  auto table = *frys::Tensor::empty(scope_, {2, 5}, frys::DType::f32);
  write_judgements(critique, table.mutable_data<float>());
  const std::vector<Judgement> again = read_judgements(table);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].verdict, Verdict::merge);
  EXPECT_EQ(again[0].partner, 3);
  EXPECT_EQ(again[0].passages, 17);
  EXPECT_DOUBLE_EQ(again[0].agreement, 0.25);
  EXPECT_EQ(again[1].partner, -1);
}

}  // namespace
}  // namespace crew
