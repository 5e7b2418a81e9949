// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/trace.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/manager.hpp"
#include "memory/trace_format.hpp"
#include "support/temporary_folder.hpp"

namespace frys {
namespace {

using ::testing::HasSubstr;
using Kind = MemoryEventKind;

constexpr std::size_t mib = std::size_t{1} << 20;

struct RecordingSink final : LogSink {
  std::string text;
  void write(const LogRecord& record) noexcept override { text += record.message; }
};

std::vector<Kind> kinds(const MemoryTrace& trace) {
  std::vector<Kind> all;
  for (const MemoryEvent& event : trace.events) all.push_back(event.kind);
  return all;
}

std::size_t count(const MemoryTrace& trace, Kind kind) {
  std::size_t sum = 0;
  for (const MemoryEvent& event : trace.events) sum += event.kind == kind ? 1 : 0;
  return sum;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<MemoryTrace> parse(const std::string& bytes) {
  return MemoryTrace::parse(std::as_bytes(std::span(bytes)), "trace");
}

// With its end as the writer would have put it.
std::string with_sum(std::string bytes) {
  const std::uint64_t sum = detail::fnv_1a(detail::fnv_start, bytes);
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(sum >> shift);
  return bytes;
}

class Trace : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = TensorMemoryManager::create({.budget_bytes = 64 * mib}, environment());
    ASSERT_TRUE(made);
    memory.emplace(*std::move(made));
  }
  Environment environment() {
    Environment environment;
    environment.clock = &clock;
    environment.log = &log;
    return environment;
  }
  MemoryTrace stopped() {
    const Status status = memory->stop_trace();
    EXPECT_TRUE(status.ok()) << status.message();
    Result<MemoryTrace> trace = MemoryTrace::read(path);
    EXPECT_TRUE(trace) << trace.status().message();
    return trace.value_or(MemoryTrace());
  }

