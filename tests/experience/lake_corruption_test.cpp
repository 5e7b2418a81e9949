// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Stores whose files were damaged: every answer is an error that says so, or the truth.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "experience/store_fixture.hpp"

namespace frys {
namespace {

namespace fs = std::filesystem;
using testing::numbered_experience;
using testing::TemporaryFolder;

constexpr int experiences = 120;

ExperienceStoreOptions corruption_options(const std::string& path) {
  ExperienceStoreOptions options;
  options.path = path;
  options.dimension = 16;
  options.write_buffer_bytes = std::size_t{1} << 20;
  return options;
}

struct Known {
  Experience experience;
  ExperienceId id;
};

/// What the store holds. Made once, before any fork.
const std::vector<Known>& known() {
  static const std::vector<Known> all = [] {
    std::vector<Known> made;
    std::minstd_rand random(1);
    for (int i = 0; i < experiences; ++i) {
      Experience e = numbered_experience(i);
      e.payload.resize(i < experiences / 2 ? 60'000 : 300);  // The first half ends up in tables.
      for (std::byte& b : e.payload) b = static_cast<std::byte>(random() >> 8);
      made.push_back({e, *content_id(e)});
    }
    return made;
  }();
  return all;
}

/// Makes the store that the tests damage copies of.
void make_store(const std::string& path) {
  Environment environment;
  Result<ExperienceStore> store = ExperienceStore::open(corruption_options(path), environment);
  ASSERT_TRUE(store);
  for (const Known& one : known()) ASSERT_TRUE(store->store(one.experience));
  ASSERT_TRUE(store->close().ok());
}

enum Verdict { refused = 10, intact = 11, told = 12, lost = 13, lied = 14 };

/// Opens a store that may be damaged and reads all of it.
Verdict judge(const std::string& path) {
  Environment environment;
  Result<ExperienceStore> store = ExperienceStore::open(corruption_options(path), environment);
  if (!store) {
    const ErrorCode code = store.error().code();
    const bool clear = code == ErrorCode::corruption || code == ErrorCode::io_error ||
                       code == ErrorCode::failed_precondition;
    if (!clear) ::fprintf(stderr, "%s\n", store.error().to_string().c_str());
    return clear ? refused : lied;
  }
  Verdict verdict = intact;
  for (const Known& one : known()) {
    const Result<Experience> found = store->get(one.id);
    if (found) {
      if (!(*found == one.experience)) return lied;
      const Result<PinnedPayload> payload = store->payload(one.id);
      if (!payload) return lied;
      if (!std::ranges::equal(payload->bytes(), one.experience.payload)) return lied;
    } else if (found.error() == ErrorCode::not_found) {
      return store->size() < experiences ? lost : lied;
    } else {
      verdict = told;
    }
  }
  if (store->size() != experiences) return lied;
  const auto matches = store->find_similar({.text = "situation number 3 of the test"});
  if (!matches) return told;
  return verdict;
}

/// `judge` in a process of its own, so that a crash is seen. −signal when it crashed.
int judge_apart(const std::string& path) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(judge(path));
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

std::vector<fs::path> files_of(const std::string& path) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().filename() != "LOCK") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

fs::path newest(const std::string& path, std::string_view extension) {
  fs::path found;
  for (const fs::path& file : files_of(path)) {
    if (file.extension() == extension) found = file;  // Their numbers have leading zeros.
  }
  return found;
}

void flip_bit(const fs::path& file, std::uint64_t byte, int bit) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(byte));
  const int value = stream.get();
  stream.seekp(static_cast<std::streamoff>(byte));
  stream.put(static_cast<char>(value ^ (1 << bit)));
}

class CorruptionTest : public ::testing::Test {
 protected:
  void SetUp() override { make_store(folder_ / "store"); }

  /// A fresh copy, to be damaged.
  std::string copy() {
    fs::remove_all(folder_ / "copy");
    fs::copy(folder_ / "store", folder_ / "copy");
    return folder_ / "copy";
  }
  void flip_bits(int per_file);

  TemporaryFolder folder_;
};

