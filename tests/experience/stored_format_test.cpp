// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Stores that earlier builds wrote, kept in tests/data/stores: they open, and all that was put into
// them is found again. One that a later version wrote is refused, and nothing of it is lost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"
#include "experience/store_fixture.hpp"

namespace frys {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int rich = 40;         // Experiences that use every field.
constexpr int rich_floats = 16;  // Of their store, which embeds texts.
constexpr int plain = 1300;      // Enough for a graph.
constexpr int plain_floats = 8;  // Of their store, which does not.
constexpr std::uint16_t some_later_version = 60'000;

// A different number for each, exact as a float, the same everywhere.
float odd_number(int experience, int place) {
  const unsigned mixed = static_cast<unsigned>(experience * 131 + place + 7) * 2'654'435'761U;
  return static_cast<float>(static_cast<int>(mixed >> 20) - 2048) / 1024;
}

std::vector<float> odd_vector(int experience, int floats) {
  std::vector<float> vector;
  for (int i = 0; i < floats; ++i) vector.push_back(odd_number(experience, i));
  return vector;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

/// Each field is there in some and not in others; the first has none at all.
Experience rich_experience(int i) {
  Experience e;
  if (i == 0) return e;
  const std::string number = std::to_string(i);
  e.workflow = i % 4 == 0 ? "" : i % 4 == 1 ? "invoices" : "Übersetzung — 翻訳";
  e.agent = i % 5 == 0 ? "" : "agent-" + std::to_string(i % 3);
  e.step_type = i % 6 == 0 ? "" : i % 2 == 0 ? "parse" : "r\u00e9viser";
  if (i % 7 != 0) e.situation = "the page " + number + " of a scanned contract, half of it torn";
  if (i % 3 != 0) e.action = "read line " + number + " again ☕";
  if (i % 4 == 3) e.outcome_text = std::string("not UTF-8: \xff\0\xfe", 14) + number;
  e.outcome = static_cast<Outcome>(i % 3);
  e.reward = i % 2 == 0 ? 0 : -0.125 * i;
  e.started_at_ns = i % 8 == 0 ? 0 : 1'700'000'000'000'000'000LL + i * 1'000'000'007LL;
  e.duration_ns = i % 9 == 0 ? 0 : 17LL * i * i;
  e.input_size = i % 5 == 1 ? 1e300 / i : 0;
  const auto count = static_cast<std::uint64_t>(i);
  if (i % 4 == 2) e.resources = {~count, count << 40, count << 20, count, -i, 3LL * i};
  for (int tag = 0; tag < i % 4; ++tag) e.tags.push_back(tag == 1 ? "" : "tag " + number);
  if (i % 7 == 0 || i % 5 == 3) e.embedding = odd_vector(i, rich_floats);
  e.payload.resize(i % 6 == 5 ? 64 + i : 0, static_cast<std::byte>(i));
  // Fields 200 and 16 of a version to come: u16 tag, u32 length, the bytes.
  if (i % 10 == 4) e.unknown_fields = bytes_of(std::string("\xc8\0\3\0\0\0abc\x10\0\0\0\0\0", 15));
  return e;
}

Experience plain_experience(int i) {
  Experience e;
  e.step_type = i % 2 == 0 ? "even" : "odd";
  e.reward = i;
  e.embedding = odd_vector(i, plain_floats);
  return e;
}

// The spaces of those below, and how many floats their vectors have.
const std::vector<VectorSpace> two_spaces{{"code", 4}, {"screen", 6}};

Experience spaced_experience(int i) {
  Experience e = rich_experience(i);
  if (i % 3 == 0) e.embeddings.push_back({"code", odd_vector(i + 1000, 4)});
  if (i % 4 == 0) e.embeddings.push_back({"screen", odd_vector(i + 2000, 6)});
  return e;
}

std::vector<Experience> plain_experiences() {
  std::vector<Experience> all;
  for (int i = 0; i < plain; ++i) all.push_back(plain_experience(i));
  return all;
}

/// A store that is kept, and how it was opened when it was made.
struct Kept {
  const char* name;
  int experiences;
  int floats;
  Experience (*make)(int);
};
constexpr Kept killed{"v1-killed", rich, rich_floats, rich_experience};
constexpr Kept tables{"v1-tables", rich, rich_floats, rich_experience};
// Of this one the graph alone is kept: so many rows would be too many bytes.
constexpr Kept graph{"v2-graph", plain, plain_floats, plain_experience};
constexpr Kept earlier_graph{"v1-graph", plain, plain_floats, plain_experience};
// Some of these were removed, amended, and added again.
constexpr Kept changed{"v2-changed", rich, rich_floats, rich_experience};

// These have vectors in two spaces; one was removed.
constexpr Kept spaced{"v2-spaces", rich, rich_floats, spaced_experience};
constexpr int removed_from_spaces = 12;

ExperienceStoreOptions options_of(const Kept& kept, const std::string& path) {
  ExperienceStoreOptions options;
  options.path = path;
  options.dimension = static_cast<std::size_t>(kept.floats);
  options.graph_links = 4;
  return options;
}

class StoredFormat : public ::testing::Test {
 protected:
  /// A copy that may be written to.
  std::string copy(const Kept& kept) {
    std::string path = folder_ / kept.name;
    fs::copy(fs::path(FRYS_SOURCE_DIR) / "tests/data/stores" / kept.name, path,
             fs::copy_options::recursive);
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      fs::permissions(entry, fs::perms::owner_write, fs::perm_options::add);
    }
    return path;
  }
  /// A store made now, with the graph that is kept.
  std::string make_below(const Kept& kept_graph) {
    std::string path = folder_ / "made";
    {
      Result<ExperienceStore> store = open(kept_graph, path);
      EXPECT_TRUE(store->store_many(plain_experiences()));
    }
    fs::remove_all(path + "/graph");
    fs::rename(copy(kept_graph), path + "/graph");
    return path;
  }
  static Result<ExperienceStore> open(const Kept& kept, const std::string& path) {
    return ExperienceStore::open(options_of(kept, path), Environment());
  }
  testing::TemporaryFolder folder_;
};

void expect_all_rows(const Kept& kept, const ExperienceStore& store) {
  ASSERT_EQ(store.size(), static_cast<std::uint64_t>(kept.experiences));
  EXPECT_EQ(store.stats().dimension, static_cast<std::size_t>(kept.floats));
  ScanQuery query;
  query.limit = 65536;
  query.with_experience = true;
  const Result<ScanPage> page = store.scan(query);
  ASSERT_TRUE(page) << page.error().to_string();
  ASSERT_EQ(page->rows.size(), static_cast<std::size_t>(kept.experiences));
  for (int i = 0; i < kept.experiences; ++i) {
    SCOPED_TRACE(i);
    const ScanRow& row = page->rows[static_cast<std::size_t>(i)];
    const Experience expected = kept.make(i);
    EXPECT_EQ(row.sequence, static_cast<std::uint64_t>(i) + 1);
    EXPECT_EQ(row.id, *content_id(expected));
    EXPECT_EQ(row.outcome, expected.outcome);
    EXPECT_EQ(row.reward, expected.reward);
    EXPECT_EQ(row.started_at_ns, expected.started_at_ns);
    EXPECT_TRUE(row.experience == expected);
    EXPECT_TRUE(*store.get(row.id) == expected);
  }
}

std::vector<std::uint64_t> found(const ExperienceStore& store, SimilarityQuery query) {
  query.outcome_weight = 0;
  query.recency_weight = 0;
  std::vector<std::uint64_t> sequences;
  const auto matches = store.find_similar(query);
  if (!matches) ADD_FAILURE() << matches.error().to_string();
  for (const Match& match : matches.value_or(SimilarMatches())) {
    sequences.push_back(match.sequence);
  }
  return sequences;
}

/// Every vector is nearest to itself: those that the host gave, and those made of a text.
void expect_rich_answers(const ExperienceStore& store) {
  for (int i = 1; i < rich; ++i) {
    const Experience e = rich_experience(i);
    const std::string& text = e.situation.empty() ? e.action : e.situation;
    if (e.embedding.empty() && text.empty()) continue;
    SimilarityQuery query{.k = 1};
    query.vector = e.embedding;
    if (e.embedding.empty()) query.text = text;
    EXPECT_THAT(found(store, query), ElementsAre(static_cast<std::uint64_t>(i) + 1));
  }
  EXPECT_THAT(found(store, {.text = "half of a contract", .k = 3}), ElementsAre(17, 40, 26));
  SimilarityQuery filtered{.text = "half of a contract", .k = 3};
  filtered.workflow = "Übersetzung — 翻訳";
  filtered.step_type = "parse";
  filtered.agent = "agent-1";
  filtered.outcome = Outcome::failure;
  EXPECT_THAT(found(store, filtered), ElementsAre(23, 35));
}

void expect_writable(const Kept& kept, ExperienceStore& store) {
  EXPECT_EQ(*store.store(kept.make(kept.experiences - 1)),
            *content_id(kept.make(kept.experiences - 1)));
  EXPECT_EQ(store.size(), static_cast<std::uint64_t>(kept.experiences));
  EXPECT_TRUE(store.store(kept.make(kept.experiences)));
  EXPECT_EQ(store.size(), static_cast<std::uint64_t>(kept.experiences) + 1);
  EXPECT_TRUE(store.close().ok());
}

TEST_F(StoredFormat, IdentitiesAreWhatTheyWere) {
  EXPECT_EQ(content_id(rich_experience(0))->to_string(), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(content_id(rich_experience(11))->to_string(), "27bccbc28f2784e68c56fab599f2dff8");
  EXPECT_EQ(content_id(rich_experience(14))->to_string(), "f6db206ba7e3426573e9b0e7963ed4ee");
  EXPECT_EQ(content_id(rich_experience(39))->to_string(), "663479484468122ea0e10aa1d52bee4f");
  EXPECT_EQ(content_id(plain_experience(1299))->to_string(), "8f8ea9fbca58bf724194bb18426b5153");
}

TEST_F(StoredFormat, LogsOfAKilledProcess) {
  const std::string path = copy(killed);
  Result<ExperienceStore> store = open(killed, path);
  ASSERT_TRUE(store) << store.error().to_string();
  expect_all_rows(killed, *store);
  expect_rich_answers(*store);
  expect_writable(killed, *store);
}

TEST_F(StoredFormat, Tables) {
  const std::string path = copy(tables);
  Result<ExperienceStore> store = open(tables, path);
  ASSERT_TRUE(store) << store.error().to_string();
  expect_all_rows(tables, *store);
  expect_rich_answers(*store);
  expect_writable(tables, *store);
}

TEST_F(StoredFormat, Graph) {
  const std::string path = make_below(graph);
  Result<ExperienceStore> store = open(graph, path);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->stats().indexed, 1088U);
  expect_all_rows(graph, *store);
  for (int i = 0; i < plain; ++i) {
    EXPECT_THAT(found(*store, {.vector = odd_vector(i, plain_floats), .k = 1}),
                ElementsAre(static_cast<std::uint64_t>(i) + 1));
  }
  EXPECT_THAT(found(*store, {.vector = {1, 0, 0, 0, 0, 0, 0, 0}, .k = 5}),
              ElementsAre(1075, 569, 63, 862, 356));
  EXPECT_TRUE(store->close().ok());
  // It was read, not made anew: else there were a second generation.
  EXPECT_TRUE(fs::exists(path + "/graph/graph-00000000000000000001"));
  EXPECT_FALSE(fs::exists(path + "/graph/graph-00000000000000000002"));
}

// It knows nothing of sequences, so that it can't be told what it links: another is made.
TEST_F(StoredFormat, TheGraphOfAnEarlierVersionIsMadeAnew) {
  const std::string path = make_below(earlier_graph);
  Result<ExperienceStore> store = open(earlier_graph, path);
  ASSERT_TRUE(store) << store.error().to_string();
  expect_all_rows(earlier_graph, *store);
  EXPECT_THAT(found(*store, {.vector = odd_vector(17, plain_floats), .k = 1}), ElementsAre(18U));
  EXPECT_TRUE(store->close().ok());
  EXPECT_TRUE(fs::exists(path + "/graph/graph-00000000000000000002"));
}

TEST_F(StoredFormat, Changes) {
  const std::string path = copy(changed);
  Result<ExperienceStore> store = open(changed, path);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->size(), 37U);
  EXPECT_EQ(store->stats().last_sequence, 48U);
  for (const int removed : {8, 17, 39}) {
    EXPECT_EQ(store->get(*content_id(rich_experience(removed))).status(), ErrorCode::not_found);
  }
  const Result<ScanRow> again = store->look_up(*content_id(rich_experience(3)));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sequence, 48U);
  EXPECT_TRUE(*store->get(again->id) == rich_experience(3));
  const Result<ScanRow> amended = store->look_up(*content_id(rich_experience(5)));
  ASSERT_TRUE(amended);
  EXPECT_EQ(amended->sequence, 6U);
  EXPECT_EQ(amended->outcome, Outcome::partial);
  EXPECT_EQ(amended->reward, 2.5);
  EXPECT_EQ(amended->uses, 5U);
  EXPECT_EQ(amended->used_at_ns, 78);
  EXPECT_TRUE(*store->get(amended->id) == rich_experience(5));
}

