// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/experience/pinned_payload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <thread>

#include "experience/store_fixture.hpp"
#include "frys/memory/copies.hpp"
#include "frys/memory/manager.hpp"
#include "frys/tensor/tensor.hpp"
#include "support/file_size_limit.hpp"

namespace frys {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using testing::numbered_experience;
using testing::StoreTest;

constexpr std::size_t KiB = 1024;
constexpr std::size_t MiB = 1024 * KiB;

/// Bytes that no compression makes shorter, others for each seed.
std::vector<std::byte> payload_of(std::size_t size, std::uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() >> 8);
  return bytes;
}

Experience with_payload(int number, std::vector<std::byte> payload) {
  Experience e = numbered_experience(number);
  e.payload = std::move(payload);
  return e;
}

TEST(SetPayloadTest, TakesAnyStrides) {
  TensorMemoryManager memory = *TensorMemoryManager::create({}, {});
  const std::vector<std::int32_t> counted = {0, 1, 2, 3, 4, 5};
  const Tensor tensor = *Tensor::from_span<std::int32_t>(memory.root(), {2, 3}, std::span(counted));
  Experience e;
  ASSERT_TRUE(set_payload(e, tensor).ok());
  EXPECT_EQ(e.payload_tensor, (PayloadTensor{DType::i32, {2, 3}}));
  EXPECT_THAT(e.payload, ElementsAreArray(std::as_bytes(std::span(counted))));
  ASSERT_TRUE(set_payload(e, *tensor.view().transpose(0, 1)).ok());
  EXPECT_EQ(e.payload_tensor, (PayloadTensor{DType::i32, {3, 2}}));
  const std::vector<std::int32_t> turned = {0, 3, 1, 4, 2, 5};
  EXPECT_THAT(e.payload, ElementsAreArray(std::as_bytes(std::span(turned))));
  ASSERT_TRUE(set_payload(e, *tensor.view().slice(1, 1, 1)).ok());
  EXPECT_EQ(e.payload_tensor, (PayloadTensor{DType::i32, {2, 0}}));
  EXPECT_TRUE(e.payload.empty());
}

TEST(SetPayloadTest, LeavesTheExperienceWhenItCannotRead) {
  int somewhere = 0;
  const Storage storage = *Storage::wrap(&somewhere, sizeof(somewhere), {DeviceType::cuda, 0}, {});
  const TensorView far = *TensorView::from_storage(storage, DType::i32, {1});
  const Experience before = with_payload(1, payload_of(5));
  Experience e = before;
  EXPECT_EQ(set_payload(e, far), ErrorCode::unavailable);
  EXPECT_EQ(e, before);
}

enum class Place { buffer, table, table_without_cache };

struct Kept {
  const char* name;
  Place place;
  std::size_t payload_bytes;
};

void PrintTo(const Kept& kept, std::ostream* out) { *out << kept.name; }

/// A store with one experience of interest, wherever RocksDB may keep it.
class PayloadTest : public StoreTest, public ::testing::WithParamInterface<Kept> {
 protected:
  [[nodiscard]] ExperienceStoreOptions kept_options() const {
    ExperienceStoreOptions kept = options();
    kept.cache_bytes = GetParam().place == Place::table_without_cache ? 0 : 4 * MiB;
    // Makes tables of all that the logs hold.
    kept.salvage = GetParam().place != Place::buffer;
    return kept;
  }
  ExperienceStore keep(const Experience& experience) {
    {
      Result<ExperienceStore> store = ExperienceStore::open(kept_options(), environment());
      EXPECT_TRUE(store) << store.error().to_string();
      EXPECT_TRUE(store->store(numbered_experience(1)));
      EXPECT_TRUE(store->store(experience));
      EXPECT_TRUE(store->store(numbered_experience(2)));
    }
    Result<ExperienceStore> store = ExperienceStore::open(kept_options(), environment());
    EXPECT_TRUE(store) << store.error().to_string();
    return *std::move(store);
  }
  const std::vector<std::byte> bytes_ = payload_of(GetParam().payload_bytes);
  const Experience experience_ = with_payload(0, bytes_);
  const ExperienceId id_ = *content_id(experience_);
};

TEST_P(PayloadTest, IsWhatWasStored) {
  const ExperienceStore store = keep(experience_);
  for (int round = 0; round < 2; ++round) {
    const Result<PinnedPayload> payload = store.payload(id_);
    ASSERT_TRUE(payload) << payload.error().to_string();
    EXPECT_TRUE(std::ranges::equal(payload->bytes(), bytes_));
    EXPECT_FALSE(payload->tensor());
  }
  EXPECT_EQ(*store.get(id_), experience_);
}

