// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a store with spaces has on disk: which is what it had in memory, or an error that says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <functional>
#include <set>

#include "experience/log_codec.hpp"
#include "experience/spaces_fixture.hpp"
#include "support/file_size_limit.hpp"

namespace frys {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::numbered_experience;
using testing::random_vector;

/// The database of a store as RocksDB opens it by itself.
class RawFamilies {
 public:
  explicit RawFamilies(const std::string& path) {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    for (const std::string& name : names)
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DBOptions options;
    options.avoid_flush_during_recovery = true;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, path, families, &handles_, &db).ok());
    db_.reset(db);
  }
  ~RawFamilies() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      EXPECT_TRUE(db_->DestroyColumnFamilyHandle(handle).ok());
    }
  }
  RawFamilies(const RawFamilies&) = delete;
  RawFamilies& operator=(const RawFamilies&) = delete;

  std::set<std::string> keys(const std::string& family) {
    std::set<std::string> all;
    const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator({}, of(family)));
    for (entry->SeekToFirst(); entry->Valid(); entry->Next()) all.insert(entry->key().ToString());
    return all;
  }
  std::string get(const std::string& family, const std::string& key) {
    std::string value;
    EXPECT_TRUE(db_->Get({}, of(family), key, &value).ok());
    return value;
  }
  void put(const std::string& family, const std::string& key, const std::string& value) {
    EXPECT_TRUE(db_->Put({}, of(family), key, value).ok());
  }
  void remove(const std::string& family, const std::string& key) {
    EXPECT_TRUE(db_->Delete({}, of(family), key).ok());
  }
  std::vector<std::string> names;

 private:
  rocksdb::ColumnFamilyHandle* of(const std::string& name) {
    return *std::find_if(handles_.begin(), handles_.end(),
                         [&](auto* handle) { return handle->GetName() == name; });
  }
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

class SpacesFilesTest : public testing::SpacesTest {
 protected:
  const std::string path_ = folder_ / "store";

  /// As a process that is killed now would leave it.
  std::string killed_now(const std::string& name) {
    fs::copy(path_, folder_ / name, fs::copy_options::recursive);
    return folder_ / name;
  }
  Result<ExperienceStore> open_at(const std::string& path, bool salvage = false) {
    ExperienceStoreOptions there = with_spaces();
    there.path = path;
    there.salvage = salvage;
    return ExperienceStore::open(there, environment());
  }
};

TEST_F(SpacesFilesTest, AStoreWithoutSpacesIsAsItEverWas) {
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->store(numbered_experience(1)));
  }
  RawFamilies raw(path_);
  EXPECT_THAT(raw.names, ElementsAre("default", "rows", "vectors", "log"));
  EXPECT_EQ(raw.get("default", "store")[8], 1);
  EXPECT_EQ(raw.get("log", detail::sequence_key(1))[0], 1);
}

TEST_F(SpacesFilesTest, ASpaceMayComeLater) {
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    EXPECT_THAT(store->spaces(), IsEmpty());
    ASSERT_TRUE(store->store(numbered_experience(1)));
    EXPECT_EQ(store->store(placed(2)).status(), ErrorCode::invalid_argument);
  }
  ExperienceStoreOptions more = options();
  more.spaces = {{"screen", screen_floats}};
  {
    Result<ExperienceStore> store = ExperienceStore::open(more, environment());
    ASSERT_TRUE(store) << store.status().to_string();
    EXPECT_EQ(store->size(), 1U);
    EXPECT_EQ(count_in(*store, "screen"), 0U);
    ASSERT_TRUE(store->store(placed(3)));
  }
  // Their numbers are of the order in which they came, not of the one in which they are named.
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_THAT(store->spaces(), ElementsAre(VectorSpace{"screen", 8}, VectorSpace{"code", 16}));
  expect_placed(*store, 3, 4);
  fill(*store, 6, 9);
  ASSERT_TRUE(store->close().ok());
  store = open();
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_EQ(store->spaces().size(), 2U);
  EXPECT_EQ(store->size(), 5U);
  expect_placed(*store, 6, 9);
}