  testing::TemporaryFolder folder;
  std::string path = folder.path() + "/t.frystrace";
  ManualClock clock{1000};
  RecordingSink log;
  std::optional<TensorMemoryManager> memory;
};

TEST_F(Trace, TellsWhatHappenedInOrder) {
  const MemoryScope agent = *memory->root().child("agent");
  ASSERT_TRUE(memory->start_trace(path).ok());
  clock.advance(5);
  const MemoryScope step = *agent.child("step", {.budget_bytes = mib});
  clock.advance(1000);
  Storage first = *step.allocate(100);
  Storage second = *step.allocate(2 * mib / 4);
  first.reset();
  EXPECT_EQ(step.allocate(2 * mib).status().code(), ErrorCode::budget_exceeded);
  EXPECT_TRUE(step.reserve(4096).ok());
  EXPECT_FALSE(step.reserve(2 * mib).ok());
  ASSERT_TRUE(step.close().ok());
  second.reset();
  const MemoryTrace trace = stopped();

  ASSERT_EQ(trace.scopes.size(), 3U);
  EXPECT_EQ(trace.scopes[0].name, "kernel");
  EXPECT_EQ(trace.scopes[0].parent, no_scope_number);
  EXPECT_EQ(trace.scopes[0].budget_bytes, 64 * mib);
  EXPECT_EQ(trace.scopes[1].name, "agent");
  EXPECT_EQ(trace.scopes[1].budget_bytes, unlimited_bytes);
  EXPECT_EQ(trace.scopes[2].name, "step");
  EXPECT_EQ(trace.scopes[2].parent, 1U);
  EXPECT_EQ(trace.scopes[2].budget_bytes, mib);
  EXPECT_EQ(trace.blocks, 2U);
  EXPECT_EQ(trace.threads, 1U);
  EXPECT_EQ(kinds(trace), (std::vector{Kind::opened, Kind::opened, Kind::opened, Kind::allocated,
                                       Kind::allocated, Kind::freed, Kind::refused, Kind::reserved,
                                       Kind::refused, Kind::closed, Kind::freed}));
  EXPECT_EQ(trace.events[2].time_ns, 5);
  EXPECT_EQ(trace.events[3].time_ns, 1005);
  EXPECT_EQ(trace.events[3].bytes, 100U);
  EXPECT_EQ(trace.events[3].scope, 2U);
  EXPECT_EQ(trace.events[5].block, 0U);
  EXPECT_EQ(trace.events[5].bytes, 100U);
  EXPECT_EQ(trace.events[6].bytes, 2 * mib);
  EXPECT_FALSE(trace.events[6].by_system);
  EXPECT_EQ(trace.events[7].bytes, 4096U);
  EXPECT_EQ(trace.events[10].block, 1U);
  EXPECT_EQ(trace.peak_bytes(), 128 + mib / 2);
}

TEST_F(Trace, BlocksFromBeforeAreTold) {
  Storage before = *memory->root().allocate(1000);
  Storage warm = *memory->root().allocate(1000);
  warm.reset();  // This thread now has credit and a free block.
  ASSERT_TRUE(memory->start_trace(path).ok());
  before.reset();
  warm = *memory->root().allocate(1000);
  const MemoryTrace trace = stopped();
  EXPECT_EQ(kinds(trace), (std::vector{Kind::opened, Kind::freed_old, Kind::allocated}));
  EXPECT_EQ(trace.events[1].bytes, 1000U);
  // And what goes on after is not.
  warm.reset();
  ASSERT_TRUE(memory->start_trace(path).ok());
  EXPECT_EQ(kinds(stopped()), std::vector{Kind::opened});
}

TEST_F(Trace, ScratchIsABlockOfItsScope) {
  ASSERT_TRUE(memory->start_trace(path).ok());
  {
    const MemoryScope step = *memory->root().child("step");
    const Scratch a = *step.scratch(100);
    const Scratch b = *step.scratch(100);
  }
  const MemoryTrace trace = stopped();
  EXPECT_EQ(kinds(trace),
            (std::vector{Kind::opened, Kind::opened, Kind::allocated, Kind::closed, Kind::freed}));
  EXPECT_EQ(trace.events[2].bytes, std::size_t{64} << 10);
}

TEST_F(Trace, CountsAndBudgetsAreTheSameMeanwhile) {
  const MemoryScope step = *memory->root().child("step", {.budget_bytes = 10 * 64});
  std::vector<Storage> held;
  for (int i = 0; i < 5; ++i) held.push_back(*step.allocate(64));
  ASSERT_TRUE(memory->start_trace(path).ok());
  for (int i = 0; i < 5; ++i) held.push_back(*step.allocate(64));
  EXPECT_FALSE(step.allocate(1));
  EXPECT_EQ(step.stats().live_bytes, 640U);
  held.clear();
  EXPECT_EQ(step.stats().live_bytes, 0U);
  EXPECT_EQ(step.stats().peak_bytes, 640U);
  const MemoryTrace trace = stopped();
  EXPECT_EQ(count(trace, Kind::freed_old), 5U);
  EXPECT_EQ(count(trace, Kind::freed), 5U);
  for (int i = 0; i < 10; ++i) held.push_back(*step.allocate(64));
  EXPECT_EQ(step.stats().allocations, 20U);
}

TEST_F(Trace, SystemRefusalsAreToldApart) {
  FaultInjector faults;
  faults.fail("memory.map", 1, Status::out_of_memory());
  Environment with_faults = environment();
  with_faults.faults = &faults;
  memory.emplace(*TensorMemoryManager::create({.budget_bytes = 64 * mib}, with_faults));
  ASSERT_TRUE(memory->start_trace(path).ok());
  EXPECT_EQ(memory->root().allocate(100).status().code(), ErrorCode::out_of_memory);
  const MemoryTrace trace = stopped();
  ASSERT_EQ(kinds(trace), (std::vector{Kind::opened, Kind::refused}));
  EXPECT_TRUE(trace.events[1].by_system);
}

// Each thread frees what the one before it allocated, in scopes that come and go, while the
// recording starts.
TEST_F(Trace, LosesNothingWithManyThreads) {
  constexpr int threads = 4;
  constexpr int rounds = 2000;
  std::vector<std::atomic<Storage*>> boxes(threads);
  std::atomic<int> ready{0};
  std::atomic<bool> recording{false};
  const auto work = [&](int self) {
    ready.fetch_add(1);
    while (!recording.load()) static_cast<void>(memory->root().allocate(64));
    for (int i = 0; i < rounds; ++i) {
      const MemoryScope step = *memory->root().child("s");
      auto* block = new Storage(*step.allocate(static_cast<std::size_t>(64 * (i % 40))));
      delete boxes[static_cast<std::size_t>((self + 1) % threads)].exchange(block);
    }
  };
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) running.emplace_back(work, i);
  while (ready.load() != threads) std::this_thread::yield();
  ASSERT_TRUE(memory->start_trace(path).ok());
  recording.store(true);
  for (std::thread& thread : running) thread.join();
  for (auto& box : boxes) delete box.exchange(nullptr);
  const MemoryTrace trace = stopped();  // The reader checks that each block freed was live.
  EXPECT_EQ(count(trace, Kind::opened), 1U + threads * rounds);
  EXPECT_EQ(count(trace, Kind::closed), std::size_t{threads} * rounds);
  EXPECT_GE(trace.blocks, std::uint64_t{threads} * rounds);
  EXPECT_EQ(count(trace, Kind::freed), trace.blocks);
  EXPECT_LE(trace.threads, threads + 1U);
  EXPECT_GE(trace.threads, 2U);
  std::size_t at_the_end = 0;
  for (const MemoryEvent& event : trace.events) {
    if (event.kind == Kind::allocated && trace.scopes[event.scope].name == "s") ++at_the_end;
  }
  EXPECT_EQ(at_the_end, std::size_t{threads} * rounds);
}