TEST_P(PayloadTest, IsCopiedIntoATensor) {
  const ExperienceStore store = keep(experience_);
  const TensorMemoryManager memory = *TensorMemoryManager::create({}, {});
  const std::uint64_t copies = copy_stats().copies;
  const Result<Tensor> tensor = store.payload_tensor(id_, memory.root());
  ASSERT_TRUE(tensor) << tensor.error().to_string();
  EXPECT_EQ(tensor->dtype(), DType::u8);
  EXPECT_EQ(tensor->shape(), (Shape{static_cast<std::int64_t>(bytes_.size())}));
  EXPECT_EQ(copy_stats().copies - copies, bytes_.empty() ? 0U : 1U);
  ASSERT_EQ(tensor->size_bytes(), bytes_.size());
  if (bytes_.empty()) return;
  EXPECT_EQ(std::memcmp(tensor->view().data(), bytes_.data(), bytes_.size()), 0);
}

// What pins are for. The second is destroyed first, and the last in another thread.
TEST_P(PayloadTest, OutlivesTheExperienceAndTheStore) {
  PinnedPayload first;
  PinnedPayload second;
  {
    ExperienceStore store = keep(experience_);
    first = *store.payload(id_);
    second = *store.payload(id_);
    ASSERT_TRUE(store.remove(id_).ok());
    EXPECT_EQ(store.payload(id_).status(), ErrorCode::not_found);
    // Takes the room of all that the cache does not hold on to.
    for (int i = 10; i < 20; ++i) {
      const auto id = store.store(with_payload(i, payload_of(MiB, static_cast<std::uint32_t>(i))));
      ASSERT_TRUE(id);
      ASSERT_TRUE(store.payload(*id));
    }
    EXPECT_TRUE(std::ranges::equal(first.bytes(), bytes_));
    ASSERT_TRUE(store.close().ok());
    EXPECT_TRUE(std::ranges::equal(second.bytes(), bytes_));
  }
  std::filesystem::remove_all(options().path);
  EXPECT_TRUE(std::ranges::equal(first.bytes(), bytes_));
  second = PinnedPayload();
  EXPECT_TRUE(std::ranges::equal(first.bytes(), bytes_));
  std::thread([last = std::move(first)] {}).join();
}

// The same place says that there was no copy: two copies would lie in two places.
TEST_P(PayloadTest, IsPinnedWhereTheCacheHasIt) {
  const ExperienceStore store = keep(experience_);
  const PinnedPayload one = *store.payload(id_);
  const PinnedPayload other = *store.payload(id_);
  const bool in_one_place = one.bytes().data() == other.bytes().data();
  EXPECT_EQ(in_one_place, bytes_.empty() || GetParam().place == Place::table);
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, PayloadTest,
    ::testing::Values(Kept{"NoneInBuffer", Place::buffer, 0}, Kept{"NoneInTable", Place::table, 0},
                      Kept{"SmallInBuffer", Place::buffer, 100},
                      Kept{"SmallInTable", Place::table, 100},
                      Kept{"SmallWithoutCache", Place::table_without_cache, 100},
                      Kept{"LargeInBuffer", Place::buffer, 5 * MiB + 1},
                      // More than the cache and any of its parts.
                      Kept{"LargeInTable", Place::table, 5 * MiB + 1},
                      Kept{"LargeWithoutCache", Place::table_without_cache, 5 * MiB + 1}),
    [](const auto& each) { return each.param.name; });

/// A store whose payloads are tensors, and memory to read them into.
class TensorPayloadTest : public StoreTest {
 protected:
  void SetUp() override { store_.emplace(*open()); }
  ExperienceId keep(const TensorView& tensor) {
    Experience e = numbered_experience(count_++);
    EXPECT_TRUE(set_payload(e, tensor).ok());
    return *store_->store(std::move(e));
  }
  TensorMemoryManager memory_ = *TensorMemoryManager::create({}, {});
  std::optional<ExperienceStore> store_;
  int count_ = 0;
};

TEST_F(TensorPayloadTest, ComesBackWithDtypeAndShape) {
  const std::vector<float> values = {1, -2, 0.5F, 4, 5, 6};
  const ExperienceId id =
      keep(*Tensor::from_span<float>(memory_.root(), {2, 3}, std::span(values)));
  const Tensor back = *store_->payload_tensor(id, memory_.root());
  EXPECT_EQ(back.dtype(), DType::f32);
  EXPECT_EQ(back.shape(), (Shape{2, 3}));
  EXPECT_THAT(std::span(back.data<float>(), 6), ElementsAreArray(values));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(back.view().data()) % 64, 0U);
  EXPECT_EQ(store_->payload(id)->tensor(), (PayloadTensor{DType::f32, {2, 3}}));
  EXPECT_EQ(store_->get(id)->payload_tensor, (PayloadTensor{DType::f32, {2, 3}}));
}

TEST_F(TensorPayloadTest, EveryDtypeAndRankComesBack) {
  for (const DType dtype : {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8, DType::u8,
                            DType::i16, DType::i32, DType::i64, DType::boolean}) {
    for (const Shape& shape :
         {Shape{}, Shape{3}, Shape{0}, Shape{4, 0, 2}, Shape{1, 1, 2, 1, 3, 1, 1, 2}}) {
      const Tensor tensor = *Tensor::full(memory_.root(), shape, dtype, 1);
      const Tensor back = *store_->payload_tensor(keep(tensor), memory_.root());
      EXPECT_EQ(back.dtype(), dtype);
      EXPECT_EQ(back.shape(), shape);
      ASSERT_EQ(back.size_bytes(), tensor.size_bytes());
      if (back.elements() == 0) continue;
      EXPECT_EQ(std::memcmp(back.view().data(), tensor.view().data(), back.size_bytes()), 0);
    }
  }
}