TEST_F(SpacesFilesTest, ASpaceTakesNoThread) {
  const std::size_t before = testing::thread_count();
  const Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  EXPECT_EQ(testing::thread_count(), before);
}

TEST_F(SpacesFilesTest, ASpaceKeepsItsDimension) {
  ASSERT_TRUE(open_with_spaces());
  ExperienceStoreOptions other = options();
  other.spaces = {{"sound", 4}, {"code", 24}};
  const Status status = ExperienceStore::open(other, environment()).status();
  EXPECT_EQ(status, ErrorCode::failed_precondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"code\" has 16 dimensions, asked was 24"));
  other.spaces.clear();
  for (int i = 0; i < 15; ++i) other.spaces.push_back({"space-" + std::to_string(i), 2});
  EXPECT_EQ(ExperienceStore::open(other, environment()).status(), ErrorCode::failed_precondition);
  other.spaces.pop_back();
  EXPECT_EQ(ExperienceStore::open(other, environment())->spaces().size(), 16U);
}

TEST_F(SpacesFilesTest, AfterAKillAllOfItIsThere) {
  constexpr int rows = 3000;
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  fill(*store, 0, rows);
  for (const int gone : {4, 6, 9}) ASSERT_TRUE(store->remove(id_of(gone)).ok());
  const Result<ExperienceStore> copy = open_at(killed_now("killed"));
  ASSERT_TRUE(copy) << copy.status().to_string();
  EXPECT_EQ(copy->size(), rows - 3U);
  for (const int gone : {4, 6, 9}) expect_placed(*copy, gone, gone + 1, false);
  expect_placed(*copy, 10, 60);
  EXPECT_EQ(count_in(*copy, "code"), rows / 2U - 2U);
  EXPECT_EQ(count_in(*copy, "screen"), rows / 3U - 2U);
}

TEST_F(SpacesFilesTest, EachSpaceHasItsGraph) {
  for (int round = 0; round < 2; ++round) {
    // Without threads, whoever writes links.
    Result<ExperienceStore> store = ExperienceStore::open(with_spaces(), Environment());
    ASSERT_TRUE(store) << store.status().to_string();
    if (round == 0) fill(*store, 0, 4500);
    expect_placed(*store, 0, 30);
    ASSERT_TRUE(store->close().ok());
    // What was read is not saved again.
    for (const char* folder : {"/graph", "/graph-1", "/graph-2"}) {
      EXPECT_TRUE(fs::exists(path_ + folder + "/graph-00000000000000000001")) << folder;
      EXPECT_FALSE(fs::exists(path_ + folder + "/graph-00000000000000000002")) << folder;
    }
  }
  fs::remove_all(path_ + "/graph-2");
  fs::rename(path_ + "/graph-1", path_ + "/graph-2");  // Another space's, and passed over.
  const Result<ExperienceStore> store = open();
  ASSERT_TRUE(store);
  expect_placed(*store, 0, 30);
}

TEST_F(SpacesFilesTest, ABackupHasThemToo) {
  Result<ExperienceStore> store = ExperienceStore::open(with_spaces(), Environment());
  ASSERT_TRUE(store);
  fill(*store, 0, 4500);
  ASSERT_TRUE(store->close().ok());
  store = open();
  ASSERT_TRUE(store->backup(folder_ / "backup").ok());
  fill(*store, 4500, 4510);
  EXPECT_TRUE(fs::exists(folder_ / "backup/graph-1/graph-00000000000000000001"));
  EXPECT_TRUE(fs::exists(folder_ / "backup/graph-2/graph-00000000000000000001"));
  const Result<ExperienceStore> copy = open_at(folder_ / "backup");
  ASSERT_TRUE(copy) << copy.status().to_string();
  EXPECT_EQ(copy->size(), 4500U);
  expect_placed(*copy, 0, 30);
}