TEST_F(Trace, ManyThreadsHaveNumbersOfTheirOwn) {
  ASSERT_TRUE(memory->start_trace(path).ok());
  for (int i = 0; i < 20; ++i) {
    std::thread([&] { static_cast<void>(memory->root().allocate(64)); }).join();
  }
  const MemoryTrace trace = stopped();
  EXPECT_EQ(trace.threads, 21U);
  EXPECT_EQ(trace.events.back().thread, 20U);
}

TEST_F(Trace, ErrorsAreValues) {
  EXPECT_EQ(memory->stop_trace().code(), ErrorCode::failed_precondition);
  EXPECT_EQ(memory->start_trace(folder.path()).code(), ErrorCode::io_error);
  EXPECT_EQ(memory->start_trace("/no/such/folder/t").code(), ErrorCode::io_error);
  ASSERT_TRUE(memory->start_trace(path).ok());
  const Status again = memory->start_trace(path + "2");
  EXPECT_EQ(again.code(), ErrorCode::failed_precondition);
  EXPECT_THAT(std::string(again.message()), HasSubstr(path));
  EXPECT_TRUE(memory->stop_trace().ok());
  ASSERT_TRUE(memory->close().ok());
  EXPECT_EQ(memory->start_trace(path).code(), ErrorCode::closed);
  EXPECT_EQ(MemoryTrace::read(folder.path() + "/none").status().code(), ErrorCode::io_error);
  EXPECT_EQ(MemoryTrace::read(folder.path()).status().code(), ErrorCode::io_error);
}