TEST_F(TensorPayloadTest, TheLayoutIsContent) {
  Experience plain = with_payload(1, payload_of(24));
  Experience row = plain;
  row.payload_tensor = {DType::f32, {6}};
  Experience matrix = plain;
  matrix.payload_tensor = {DType::f32, {2, 3}};
  EXPECT_NE(*content_id(plain), *content_id(row));
  EXPECT_NE(*content_id(matrix), *content_id(row));
}

TEST_F(TensorPayloadTest, ANewOneMustFitThePayload) {
  Experience e = with_payload(1, payload_of(23));
  e.payload_tensor = {DType::f32, {2, 3}};
  const Status status = store_->store(e).status();
  EXPECT_EQ(status, ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("payload_tensor, f32 [2, 3], takes 24 bytes; the payload has 23"));
}

TEST_F(TensorPayloadTest, ABudgetIsKept) {
  const ExperienceId id = *store_->store(with_payload(1, payload_of(64 * KiB)));
  MemoryScope scope = *memory_.root().child("reader", {.budget_bytes = 64 * KiB - 64});
  const Status status = store_->payload_tensor(id, scope).status();
  EXPECT_EQ(status, ErrorCode::budget_exceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("reader"));
  ASSERT_TRUE(scope.close().ok());
  EXPECT_EQ(store_->payload_tensor(id, scope).status(), ErrorCode::closed);
  // The tensor is its scope's, not the store's.
  const Tensor tensor = *store_->payload_tensor(id, memory_.root());
  store_.reset();
  EXPECT_EQ(tensor.size_bytes(), 64 * KiB);
  EXPECT_EQ(memory_.root().stats().live_bytes, 64 * KiB);
}

TEST_F(TensorPayloadTest, WhatIsNotThereIsTold) {
  const ExperienceId id = *store_->store(with_payload(1, payload_of(10)));
  const ExperienceId nobody{};
  EXPECT_EQ(store_->payload(nobody).status(), ErrorCode::not_found);
  EXPECT_EQ(store_->payload_tensor(nobody, memory_.root()).status(), ErrorCode::not_found);
  ASSERT_TRUE(store_->close().ok());
  EXPECT_EQ(store_->payload(id).status(), ErrorCode::closed);
  EXPECT_EQ(store_->payload_tensor(id, memory_.root()).status(), ErrorCode::closed);
}

TEST(PinnedPayloadTest, MovesWithWhatItHolds) {
  testing::TemporaryFolder folder;
  ExperienceStore store =
      *ExperienceStore::open({.path = folder / "store", .dimension = 32}, Environment());
  Experience e = with_payload(1, payload_of(8));
  e.payload_tensor = {DType::f64, {}};
  PinnedPayload from = *store.payload(*store.store(e));
  PinnedPayload to = std::move(from);
  EXPECT_TRUE(from.bytes().empty());  // NOLINT: what is left of it is said.
  EXPECT_FALSE(from.tensor());
  EXPECT_EQ(to.tensor(), e.payload_tensor);
  from = std::move(to);
  EXPECT_TRUE(to.bytes().empty());  // NOLINT: the same.
  EXPECT_TRUE(std::ranges::equal(from.bytes(), e.payload));
  PinnedPayload& itself = from;
  from = std::move(itself);
  EXPECT_TRUE(std::ranges::equal(from.bytes(), e.payload));
}

// The database is opened anew then, with another cache.
TEST_F(StoreTest, PinsOutliveARecoveryOfTheStore) {
  ExperienceStoreOptions tables = options();
  tables.salvage = true;
  const Experience kept = with_payload(0, payload_of(100'000));
  const ExperienceId id = *content_id(kept);
  ASSERT_TRUE(ExperienceStore::open(tables, environment())->store(kept));
  PinnedPayload before;
  PinnedPayload after;
  {
    Result<ExperienceStore> store = ExperienceStore::open(tables, environment());
    ASSERT_TRUE(store);
    before = *store->payload(id);
    {
      const testing::FileSizeLimit limit(50'000);
      EXPECT_EQ(store->store(with_payload(1, payload_of(90'000))).status(), ErrorCode::io_error);
    }
    ASSERT_TRUE(store->store(with_payload(2, payload_of(90'000))));
    after = *store->payload(id);
  }
  EXPECT_NE(before.bytes().data(), after.bytes().data());
  EXPECT_TRUE(std::ranges::equal(before.bytes(), kept.payload));
  EXPECT_TRUE(std::ranges::equal(after.bytes(), kept.payload));
}

}  // namespace
}  // namespace frys