void CorruptionTest::flip_bits(int per_file) {
  std::mt19937 random(7);
  int counts[16] = {};
  for (const fs::path& original : files_of(folder_ / "store")) {
    const std::uint64_t size = fs::file_size(original);
    for (int round = 0; size > 0 && round < per_file; ++round) {
      const std::string path = copy();
      const std::uint64_t byte = random() % size;
      flip_bit(fs::path(path) / original.filename(), byte, static_cast<int>(random() % 8));
      const int verdict = judge_apart(path);
      const std::string what = original.filename().string() + " byte " + std::to_string(byte) +
                               " of " + std::to_string(size);
      EXPECT_GT(verdict, 0) << what << ": crashed";
      EXPECT_NE(verdict, lied) << what;
      EXPECT_NE(verdict, lost) << what << ": lost without a word";
      if (verdict > 0) ++counts[verdict];
    }
  }
  std::string summary = "refused " + std::to_string(counts[refused]) + ", intact " +
                        std::to_string(counts[intact]) + ", told " + std::to_string(counts[told]);
  RecordProperty("verdicts", summary);
}

TEST_F(CorruptionTest, TheStoreHasEveryKindOfFile) {
  std::string names;
  for (const fs::path& file : files_of(folder_ / "store")) names += file.filename().string() + " ";
  EXPECT_NE(names.find(".sst"), std::string::npos) << names;
  EXPECT_NE(names.find(".log"), std::string::npos) << names;
  EXPECT_NE(names.find("MANIFEST"), std::string::npos) << names;
  EXPECT_EQ(judge(folder_ / "store"), intact);
}

TEST_F(CorruptionTest, FlippedBitsAreSeenOrHarmless) { flip_bits(3); }

using CorruptionSlow = CorruptionTest;
TEST_F(CorruptionSlow, ManyFlippedBitsAreSeenOrHarmless) { flip_bits(60); }

TEST_F(CorruptionTest, AMissingFileIsSeen) {
  const fs::path newest_log = newest(folder_ / "store", ".log");
  for (const fs::path& original : files_of(folder_ / "store")) {
    const fs::path name = original.filename();
    // IDENTITY is made anew. Nothing names the newest log yet.
    if (name == "IDENTITY" || name == newest_log.filename()) continue;
    const std::string path = copy();
    fs::remove(fs::path(path) / name);
    EXPECT_EQ(judge_apart(path), refused) << name;
  }
}

TEST_F(CorruptionTest, ACutFileIsSeen) {
  for (const fs::path& original : files_of(folder_ / "store")) {
    const fs::path name = original.filename();
    if (name == "IDENTITY" || name.extension() == ".log") continue;
    const std::string path = copy();
    fs::resize_file(fs::path(path) / name, fs::file_size(original) / 2);
    const int verdict = judge_apart(path);
    EXPECT_TRUE(verdict == refused || verdict == told || verdict == intact)
        << name << ": " << verdict;
  }
}

std::size_t tables_in(const std::string& path) {
  const std::vector<fs::path> files = files_of(path);
  return static_cast<std::size_t>(std::count_if(
      files.begin(), files.end(), [](const fs::path& file) { return file.extension() == ".sst"; }));
}

TEST_F(CorruptionTest, AManifestWithoutItsEndIsSeen) {
  const std::string store = folder_ / "store";
  {
    ExperienceStoreOptions options = corruption_options(store);
    options.salvage = true;  // Leaves nothing in the logs, whose rows would not fit.
    ASSERT_TRUE(ExperienceStore::open(options, Environment()));
  }
  const std::size_t tables = tables_in(store);
  ASSERT_GT(tables, 2U);
  std::string name;
  std::ifstream current(store + "/CURRENT");
  std::getline(current, name);
  for (std::uint64_t kept = 0; kept < fs::file_size(store + "/" + name); kept += 11) {
    const std::string path = copy();
    fs::resize_file(path + "/" + name, kept);
    const int verdict = judge_apart(path);
    EXPECT_TRUE(verdict == refused || verdict == intact) << kept << " bytes: " << verdict;
    EXPECT_GE(tables_in(path), tables) << kept << " bytes";
  }
}

void overwrite(const fs::path& file, std::uint64_t at, std::string_view bytes) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(at));
  stream << bytes;
}