TEST_F(StoredFormat, Spaces) {
  const std::string path = copy(spaced);
  Result<ExperienceStore> store = open(spaced, path);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(std::vector(store->spaces().begin(), store->spaces().end()), two_spaces);
  EXPECT_EQ(store->size(), static_cast<std::uint64_t>(rich) - 1);
  for (int i = 0; i < rich; ++i) {
    const Experience e = spaced_experience(i);
    const Result<Experience> read = store->get(*content_id(e));
    EXPECT_EQ(read.has_value() && *read == e, i != removed_from_spaces) << i;
    for (const NamedEmbedding& named : e.embeddings) {
      const auto nearest = found(*store, {.vector = named.vector, .space = named.name, .k = 1});
      EXPECT_EQ(nearest[0] == static_cast<std::uint64_t>(i) + 1, i != removed_from_spaces) << i;
    }
  }
  EXPECT_EQ(content_id(spaced_experience(24))->to_string(), "d9dd4f7345c63276d397d6435eea5336");
  EXPECT_EQ(found(*store, {.vector = {1, 0, 0, 0}, .space = "code", .k = 100}).size(), 13U);
  EXPECT_EQ(found(*store, {.vector = {1, 0, 0, 0, 0, 0}, .space = "screen", .k = 100}).size(), 9U);
  EXPECT_TRUE(store->close().ok());
}

