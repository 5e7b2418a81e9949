// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "frys/memory/manager.hpp"
#include "tools/tool_runner.hpp"

namespace frys::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t mib = std::size_t{1} << 20;

// Two steps after each other, each with three blocks of 1 MiB at once, and one block that stays.
std::string record_two_steps(const TestFolder& folder) {
  const std::string path = folder.path("two.frystrace");
  auto memory = *TensorMemoryManager::create({.budget_bytes = 64 * mib}, {});
  EXPECT_TRUE(memory.start_trace(path).ok());
  const Storage stays = *memory.root().allocate(100);
  for (int i = 0; i < 2; ++i) {
    const MemoryScope step = *memory.agent_scope("w", "a")->child("s", {.budget_bytes = 4 * mib});
    EXPECT_TRUE(step.reserve(mib).ok());
    const Storage a = *step.allocate(mib);
    const Storage b = *step.allocate(mib - 63);
    const Storage c = *step.allocate(mib);
    EXPECT_FALSE(step.allocate(2 * mib));
  }
  EXPECT_TRUE(memory.stop_trace().ok());
  return path;
}

TEST(MemoryReplay, CountsWhatWasRecordedAndDoesItAgain) {
  const TestFolder folder;
  const std::string path = record_two_steps(folder);
  const ToolRun run = run_tool({"memory", "replay", path, "--json", "--rounds", "4"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  FlatJson json = flatten_json(run.out);
  ASSERT_TRUE(json.valid) << run.out;
  const auto number = [&](const char* key) {
    const std::string full = std::string("traces[0].") + key;
    EXPECT_TRUE(json.numbers.contains(full)) << full;
    return json.numbers[full];
  };
  EXPECT_EQ(json.strings["traces[0].trace"], path);
  EXPECT_EQ(number("threads"), 1);
  EXPECT_EQ(number("scopes"), 5);  // kernel, w, a, s, s
  EXPECT_EQ(number("blocks"), 7);
  EXPECT_EQ(number("reservations"), 2);
  EXPECT_EQ(number("refusals"), 2);
  EXPECT_EQ(number("refused_in_replay"), 0);
  EXPECT_EQ(number("operations"), 5 + 2 + 7 + 6 + 2);
  EXPECT_EQ(number("peak_bytes"), 3 * mib + 128);
  EXPECT_GE(number("committed_bytes"), number("peak_bytes"));
  EXPECT_LT(number("committed_bytes"), 2 * number("peak_bytes"));
  EXPECT_NEAR(number("committed_over_requested"), number("committed_bytes") / number("peak_bytes"),
              1e-9);
  EXPECT_GT(number("ns_per_operation"), 0);
  EXPECT_EQ(number("first_touch_pages_per_round"), 0);  // All that it needs it has kept.
  EXPECT_EQ(number("system_calls_per_round"), 0);
  EXPECT_EQ(json.strings["traces[0].largest_scopes[0].path"], "kernel");
  EXPECT_EQ(json.strings["traces[0].largest_scopes[3].path"], "kernel/w/a/s");
  EXPECT_EQ(number("largest_scopes[3].opened"), 2);
  EXPECT_EQ(number("largest_scopes[3].peak_bytes"), 3 * mib);
}

TEST(MemoryReplay, TheFirstRoundTouchesPages) {
  const TestFolder folder;
  const ToolRun run =
      run_tool({"memory", "replay", record_two_steps(folder), "--json", "--rounds", "1"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  FlatJson json = flatten_json(run.out);
  EXPECT_GT(json.numbers["traces[0].first_touch_pages_per_round"], 256);
  EXPECT_GT(json.numbers["traces[0].system_calls_per_round"], 0);
}

TEST(MemoryReplay, PrintsATable) {
  const TestFolder folder;
  const std::string path = record_two_steps(folder);
  const ToolRun run = run_tool({"memory", "replay", path, path});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, IsEmpty());
  EXPECT_THAT(run.out, HasSubstr("  peak requested, bytes               3145856\n"));
  EXPECT_THAT(run.out, HasSubstr("  kernel/w/a/s\n"));
  EXPECT_NE(run.out.find(path), run.out.rfind(path));
}

// The caches of the threads count: more threads keep more, as long as it is too little to be
// collected before the pool grows.
TEST(MemoryReplay, EachRecordedThreadHasOneOfItsOwn) {
  const TestFolder folder;
  const std::string path = folder.path("threads.frystrace");
  auto memory = *TensorMemoryManager::create({.budget_bytes = 64 * mib}, {});
  ASSERT_TRUE(memory.start_trace(path).ok());
  for (int i = 0; i < 8; ++i) {
    std::thread([&] { EXPECT_TRUE(memory.root().allocate(7000)); }).join();
  }
  ASSERT_TRUE(memory.stop_trace().ok());
  const auto committed = [&](const char* threads) {
    const ToolRun run = run_tool({"memory", "replay", path, "--json", "--threads", threads});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return flatten_json(run.out).numbers["traces[0].committed_bytes"];
  };
  EXPECT_GE(committed("64"), 8 * 7000);
  EXPECT_LT(committed("1"), 2 * 7000);
}

TEST(MemoryReplay, SaysWhatIsWrongWithATrace) {
  const TestFolder folder;
  const std::string whole = read_file(record_two_steps(folder));
  const struct {
    std::string path;
    const char* expected;
  } cases[] = {
      {folder.path("absent"), "No such file"},
      {folder.write("empty", ""), "byte 0: this is not an allocation trace"},
      {folder.write("text", "workflow,step\n"), "byte 0: this is not an allocation trace"},
      {folder.write("cut", whole.substr(0, whole.size() - 9)), "cut: byte "},
      {folder.write("changed", whole.substr(0, 50) + "x" + whole.substr(51)), "changed: byte "},
  };
  for (const auto& one : cases) {
    const ToolRun run = run_tool({"memory", "replay", one.path});
    EXPECT_EQ(run.exit_code, 2) << one.path;
    EXPECT_THAT(run.err, HasSubstr(one.expected));
    EXPECT_THAT(run.out, IsEmpty());
  }
}

}  // namespace
}  // namespace frys::testing