TEST_F(Trace, AFullDiskIsTheRecordersTrouble) {
  ASSERT_TRUE(memory->start_trace("/dev/full").ok());
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(memory->root().allocate(64));
  const Status status = memory->stop_trace();
  EXPECT_EQ(status.code(), ErrorCode::io_error);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/dev/full"));
  EXPECT_EQ(memory->root().stats().allocations, 100'000U);
  // The next recording knows nothing of it.
  ASSERT_TRUE(memory->start_trace(path).ok());
  EXPECT_EQ(stopped().events.size(), 1U);
}

TEST_F(Trace, ClosingTheManagerEndsIt) {
  ASSERT_TRUE(memory->start_trace(path).ok());
  Storage held = *memory->root().allocate(64);
  ASSERT_TRUE(memory->close().ok());
  held.reset();
  const auto trace = MemoryTrace::read(path);
  ASSERT_TRUE(trace) << trace.status().message();
  EXPECT_EQ(kinds(*trace), (std::vector{Kind::opened, Kind::allocated, Kind::closed}));
  SetUp();
  ASSERT_TRUE(memory->start_trace("/dev/full").ok());
  ASSERT_TRUE(memory->close().ok());
  EXPECT_THAT(log.text, HasSubstr("/dev/full"));
}

class TraceBytes : public Trace {
 protected:
  // A trace with every kind of record.
  std::string recorded() {
    Storage old = *memory->root().allocate(64);
    EXPECT_TRUE(memory->start_trace(path).ok());
    old.reset();
    for (int i = 0; i < 3; ++i) {
      const MemoryScope step = *memory->root().child("step", {.budget_bytes = 4096});
      const Storage a = *step.allocate(100);
      const Storage b = *step.allocate(200);
      EXPECT_FALSE(step.allocate(mib));
      EXPECT_TRUE(step.reserve(1).ok());
      clock.advance(1'000'000);
    }
    EXPECT_TRUE(memory->stop_trace().ok());
    return bytes_of(path);
  }
};

TEST_F(TraceBytes, CutAnywhereIsSeen) {
  const std::string whole = recorded();
  ASSERT_TRUE(parse(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(parse(whole.substr(0, length)).status().code(), ErrorCode::corruption) << length;
  }
  EXPECT_EQ(parse(whole + '\0').status().code(), ErrorCode::corruption);
}

TEST_F(TraceBytes, ABitTurnedIsSeen) {
  std::string bytes = recorded();
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
    EXPECT_EQ(parse(bytes).status().code(), ErrorCode::corruption) << i;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
  }
}

// With a right checksum, so that what is behind it is reached: every number that is used as an
// index is within its table, whatever the bytes are.
TEST_F(TraceBytes, AnyBytesAreSafe) {
  const std::string whole = recorded();
  SeededRandom random(7);
  std::size_t accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole.substr(0, whole.size() - 8);
    for (std::uint64_t changes = 1 + random.next_below(4); changes != 0; --changes) {
      bytes[9 + random.next_below(bytes.size() - 9)] = static_cast<char>(random.next());
    }
    const auto trace = parse(with_sum(bytes));
    if (!trace) {
      EXPECT_EQ(trace.status().code(), ErrorCode::corruption);
      continue;
    }
    ++accepted;
    for (const MemoryEvent& event : trace->events) {
      EXPECT_LT(event.thread, trace->threads);
      EXPECT_TRUE(event.kind == Kind::freed_old || event.scope < trace->scopes.size());
      EXPECT_TRUE(event.kind != Kind::freed || event.block < trace->blocks);
    }
    EXPECT_LE(trace->peak_bytes(), std::uint64_t{1} << 62);
  }
  EXPECT_GT(accepted, 0U);  // Names and times may be anything.
}

TEST_F(TraceBytes, SaysWhereAndWhatIsWrong) {
  const auto message = [](const std::string& bytes) {
    return std::string(parse(bytes).status().message());
  };
  const std::string start = "frystrce\1";
  const std::string root = start + std::string("\1\0\0\0\1k", 6);
  EXPECT_THAT(message("something else"), HasSubstr("trace: byte 0: this is not an allocation"));
  EXPECT_THAT(message(std::string("frystrce\2")), HasSubstr("version 2"));
  EXPECT_THAT(message(root), HasSubstr("byte 15: the trace ends before its end record"));
  EXPECT_THAT(message(root + std::string("\3\0\1\5", 4)), HasSubstr("the scope is 1, at most 0"));
  EXPECT_THAT(message(root + std::string("\4\0\1", 3)), HasSubstr("no block was allocated"));
  EXPECT_THAT(message(root + std::string("\3\0\0\5\4\0\1\4\0\1", 10)),
              HasSubstr("byte 22: the block freed is not allocated"));
  EXPECT_THAT(message(root + std::string("\1\0\0\0\1k", 6)), HasSubstr("no other, has no parent"));
  EXPECT_THAT(message(root + std::string("\2\0\0\2\0\0", 6)), HasSubstr("closed twice"));
  EXPECT_THAT(message(root + std::string("\1\0\1\0\x7fk", 6)), HasSubstr("name's length is 127"));
  EXPECT_THAT(message(root + std::string("\x23\0\0\5", 4)), HasSubstr("thread 2 comes before"));
  EXPECT_THAT(message(root + std::string("\x09\0", 2)), HasSubstr("no record of kind 9"));
  EXPECT_THAT(message(root + "\3" + std::string(11, '\xff')), HasSubstr("longer than 64 bits"));
  EXPECT_THAT(message(root + std::string("\x08\0\5", 3)), HasSubstr("tells of 5 records"));
  EXPECT_THAT(message(root + std::string("\x08\0\1", 3) + "12345678"), HasSubstr("checksum"));
  EXPECT_TRUE(parse(with_sum(root + std::string("\x08\0\1", 3))));
}

}  // namespace
}  // namespace frys