TEST_F(StoredFormat, ItTellsWhatItWasMadeWith) {
  for (const Kept& kept : {killed, tables}) {
    ExperienceStoreOptions options;
    options.path = copy(kept);
    options.must_exist = true;
    const Result<ExperienceStore> store = ExperienceStore::open(options, Environment());
    ASSERT_TRUE(store) << store.error().to_string();
    EXPECT_EQ(store->stats().dimension, static_cast<std::size_t>(kept.floats));
  }
}

// ---- later versions --------------------------------------------------------------------------

/// The database of a store as RocksDB opens it by itself.
class RawStore {
 public:
  explicit RawStore(const std::string& path) {
    std::vector<std::string> names;
    rocksdb::DBOptions options;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies(options, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names)
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    options.avoid_flush_during_recovery = true;
    rocksdb::DB* db = nullptr;
    EXPECT_TRUE(rocksdb::DB::Open(options, path, families, &handles_, &db).ok());
    db_.reset(db);
  }
  ~RawStore() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      EXPECT_TRUE(db_->DestroyColumnFamilyHandle(handle).ok());
    }
  }
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  rocksdb::ColumnFamilyHandle* family(const std::string& name) {
    return *std::find_if(handles_.begin(), handles_.end(),
                         [&](auto* handle) { return handle->GetName() == name; });
  }
  std::string get(const std::string& family_name, const std::string& key) {
    std::string value;
    EXPECT_TRUE(db_->Get({}, family(family_name), key, &value).ok());
    return value;
  }
  void put(const std::string& family_name, const std::string& key, const std::string& value) {
    EXPECT_TRUE(db_->Put({}, family(family_name), key, value).ok());
  }
  void add_family(const std::string& name) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    EXPECT_TRUE(db_->CreateColumnFamily({}, name, &handle).ok());
    handles_.push_back(handle);
  }
  /// All there is, by family and key.
  std::map<std::string, std::string> content() {
    std::map<std::string, std::string> all;
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      const std::unique_ptr<rocksdb::Iterator> entry(db_->NewIterator({}, handle));
      for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
        all[handle->GetName() + "/" + entry->key().ToString()] = entry->value().ToString();
      }
    }
    return all;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return std::move(text).str();
}