TEST_F(SpacesFilesTest, VectorsGoWithTheirExperience) {
  {
    Result<ExperienceStore> store = open_with_spaces();
    ASSERT_TRUE(store);
    fill(*store, 0, 7);
    ASSERT_TRUE(store->remove(id_of(6)).ok());
    ASSERT_TRUE(store->remove(id_of(2)).ok());
  }
  RawFamilies raw(path_);
  EXPECT_EQ(raw.get("default", "store")[8], 2);
  using detail::space_key;
  EXPECT_THAT(raw.keys("spaces"),
              ElementsAre(space_key(1, 1), space_key(1, 2), space_key(4, 2), space_key(5, 1)));
}

TEST_F(SpacesFilesTest, ARefusedWriteIsInNoSpace) {
  FaultInjector faults;
  Environment faulty = environment();
  faulty.faults = &faults;
  {
    Result<ExperienceStore> store = ExperienceStore::open(with_spaces(), faulty);
    ASSERT_TRUE(store);
    fill(*store, 0, 6);
    faults.fail("experience.write", 1, Status(ErrorCode::io_error, "refused by the test"), 2);
    EXPECT_EQ(store->store(placed(6)).status(), ErrorCode::io_error);
    EXPECT_EQ(store->remove(id_of(0)), ErrorCode::io_error);
    expect_placed(*store, 6, 7, false);
    expect_placed(*store, 0, 1);
    fill(*store, 7, 13);
    fill(*store, 6, 7);
    expect_placed(*store, 0, 13);
  }
  const Result<ExperienceStore> store = open();
  ASSERT_TRUE(store) << store.status().to_string();
  expect_placed(*store, 0, 13);
}

TEST_F(SpacesFilesTest, AFullDiskIsOvercome) {
  const auto large = [](int number) {
    Experience e = placed(number);
    e.payload.assign(10'000, static_cast<std::byte>(number));
    return e;
  };
  Result<ExperienceStore> store = open_with_spaces();
  ASSERT_TRUE(store);
  int refused = 0;
  {
    const testing::FileSizeLimit limit(200'000);
    for (int i = 0; i < 40; ++i) refused += store->store(large(i)) ? 0 : 1;
  }
  EXPECT_GT(refused, 10);
  EXPECT_EQ(count_in(*store, "code"), (40U - static_cast<unsigned>(refused) + 1) / 2);
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(store->store(large(i)));
  EXPECT_EQ(count_in(*store, "code"), 20U);
  EXPECT_EQ(count_in(*store, "screen"), 14U);
  ASSERT_TRUE(store->close().ok());
  store = open();
  ASSERT_TRUE(store) << store.status().to_string();
  EXPECT_EQ(count_in(*store, "code"), 20U);
}

TEST_F(SpacesFilesTest, ASpaceThatTheDiskRefusesMayComeLater) {
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->store(numbered_experience(1)));
  }
  {
    const testing::FileSizeLimit full(0);
    EXPECT_FALSE(open_with_spaces());
  }
  FaultInjector faults;
  Environment faulty = environment();
  faulty.faults = &faults;
  faults.fail("experience.write", 1, Status(ErrorCode::io_error, "refused by the test"));
  EXPECT_EQ(ExperienceStore::open(with_spaces(), faulty).status(), ErrorCode::io_error);
  EXPECT_THAT(open()->spaces(), IsEmpty());
  EXPECT_EQ(open_with_spaces()->spaces().size(), 2U);
}

// ---- damage ----------------------------------------------------------------------------------

