// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "frys/core/random.hpp"
#include "frys/experience/experience_store.hpp"
#include "tools/store_files.hpp"
#include "tools/tool_runner.hpp"

namespace frys::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// Everything that an experience can hold, at its odd ends.
Experience odd_experience() {
  Experience e;
  e.workflow = "w \"quoted\" \\ and\ttabbed\nnext";
  e.agent = "Zoë ☕";
  e.step_type = std::string("nul\0inside", 10);
  e.situation = "not UTF-8: \xff\xfe";
  e.action = "act";
  e.outcome_text = "it went";
  e.outcome = Outcome::partial;
  e.reward = 0.1 + 0.2;
  e.started_at_ns = INT64_MIN;
  e.duration_ns = INT64_MAX;
  e.input_size = -0.0;
  e.resources = {UINT64_MAX, 1, 2, 3, -5, 6};
  e.tags = {"a", "", "\x80"};
  e.embedding = {0.1F, -3.4e38F, 1e-45F, 0.0F};
  e.payload = bytes_of(std::string("\0\1\2\xff", 4));
  e.payload_tensor = {DType::bf16, {2, 1}};
  return e;
}

ExperienceStore open_store(const std::string& path, std::size_t dimension) {
  return *ExperienceStore::open({.path = path, .dimension = dimension}, Environment());
}

struct Filled {
  explicit Filled(const TestFolder& folder) : path(folder.path("store")) {
    ExperienceStore store = open_store(path, 4);
    EXPECT_TRUE(store.store(odd_experience()));
    for (int i = 0; i < 300; ++i) {
      Experience e;
      e.agent = i % 2 == 0 ? "even" : "odd";
      e.situation = "number " + std::to_string(i);
      e.outcome = i % 3 == 0 ? Outcome::failure : Outcome::success;
      e.started_at_ns = 1000 + i;
      e.embedding = {1.0F, static_cast<float>(i), 0, 0};
      EXPECT_TRUE(store.store(e));
    }
  }
  std::string path;
};

TEST(StoreCommand, WhatIsExportedAndImportedIsTheSame) {
  const TestFolder folder;
  const Filled filled(folder);
  const std::string out = folder.path("out.jsonl");
  ASSERT_EQ(run_tool({"store", "export", filled.path, out}).exit_code, 0);
  EXPECT_THAT(split(read_file(out), '\n'), SizeIs(301));
  const std::string copy = folder.path("copy");
  ToolRun run = run_tool({"store", "import", copy, out, "--dimension", "4"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "301 stored, 301 in the store\n");
  EXPECT_EQ(run_tool({"store", "import", copy, out}).out, "0 stored, 301 in the store\n");
  EXPECT_EQ(run_tool({"store", "export", copy}).out, read_file(out));
  const Experience odd = odd_experience();
  const Result<Experience> again = open_store(copy, 4).get(*content_id(odd));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, odd);
}