/// Logs and tables: what was stored. RocksDB writes its manifest anew whenever it opens one.
std::map<std::string, std::string> files_that_hold_rows(const std::string& path) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string extension = entry.path().extension();
    if (entry.file_size() == 0 || (extension != ".log" && extension != ".sst")) continue;
    files[entry.path().filename()] = text_of(entry.path());
  }
  return files;
}

class LaterFormat : public StoredFormat {
 protected:
  /// Changes a copy of each store, which then is refused, and holds what it held.
  void refused_after(const std::function<void(RawStore&)>& change, const std::string& why) {
    for (const Kept& kept : {killed, tables}) {
      const std::string path = copy(kept);
      change(*std::make_unique<RawStore>(path));
      const auto files = files_that_hold_rows(path);
      const Status status = open(kept, path).status();
      EXPECT_EQ(status, ErrorCode::failed_precondition) << kept.name << ": " << status.to_string();
      EXPECT_THAT(std::string(status.message()), HasSubstr(why));
      EXPECT_EQ(files_that_hold_rows(path), files) << kept.name;
      const auto content = std::make_unique<RawStore>(path)->content();
      EXPECT_EQ(content.size(), 1U + 3U * rich) << kept.name;
      EXPECT_EQ(open(kept, path).status(), ErrorCode::failed_precondition);
      EXPECT_EQ(std::make_unique<RawStore>(path)->content(), content) << kept.name;
    }
  }
};