TEST_F(CorruptionTest, TheEndOfATableIsCheckedBeforeItIsBelieved) {
  const fs::path table = newest(folder_ / "store", ".sst").filename();
  const std::string original = folder_ / "store/" + table.string();
  const std::uint64_t footer = fs::file_size(original) - 53;
  std::ifstream stream(original, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(footer + 1));
  std::uint64_t metaindex = 0;  // Its offset, a varint.
  for (int shift = 0, byte = 0x80; (byte & 0x80) != 0; shift += 7) {
    byte = stream.get();
    metaindex |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
  }
  const struct {
    const char* what;
    std::uint64_t at;
    std::string_view bytes;
  } damages[] = {
      {"a block of most of all memory", footer + 1, {"\0\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10}},
      {"a block of no end", footer + 1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"},
      {"the number of restarts in the properties", metaindex - 5 - 4, "\xff\xff\xff\xff"},
      {"the metaindex", metaindex, "\xff"},
  };
  for (const auto& damage : damages) {
    const std::string path = copy();
    overwrite(fs::path(path) / table, damage.at, damage.bytes);
    EXPECT_EQ(judge_apart(path), refused) << damage.what;
  }
}

TEST_F(CorruptionTest, ATornTailOfTheLogIsWhatWasNeverSynced) {
  const std::string path = copy();
  const fs::path log = newest(path, ".log");
  fs::resize_file(log, fs::file_size(log) - 100);
  Environment environment;
  Result<ExperienceStore> store = ExperienceStore::open(corruption_options(path), environment);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), experiences - 1U);
  EXPECT_FALSE(store->get(known()[experiences - 1].id));
  EXPECT_TRUE(store->get(known()[experiences - 2].id));
  ASSERT_TRUE(store->store(known()[experiences - 1].experience));
  EXPECT_EQ(store->size(), static_cast<std::uint64_t>(experiences));
}

TEST_F(CorruptionTest, SalvageKeepsWhatPrecedesTheDamage) {
  const std::string path = copy();
  const fs::path log = newest(path, ".log");
  flip_bit(log, fs::file_size(log) / 2, 0);
  Environment environment;
  ExperienceStoreOptions options = corruption_options(path);
  const Status refusal = ExperienceStore::open(options, environment).status();
  EXPECT_EQ(refusal, ErrorCode::corruption);
  EXPECT_NE(refusal.message().find("salvage"), std::string_view::npos) << refusal.to_string();
  options.salvage = true;
  Result<ExperienceStore> store = ExperienceStore::open(options, environment);
  ASSERT_TRUE(store) << store.error().to_string();
  const std::uint64_t kept = store->size();
  EXPECT_GT(kept, experiences / 4U);
  EXPECT_LT(kept, static_cast<std::uint64_t>(experiences));
  for (int i = 0; i < static_cast<int>(kept); ++i) {
    EXPECT_TRUE(store->get(known()[i].id)) << i;
  }
  ASSERT_TRUE(store->store(numbered_experience(1000)));
  ASSERT_TRUE(store->close().ok());
  options.salvage = false;
  EXPECT_EQ(ExperienceStore::open(options, environment)->size(), kept + 1);
}

TEST_F(CorruptionTest, SalvageTakesNothingOutForADamagedTable) {
  ExperienceStoreOptions options = corruption_options(folder_ / "store");
  options.salvage = true;
  constexpr int stored = experiences + 12 * 40;
  for (int i = experiences; i < stored;) {
    Result<ExperienceStore> store = ExperienceStore::open(options, Environment());
    ASSERT_TRUE(store);  // And makes a table of the last forty.
    for (int more = 0; more < 40; ++more) ASSERT_TRUE(store->store(numbered_experience(i++)));
  }
  ASSERT_TRUE(ExperienceStore::open(options, Environment()));
  for (const fs::path& original : files_of(folder_ / "store")) {
    if (original.extension() != ".sst") continue;
    options.path = copy();
    const fs::path damaged = fs::path(options.path) / original.filename();
    flip_bit(damaged, 20, 0);
    const Result<ExperienceStore> salvaged = ExperienceStore::open(options, Environment());
    if (salvaged) {
      EXPECT_EQ(salvaged->size(), static_cast<std::uint64_t>(stored)) << original;
    } else {
      EXPECT_EQ(salvaged.error(), ErrorCode::corruption) << salvaged.error().to_string();
    }
  }
}

TEST_F(CorruptionTest, AFolderWithoutCurrentIsNotTakenForEmpty) {
  const std::string path = copy();
  fs::remove(path + "/CURRENT");
  const std::size_t before = files_of(path).size();
  Environment environment;
  EXPECT_EQ(ExperienceStore::open(corruption_options(path), environment).status(),
            ErrorCode::corruption);
  EXPECT_EQ(files_of(path).size(), before);
}

}  // namespace
}  // namespace frys
