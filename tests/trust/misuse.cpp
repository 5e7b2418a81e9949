// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One mistake of a host, so that a memory tool may be asked whether it sees it although blocks come
// from a pool; or none, at length.
// usage: frys_memory_misuse clean|use-after-free|overflow|stale-scratch BYTES

#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "frys/core/random.hpp"
#include "frys/memory/manager.hpp"
#include "trust/expect.hpp"

namespace frys::trust {
namespace {

TensorMemoryManager make_manager() {
  return *TensorMemoryManager::create({.budget_bytes = std::size_t{256} << 20}, {});
}

volatile char* bytes_of(const Storage& block) { return static_cast<volatile char*>(block.data()); }

void use_after_free(std::size_t bytes) {
  TensorMemoryManager memory = make_manager();
  volatile char* stale = nullptr;
  {
    const Storage block = *memory.root().allocate(bytes);
    stale = bytes_of(block);
    stale[bytes / 2] = 1;
  }
  stale[bytes / 2] = 2;
}

// All bytes of a size class are the block's own, and what lies behind them is live.
void overflow(std::size_t bytes) {
  TensorMemoryManager memory = make_manager();
  std::vector<Storage> row;
  for (int i = 0; i < 8; ++i) row.push_back(*memory.root().allocate(bytes));
  bytes_of(row[3])[bytes] = 1;
}

void stale_scratch(std::size_t bytes) {
  TensorMemoryManager memory = make_manager();
  const Scratch kept = *memory.root().scratch(64);
  volatile std::byte* stale = nullptr;
  {
    const Scratch borrow = *memory.root().scratch(bytes);
    stale = borrow.bytes().data();
    stale[0] = std::byte{1};
  }
  stale[0] = std::byte{2};
}

// Everything that is right: whole blocks written and read, scratch, scopes, in a random order.
void clean() {
  TensorMemoryManager memory = make_manager();
  SeededRandom random(1);
  std::vector<std::pair<Storage, int>> held;
  for (int i = 0; i < 20000; ++i) {
    const MemoryScope step = *memory.root().child("step");
    const Scratch scratch = *step.scratch(random.next_below(5000));
    std::memset(scratch.bytes().data(), i, scratch.bytes().size());
    const std::size_t bytes =
        random.next_below(std::uint64_t{1} << random.next_below(i % 100 == 0 ? 22 : 14));
    held.emplace_back(*step.allocate(bytes), i % 128);
    std::memset(held.back().first.data(), i % 128, bytes);
    if (held.size() < 200) continue;
    std::swap(held[random.next_below(held.size())], held.back());
    const auto& [block, value] = held.back();
    for (std::size_t at = 0; at < block.size_bytes(); ++at) {
      if (bytes_of(block)[at] != value) expect(false, "the content stays");
    }
    held.pop_back();
    if (i % 1000 == 0) memory.trim();
  }
}

int run(std::string_view what, std::size_t bytes) {
  if (what == "clean") {
    clean();
  } else if (what == "use-after-free") {
    use_after_free(bytes);
  } else if (what == "overflow") {
    overflow(bytes);
  } else if (what == "stale-scratch") {
    stale_scratch(bytes);
  } else {
    std::fprintf(stderr,
                 "usage: frys_memory_misuse clean|use-after-free|overflow|stale-scratch BYTES\n");
    return 2;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace frys::trust

int main(int count, char** words) {
  if (count != 3) return frys::trust::run("", 0);
  return frys::trust::run(words[1], std::strtoull(words[2], nullptr, 10));
}