TEST_F(LaterFormat, ADescriptionIsRefused) {
  refused_after(
      [](RawStore& raw) {
        std::string description = raw.get("default", "store");
        detail::patch_value(description, 8, some_later_version);
        const auto rest = detail::as_byte_span(std::string_view(description).substr(8));
        detail::patch_value(description, 4, detail::crc32c(rest));
        raw.put("default", "store", description);
      },
      "the store has version 60000");
}

TEST_F(LaterFormat, ALogEntryIsRefused) {
  refused_after(
      [](RawStore& raw) {
        const std::string key = {0, 0, 0, 0, 0, 0, 0, 9};
        std::string entry = raw.get("log", key);
        detail::patch_value(entry, 0, some_later_version);
        const std::string_view view = entry;
        detail::patch_value(
            entry, 4,
            detail::crc32c(detail::as_byte_span(view.substr(8)),
                           detail::crc32c(detail::as_byte_span(view.substr(0, 4)))));
        raw.put("log", key, entry);
      },
      "log entry has version 60000");
}

TEST_F(LaterFormat, AColumnFamilyIsRefused) {
  refused_after([](RawStore& raw) { raw.add_family("of a later version"); }, "of a later version");
}

TEST_F(LaterFormat, ARecordIsRefusedAndTheOthersAreServed) {
  const std::string path = copy(tables);
  const ExperienceId id = *content_id(rich_experience(8));
  const std::string key(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  {
    RawStore raw(path);
    std::string record = raw.get("rows", key);
    detail::patch_value(record, 4, some_later_version);
    const std::string_view view = record;
    detail::patch_value(record, 12,
                        detail::crc32c(detail::as_byte_span(view.substr(16)),
                                       detail::crc32c(detail::as_byte_span(view.substr(4, 8)))));
    raw.put("rows", key, record);
  }
  const Result<ExperienceStore> store = open(tables, path);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_EQ(store->get(id).status(), ErrorCode::failed_precondition);
  EXPECT_TRUE(*store->get(*content_id(rich_experience(9))) == rich_experience(9));
}

TEST_F(LaterFormat, AGraphIsMadeAnew) {
  const std::string path = make_below(graph);
  for (const auto& entry : fs::directory_iterator(path + "/graph")) {
    std::string file = text_of(entry.path());
    detail::patch_value(file, 8, std::uint32_t{some_later_version});
    detail::patch_value(file, 76,
                        detail::crc32c(detail::as_byte_span(std::string_view(file).substr(0, 76))));
    std::ofstream(entry.path(), std::ios::binary) << file;
  }
  Result<ExperienceStore> store = open(graph, path);
  ASSERT_TRUE(store) << store.error().to_string();
  EXPECT_THAT(found(*store, {.vector = odd_vector(17, plain_floats), .k = 1}), ElementsAre(18U));
}

// ---- how they were made ----------------------------------------------------------------------

bool change(ExperienceStore& store) {
  const auto id = [](int i) { return *content_id(rich_experience(i)); };
  const Amendment first{.outcome = Outcome::partial, .reward = 2.5, .uses = 4, .used_at_ns = 77};
  return store.remove(id(3)).ok() && store.remove(id(17)).ok() && store.remove(id(39)).ok() &&
         store.amend(id(5), first).ok() && store.amend(id(5), {.uses = 1, .used_at_ns = 78}).ok() &&
         store.amend(id(8), {.reward = -1}).ok() && store.remove(id(8)).ok() &&
         store.store(rich_experience(3)).has_value();
}

/// Stores what belongs into `kept`, in a process that is killed when it has.
void store_and_be_killed(const Kept& kept, const std::string& path) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ExperienceStoreOptions options = options_of(kept, path);
    if (kept.make == spaced.make) options.spaces = two_spaces;
    Result<ExperienceStore> store = ExperienceStore::open(options, Environment());
    for (int i = 0; store && i < kept.experiences; ++i) {
      if (!store->store(kept.make(i))) ::_exit(1);
    }
    if (std::string_view(kept.name) == changed.name && !change(*store)) ::_exit(1);
    if (kept.make == spaced.make) {
      if (!store->remove(*content_id(kept.make(removed_from_spaces))).ok()) ::_exit(1);
    }
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
}

// How the stores of a version are made, once: see tests/data/stores/README.md.
TEST(StoredFormatMaker, DISABLED_MakesTheStoresOfThisVersion) {
  const char* where = std::getenv("FRYS_MAKE_STORES");
  ASSERT_NE(where, nullptr);
  const std::string folder = where;
  store_and_be_killed(killed, folder + "/" + killed.name);
  store_and_be_killed(changed, folder + "/" + changed.name);
  store_and_be_killed(spaced, folder + "/" + spaced.name);
  const std::string path = folder + "/" + tables.name;
  store_and_be_killed(tables, path);
  ExperienceStoreOptions options = options_of(tables, path);
  options.salvage = true;  // Makes tables of the logs.
  EXPECT_TRUE(ExperienceStore::open(options, Environment()));
  for (const Kept& kept : {killed, changed, spaced, tables})
    fs::remove(folder + "/" + kept.name + "/LOCK");
  const testing::TemporaryFolder other;
  const std::string graphs = other / "store";
  EXPECT_TRUE(ExperienceStore::open(options_of(graph, graphs), Environment())
                  ->store_many(plain_experiences()));
  fs::copy(graphs + "/graph", folder + "/" + graph.name);
}

}  // namespace
}  // namespace frys