TEST(StoreCommand, VectorsInSpacesAreKept) {
  const TestFolder folder;
  const std::string path = folder.path("store");
  Experience e;
  e.situation = "a page of code";
  e.embeddings = {{"a\"\\=8", {0.1F, -1e-40F, 3}}, {"code", {1, 2}}};
  {
    ExperienceStoreOptions options{.path = path};
    options.spaces = {{"code", 2}, {"a\"\\=8", 3}};
    ExperienceStore store = *ExperienceStore::open(options, Environment());
    ASSERT_TRUE(store.store(e));
  }
  EXPECT_THAT(run_tool({"store", "inspect", path}).out, HasSubstr("floats in code "));
  FlatJson inspected = flatten_json(run_tool({"store", "inspect", path, "--json"}).out);
  EXPECT_EQ(inspected.numbers["spaces.code"], 2);
  EXPECT_EQ(inspected.numbers["spaces.a\"\\=8"], 3);
  const std::string out = folder.path("out.jsonl");
  ASSERT_EQ(run_tool({"store", "export", path, out}).exit_code, 0);
  EXPECT_THAT(read_file(out), HasSubstr(R"("embeddings":{"a\"\\=8":[0.1,-1e-40,3],"code":[1,2]})"));
  const std::string copy = folder.path("copy");
  ToolRun run = run_tool({"store", "import", copy, out, "--space", "code=2"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("in no space of the store; it has \"code\""));
  run = run_tool({"store", "import", copy, out, "--space=code=3"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("\"code\" has 2 dimensions, asked was 3"));
  run = run_tool({"store", "import", copy, out, "--space", "a\"\\=8=3", "--space", "code=2"});
  EXPECT_EQ(run.out, "1 stored, 1 in the store\n") << run.err;
  EXPECT_EQ(run_tool({"store", "export", copy}).out, read_file(out));
  const Result<Experience> again =
      ExperienceStore::open({.path = copy}, Environment())->get(*content_id(e));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, e);
}

TEST(StoreCommand, NumbersAreReadAsTheyAreWritten) {
  const TestFolder folder;
  const std::string file = folder.write(
      "in.jsonl", R"({"reward":0e-320,"input_size":5e-324,"started_at_ns":-9223372036854775808,)"
                  R"("resources":{"peak_bytes":18446744073709551615,"given_bytes":-0}})");
  const std::string store = folder.path("store");
  ASSERT_EQ(run_tool({"store", "import", store, file}).exit_code, 0);
  EXPECT_EQ(run_tool({"store", "export", store}).out,
            R"({"outcome":"success","started_at_ns":-9223372036854775808,"input_size":5e-324,)"
            R"("resources":{"peak_bytes":18446744073709551615}})"
            "\n");
}

TEST(StoreCommand, PayloadsThatAreTensorsAreReadAsTheyAreWritten) {
  const TestFolder folder;
  const std::string lines =
      R"({"outcome":"success","payload_tensor":{"dtype":"f64","shape":[0,3]}})"
      "\n"
      R"({"outcome":"success","payload":"AAAAAA==","payload_tensor":{"dtype":"f32","shape":[]}})"
      "\n"
      R"({"outcome":"success","payload":"AAE=","payload_tensor":{"dtype":"boolean","shape":[2]}})"
      "\n";
  const std::string store = folder.path("store");
  const ToolRun run = run_tool({"store", "import", store, folder.write("in.jsonl", lines)});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run_tool({"store", "export", store}).out, lines);
}

