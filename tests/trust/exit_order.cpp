// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Objects of the library that live until the process ends, and go in whatever order the host's own
// objects are destroyed: a manager, a scope, a block and a borrow of scratch, each in a
// thread_local object or in one of two static ones, in every combination, of the main thread and
// of one that ends before. Each combination has a process of its own, which must end with 0.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "frys/memory/manager.hpp"
#include "trust/expect.hpp"

namespace frys::trust {
namespace {

constexpr int kinds = 4;
constexpr int places = 3;
constexpr int combinations = 81;  // places to the power of kinds

// What is left when everything else is gone says how it ended. When all is well it lets the process
// go on to its end, where a sanitizer looks for leaks.
struct Judge {
  int expected = 0;
  int destroyed = 0;
  ~Judge() {
    if (destroyed != expected) std::_Exit(3);
  }
};
Judge judge;

struct Slot {
  std::optional<TensorMemoryManager> manager;
  MemoryScope scope;
  Storage block;
  Scratch scratch;

  ~Slot() {
    // A block may be read and written until its handle goes, also when its manager went long ago.
    if (block) {
      const auto* bytes = static_cast<const unsigned char*>(block.data());
      if (bytes[0] != 7 || bytes[block.size_bytes() - 1] != 7) std::_Exit(4);
    }
    judge.destroyed += manager.has_value() + (scope.path() != "") + bool(block) + has_scratch;
  }
  bool has_scratch = false;
};

Slot first;   // destroyed last
Slot second;  // destroyed before it
thread_local Slot local;

Slot& slot(int number) { return number == 0 ? first : number == 1 ? second : local; }

void fill(int combination) {
  judge.expected = kinds;
  const auto next = [&]() -> Slot& {
    Slot& chosen = slot(combination % places);
    combination /= places;
    return chosen;
  };
  Slot& of_manager = next();
  of_manager.manager.emplace(*TensorMemoryManager::create({.budget_bytes = 64U << 20}, {}));
  Slot& of_scope = next();
  of_scope.scope = *of_manager.manager->agent_scope("workflow", "agent");
  Slot& of_block = next();
  of_block.block = *of_scope.scope.allocate(100000);
  std::memset(of_block.block.data(), 7, of_block.block.size_bytes());
  Slot& of_scratch = next();
  of_scratch.scratch = *of_scope.scope.scratch(1000);
  of_scratch.has_scratch = true;
}

[[noreturn]] void live_and_end(int combination, bool in_thread) {
  if (in_thread) {
    std::thread([&] { fill(combination); }).join();
  } else {
    fill(combination);
  }
  std::exit(0);
}

void run(int combination, bool in_thread) {
  const pid_t child = ::fork();
  if (child == 0) live_and_end(combination, in_thread);
  int status = 0;
  ::waitpid(child, &status, 0);
  const std::string name = "combination " + std::to_string(combination) +
                           (in_thread ? " in a thread that ends" : "") + " ends with 0";
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0,
         name + ", not with status " + std::to_string(status));
}

}  // namespace
}  // namespace frys::trust

int main() {
  for (int combination = 0; combination < frys::trust::combinations; ++combination) {
    frys::trust::run(combination, false);
    frys::trust::run(combination, true);
  }
  return frys::trust::failures == 0 ? 0 : 1;
}