class SpacesDamageTest : public SpacesFilesTest {
 protected:
  /// Changes a store of seven; opening it says `why`, and alters nothing; salvaging gives up those
  /// in `lost`.
  void refused_after(const std::function<void(RawFamilies&)>& damage, const std::string& why,
                     const std::set<int>& lost) {
    const std::string path = folder_ / "damaged";
    fs::remove_all(path);
    {
      Result<ExperienceStore> store = open_at(path);
      ASSERT_TRUE(store);
      fill(*store, 0, 7);
    }
    damage(*std::make_unique<RawFamilies>(path));
    const auto before = std::make_unique<RawFamilies>(path)->keys("spaces");
    const Status status = open_at(path).status();
    EXPECT_EQ(status, ErrorCode::corruption);
    EXPECT_THAT(std::string(status.message()), HasSubstr(why));
    EXPECT_EQ(std::make_unique<RawFamilies>(path)->keys("spaces"), before);
    ASSERT_TRUE(open_at(path, true));
    const Result<ExperienceStore> salvaged = open_at(path);
    ASSERT_TRUE(salvaged) << salvaged.status().to_string();
    EXPECT_EQ(salvaged->size(), 7U - lost.size());
    for (int i = 0; i < 7; ++i) expect_placed(*salvaged, i, i + 1, !lost.contains(i));
  }
};

TEST_F(SpacesDamageTest, AMissingVectorIsSeen) {
  refused_after([](RawFamilies& raw) { raw.remove("spaces", detail::space_key(4, 2)); },
                "sequence 4: its vector in space \"screen\" is missing", {3});
  refused_after([](RawFamilies& raw) { raw.remove("spaces", detail::space_key(7, 1)); },
                "sequence 7: its vector in space \"code\" is missing", {6});
}

TEST_F(SpacesDamageTest, AVectorTooManyIsSeen) {
  refused_after(
      [](RawFamilies& raw) {
        raw.put("spaces", detail::space_key(6, 1), raw.get("spaces", detail::space_key(1, 1)));
      },
      "a vector without a log entry", {});
  refused_after(
      [](RawFamilies& raw) {
        raw.put("spaces", detail::space_key(9, 1), raw.get("spaces", detail::space_key(1, 1)));
      },
      "a vector without a log entry", {});
  refused_after([](RawFamilies& raw) { raw.put("spaces", "no key", "x"); },
                "a vector without a log entry", {});
}

TEST_F(SpacesDamageTest, AMissingEntryTakesItsVectorsAlong) {
  refused_after([](RawFamilies& raw) { raw.remove("log", detail::sequence_key(4)); },
                "sequence 4: it is missing from the log", {3});
}

TEST_F(SpacesDamageTest, ADamagedVectorIsSeen) {
  {
    Result<ExperienceStore> store = open_with_spaces();
    ASSERT_TRUE(store);
    fill(*store, 0, 7);
  }
  {
    RawFamilies raw(path_);
    std::string vector = raw.get("spaces", detail::space_key(4, 2));
    vector[20] = static_cast<char>(vector[20] ^ 1);
    raw.put("spaces", detail::space_key(4, 2), vector);
  }
  const Status status = open().status();
  EXPECT_EQ(status, ErrorCode::corruption);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("sequence 4: in space \"screen\": vector: its checksum does not match"));
}

TEST_F(SpacesDamageTest, ADamagedStoreGetsNoSpace) {
  {
    Result<ExperienceStore> store = open();
    ASSERT_TRUE(store);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->store(numbered_experience(i)));
  }
  RawFamilies(path_).remove("vectors", detail::sequence_key(2));
  EXPECT_EQ(open_with_spaces().status(), ErrorCode::corruption);
  RawFamilies raw(path_);
  EXPECT_EQ(raw.names.size(), 4U);
  EXPECT_EQ(raw.get("default", "store")[8], 1);
}

// The entry knows of a space, the description does not.
TEST_F(SpacesDamageTest, AForgottenSpaceIsSeen) {
  {
    Result<ExperienceStore> store = open_with_spaces();
    ASSERT_TRUE(store);
    fill(*store, 0, 7);
  }
  {
    RawFamilies raw(path_);
    const std::string made = detail::decode_description(raw.get("default", "store"))->embedder;
    raw.put("default", "store", detail::encode_description({32, made, {{"code", code_floats}}}));
  }
  const Status status = open().status();
  EXPECT_EQ(status, ErrorCode::corruption);
  EXPECT_THAT(std::string(status.message()), HasSubstr("space 2, the store has 1 spaces"));
}

}  // namespace
}  // namespace frys