TEST(StoreCommand, ExportTakesFilters) {
  const TestFolder folder;
  const Filled filled(folder);
  const ToolRun run =
      run_tool({"store", "export", filled.path, "--agent", "odd", "--outcome", "failure"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(split(run.out, '\n'), SizeIs(50));
  EXPECT_THAT(run.out, HasSubstr("\"situation\":\"number 3\""));
  EXPECT_THAT(run_tool({"store", "export", filled.path, "--workflow", "none"}).out, IsEmpty());
}

TEST(StoreCommand, InspectCounts) {
  const TestFolder folder;
  const Filled filled(folder);
  const ToolRun run = run_tool({"store", "inspect", filled.path, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  FlatJson json = flatten_json(run.out);
  ASSERT_TRUE(json.valid) << run.out;
  EXPECT_EQ(json.numbers["experiences"], 301);
  EXPECT_EQ(json.numbers["dimension"], 4);
  EXPECT_EQ(json.numbers["failures"], 100);
  EXPECT_EQ(json.numbers["successes"], 200);
  EXPECT_EQ(json.numbers["partial"], 1);
  EXPECT_EQ(json.numbers["last_started_at_ns"], 1299);
  EXPECT_THAT(run_tool({"store", "inspect", filled.path}).out, HasSubstr("301"));
}

TEST(StoreCommand, ALineThatIsWrongIsNamedAndThoseBeforeItAreKept) {
  const TestFolder folder;
  const std::string good = R"({"situation":"s","outcome":"success"})";
  const struct {
    std::string line;
    const char* expected;
  } cases[] = {
      {"{\"situation\":", "column 14"},
      {"[1]", "one JSON object"},
      {R"({"actoin":"x"})", "field \"actoin\": is not known"},
      {R"({"reward":1,"reward":2})", "field \"reward\": is there twice"},
      {R"({"outcome":"maybe"})", "field \"outcome\": must be \"success\""},
      {R"({"reward":"much"})", "field \"reward\": must be a number"},
      {R"({"reward":2.8e308})", "column 11: a number is too large"},
      {std::string(65, '['), "nested too deeply"},
      {R"({"duration_ns":1.5})", "field \"duration_ns\": must be a whole number"},
      {R"({"duration_ns":-1})", "duration"},
      {R"({"resources":{"peak_bytes":-1}})", "field \"resources.peak_bytes\""},
      {R"({"resources":{"peak":1}})", "field \"resources\""},
      {R"({"tags":"a"})", "field \"tags\""},
      {R"({"embedding":[1,"2"]})", "field \"embedding\""},
      {R"({"embedding":[1,-3.5e38]})", "field \"embedding\": holds a number beyond"},
      {R"({"embedding":[1,2]})", "embedding has 2 floats"},
      {R"({"embeddings":[1,2]})", "field \"embeddings\": must be an object"},
      {R"({"embeddings":{"a":[1,"2"]}})", "field \"embeddings.a\": must be a list of numbers"},
      {R"({"embeddings":{"a":[1],"b":[1],"a":[1]}})", "field \"embeddings.a\": is there twice"},
      {R"({"embeddings":{"a":[1]}})", "embedding \"a\" is in no space of the store; it has none"},
      {R"({"embeddings":{"":[1]}})", "visible"},
      {R"({"payload":"a"})", "field \"payload\": must be bytes in base64"},
      {R"({"payload":"QQ=A"})", "field \"payload\": must be bytes in base64"},
      {R"({"payload_tensor":"f32"})", "field \"payload_tensor\": must be an object of \"dtype\""},
      {R"({"payload_tensor":{"dtype":"f32"}})", "field \"payload_tensor\": must be an object"},
      {R"({"payload_tensor":{"dtype":"f32","shape":[0],"strides":[1]}})",
       "field \"payload_tensor\": must be an object of"},
      {R"({"payload_tensor":{"dtype":"float","shape":[0]}})",
       "field \"payload_tensor.dtype\": must"},
      {R"({"payload_tensor":{"dtype":0,"shape":[0]}})", "field \"payload_tensor.dtype\": must be"},
      {R"({"payload_tensor":{"dtype":"f32","shape":0}})",
       "field \"payload_tensor.shape\": must be"},
      {R"({"payload_tensor":{"dtype":"u8","shape":[1,1,1,1,1,1,1,1,1]},"payload":"QQ=="})",
       "field \"payload_tensor.shape\": must be a list of at most 8"},
      {R"({"payload_tensor":{"dtype":"f32","shape":[0.5]}})",
       "field \"payload_tensor.shape\": must be a whole number"},
      {R"({"payload_tensor":{"dtype":"u8","shape":[-1]},"payload":"QQ=="})", "negative extent"},
      {R"({"payload_tensor":{"dtype":"i16","shape":[2]},"payload":"QQ=="})",
       "payload_tensor, i16 [2], takes 4 bytes; the payload has 1"},
      {R"({"situation":{"base64":"QR=="}})", "field \"situation\": must be bytes in base64"},
      {"{\"situation\":\"\xff\"}", "encoding"},
  };
  int number = 0;
  for (const auto& one : cases) {
    const std::string file = folder.write("in.jsonl", good + "\n\n" + one.line + "\n" + good);
    const ToolRun run =
        run_tool({"store", "import", folder.path("s" + std::to_string(++number)), file});
    EXPECT_EQ(run.exit_code, 2) << one.line;
    EXPECT_EQ(run.out, "1 stored, 1 in the store\n") << one.line;
    EXPECT_THAT(run.err, AllOf(HasSubstr("in.jsonl:3: "), HasSubstr(one.expected)));
  }
}

TEST(StoreCommand, VerifyNamesDamagedRecordsAndExportPassesThemOver) {
  const TestFolder folder;
  const std::string path = folder.path("store");
  {
    ExperienceStore store =
        *ExperienceStore::open({.path = path, .write_buffer_bytes = std::size_t{1} << 20}, {});
    SeededRandom random(1);
    for (int i = 0; i < 400; ++i) {
      Experience e;
      e.situation = "number " + std::to_string(i);
      for (int at = 0; at < 8192; ++at) e.payload.push_back(std::byte(random.next_below(256)));
      ASSERT_TRUE(store.store(e));
    }
  }
  std::filesystem::path table;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() != ".sst") continue;
    if (table.empty() || entry.file_size() > std::filesystem::file_size(table)) table = entry;
  }
  ASSERT_GT(std::filesystem::file_size(table), 500'000U) << "no table holds payloads";
  std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(200'000);
  const int byte = file.get();
  file.seekp(200'000);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  const ToolRun verified = run_tool({"store", "verify", path});
  EXPECT_EQ(verified.exit_code, 1);
  EXPECT_THAT(verified.err, HasSubstr("block checksum mismatch"));
  const std::string out = folder.path("out.jsonl");
  const ToolRun exported = run_tool({"store", "export", path, out});
  EXPECT_EQ(exported.exit_code, 1) << exported.out;
  EXPECT_EQ(exported.err, verified.err);
  const std::size_t whole = split(read_file(out), '\n').size();
  EXPECT_GE(whole, 390U);
  EXPECT_LT(whole, 400U);
  EXPECT_THAT(verified.out, HasSubstr(std::to_string(whole) + " whole"));
}

TEST(StoreCommand, ABackupIsAStore) {
  const TestFolder folder;
  const Filled filled(folder);
  const std::string lines = run_tool({"store", "export", filled.path}).out;
  const std::string copy = folder.path("copy");
  const ToolRun run = run_tool({"store", "backup", filled.path, copy});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "301 copied\n");
  EXPECT_EQ(run_tool({"store", "backup", filled.path, folder.path("no/copy")}).exit_code, 1);
  std::filesystem::remove_all(filled.path);
  EXPECT_EQ(run_tool({"store", "verify", copy}).out, "301 whole, 0 damaged\n");
  EXPECT_EQ(run_tool({"store", "export", copy}).out, lines);
}

TEST(StoreCommand, CompactGivesRoomBack) {
  const TestFolder folder;
  const std::string path = folder.path("store");
  {
    ExperienceStore store = open_store(path, 4);
    for (int i = 0; i < 200; ++i) {
      Experience e{.action = std::to_string(i), .embedding = {1, 0, 0, 0}};
      e.payload.resize(10'000, static_cast<std::byte>(i));
      for (std::size_t at = 0; at < e.payload.size(); ++at)
        e.payload[at] ^= std::byte(at * at >> 3);
      ASSERT_TRUE(store.store(std::move(e)));
    }
    ASSERT_TRUE(store.remove_matching({}).has_value());
    ASSERT_TRUE(store.store({.action = "kept", .embedding = {1, 0, 0, 0}}));
  }
  const std::uintmax_t before = tools::bytes_on_disk(path);
  const ToolRun run = run_tool({"store", "compact", path});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("1 experiences, "));
  EXPECT_LT(tools::bytes_on_disk(path), before / 2);
  EXPECT_EQ(run_tool({"store", "verify", path}).out, "1 whole, 0 damaged\n");
}

TEST(StoreCommand, WhatCameToBeKnownLaterIsExportedToo) {
  const TestFolder folder;
  const std::string path = folder.path("store");
  const std::string other = folder.path("other");
  {
    ExperienceStore store = open_store(path, 4);
    const ExperienceId id = *store.store({.action = "a", .reward = 1, .embedding = {1, 0, 0, 0}});
    ASSERT_TRUE(store.store({.action = "b", .reward = 2, .embedding = {0, 1, 0, 0}}));
    ASSERT_TRUE(
        store.amend(id, {.outcome = Outcome::partial, .reward = 0, .uses = 3, .used_at_ns = 77})
            .ok());
  }
  const std::string lines = run_tool({"store", "export", path}).out;
  EXPECT_THAT(lines, HasSubstr(R"("standing":{"outcome":"partial","uses":3,"used_at_ns":77})"));
  const std::string file = folder.path("lines");
  std::ofstream(file) << lines;
  for (int again = 0; again < 2; ++again) {
    const ToolRun run = run_tool({"store", "import", other, file, "--dimension", "4"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run_tool({"store", "export", other}).out, lines);
  }
  std::ofstream(file) << R"({"action":"c","standing":{"use":1}})" << "\n";
  const ToolRun wrong = run_tool({"store", "import", other, file});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("\"standing\""));
}

TEST(StoreCommand, ABackupOfAnOpenStoreIsForWhoHasIt) {
  const TestFolder folder;
  const std::string path = folder.path("store");
  const ExperienceStore store = open_store(path, 4);
  const ToolRun run = run_tool({"store", "backup", path, folder.path("copy")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("close it there first"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("copy")));
}

TEST(StoreCommand, ADamagedLogOpensWithSalvageOnly) {
  const TestFolder folder;
  const Filled filled(folder);
  EXPECT_EQ(run_tool({"store", "verify", filled.path}).out, "301 whole, 0 damaged\n");
  // What is only in the write-ahead log is checked when it is opened; a flipped bit there is that.
  for (const auto& entry : std::filesystem::directory_iterator(filled.path)) {
    if (entry.path().extension() != ".log" || entry.file_size() < 5000) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4000);
    file.put('\x55');
  }
  const ToolRun broken = run_tool({"store", "verify", filled.path});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.err, HasSubstr("experience store"));
  const ToolRun salvaged = run_tool({"store", "verify", filled.path, "--salvage"});
  EXPECT_EQ(salvaged.exit_code, 0) << salvaged.err;
  EXPECT_THAT(salvaged.out, HasSubstr(" whole, 0 damaged"));
}

TEST(StoreCommand, WrongWordsAreExplained) {
  const TestFolder folder;
  const Filled filled(folder);
  const std::string nowhere = folder.path("nowhere");
  const struct {
    std::vector<std::string> words;
    const char* expected;
  } cases[] = {
      {{}, "inspect, export, import, verify, backup, compact and lift"},
      {{"list", filled.path}, "inspect, export, import, verify, backup, compact and lift"},
      {{"inspect"}, "needs a folder"},
      {{"inspect", nowhere}, "there is no experience store in"},
      {{"import", filled.path}, "at least one file"},
      {{"export", filled.path, "a", "b"}, "takes no file \"b\""},
      {{"verify", filled.path, "a"}, "takes no file \"a\""},
      {{"compact", filled.path, "a"}, "takes no file \"a\""},
      {{"compact", nowhere}, "there is no experience store in"},
      {{"backup", filled.path}, "needs a folder to make"},
      {{"backup", filled.path, "a", "b"}, "takes no file \"b\""},
      {{"backup", nowhere, folder.path("b")}, "there is no experience store in"},
      {{"backup", filled.path, filled.path}, "exists already"},
      {{"backup", filled.path, filled.path + "/b"}, "outside of it"},
      {{"export", filled.path, "--outcome", "good"}, "--outcome must be"},
      {{"import", filled.path, "x", "--dimension", "1"}, "--dimension"},
      {{"import", filled.path, "x", "--space", "code"}, "NAME=DIMENSION"},
      {{"import", filled.path, "x", "--space", "code=1"}, "--space code must be"},
      {{"import", filled.path, "x", "--space", "=8"}, "0 bytes"},
      {{"inspect", filled.path, "--space", "code=8"}, "takes no --space"},
      {{"import", filled.path, "x", "--dimension", "8"}, "of 4 dimensions"},
  };
  for (const auto& one : cases) {
    std::vector<std::string> words{"store"};
    words.insert(words.end(), one.words.begin(), one.words.end());
    const ToolRun run = run_tool(words);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr(one.expected));
  }
  EXPECT_FALSE(std::filesystem::exists(nowhere));
  EXPECT_EQ(run_tool({"store", "import", filled.path, nowhere}).exit_code, 1);
  EXPECT_EQ(run_tool({"store", "export", filled.path}, "/dev/full").exit_code, 1);
}

}  // namespace
}  // namespace frys::testing
