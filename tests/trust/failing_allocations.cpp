// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Every memory that the memory manager itself asks for is refused in turn: the N-th call of
// operator new, or the N-th mapping of pages, for N = 1, 2, 3, … until the whole scenario runs
// through; once with that one alone, once with all that come after it. Each refusal must end in a
// Status, and afterwards nothing may be missing: no byte live, no allocation of the heap left over.

#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "frys/core/fault.hpp"
#include "frys/memory/manager.hpp"
#include "trust/expect.hpp"

namespace {

constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

// One thread does everything, so plain numbers will do.
std::uint64_t calls = 0;
std::uint64_t first_refused = never;
std::uint64_t last_refused = 0;
std::int64_t outstanding = 0;

void* give(std::size_t bytes, std::size_t alignment) noexcept {
  ++calls;
  if (calls >= first_refused && calls <= last_refused) return nullptr;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded);
  if (memory != nullptr) ++outstanding;
  return memory;
}

void* give_or_throw(std::size_t bytes, std::size_t alignment) {
  void* memory = give(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void take_back(void* memory) noexcept {
  if (memory != nullptr) --outstanding;
  std::free(memory);
}

constexpr std::size_t usual = alignof(std::max_align_t);

}  // namespace

void* operator new(std::size_t bytes) { return give_or_throw(bytes, usual); }
void* operator new[](std::size_t bytes) { return give_or_throw(bytes, usual); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return give(bytes, usual); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return give(bytes, usual);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return give_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return give_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return give(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t&) noexcept {
  return give(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { take_back(memory); }
void operator delete[](void* memory) noexcept { take_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { take_back(memory); }
void operator delete[](void* memory, std::size_t) noexcept { take_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { take_back(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { take_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { take_back(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { take_back(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { take_back(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { take_back(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  take_back(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  take_back(memory);
}

namespace frys::trust {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

// Allocates nothing itself, as a refusal may be near.
struct Answers {
  std::uint64_t refused = 0;
  ErrorCode wrong = ErrorCode::ok;
  std::size_t live_bytes = 0;    ///< After everything was given back.
  std::size_t mapped_bytes = 0;  ///< And the manager closed.

  template <typename T>
  bool took(const Result<T>& result, ErrorCode also = ErrorCode::ok) {
    return result.has_value() || took(result.error(), also);
  }
  bool took(const Status& status, ErrorCode also = ErrorCode::ok) {
    if (status.ok()) return true;
    if (status == ErrorCode::out_of_memory) {
      ++refused;
    } else if (status.code() != also) {
      wrong = status.code();
    }
    return false;
  }
};

void use_scope(const MemoryScope& scope, Answers& answers) {
  Storage kept[8];
  const std::size_t sizes[] = {0, 64, 5000, 100000, mib, 3 * mib, 300 * 1024, 64};
  for (std::size_t i = 0; i < 8; ++i) {
    Result<Storage> block = scope.allocate(sizes[i]);
    if (answers.took(block)) kept[i] = *std::move(block);
  }
  Result<Scratch> small = scope.scratch(100);
  answers.took(small);
  Result<Scratch> large = scope.scratch(200000);
  answers.took(large);
  answers.took(scope.reserve(2 * mib));
  // Refused by the budget, with a message that may have no memory either.
  answers.took(scope.allocate(200 * mib), ErrorCode::budget_exceeded);
  answers.took(scope.reserve(200 * mib), ErrorCode::budget_exceeded);
  answers.took(scope.allocate(~std::size_t{0}), ErrorCode::invalid_argument);
  Result<MemoryScope> child = scope.child("a name that is too long to be kept in a string itself");
  if (answers.took(child)) {
    Result<Storage> block = child->allocate(70000);
    if (answers.took(block)) kept[0] = *std::move(block);
    answers.took(child->close());
    answers.took(child->allocate(1), ErrorCode::closed);
  }
  answers.took(Storage::wrap(&answers, sizeof(answers), {}, {}));
  static_cast<void>(scope.stats());
  static_cast<void>(scope.children());
}

void use_manager(FaultInjector* faults, Answers& answers) {
  Environment environment;
  environment.faults = faults;
  // Small segments, so that many mappings are needed.
  Result<TensorMemoryManager> memory = TensorMemoryManager::create(
      {.budget_bytes = 64 * mib, .pool = {.segment_bytes = 4 * mib}}, environment);
  if (!answers.took(memory)) return;
  const MemoryScope root = memory->root();
  {
    Result<MemoryScope> agent = memory->agent_scope("a workflow of a long name", "its agent");
    if (answers.took(agent)) use_scope(*agent, answers);
    answers.took(memory->workflow_scope("another workflow of a long name"));
    static_cast<void>(memory->snapshot().to_json());
    memory->trim();
  }
  answers.took(memory->close());
  answers.live_bytes = root.stats().live_bytes;
  memory->trim();
  answers.mapped_bytes = memory->pool_stats().mapped_bytes;
}

void judge(const Answers& answers, const std::string& when) {
  expect(answers.wrong == ErrorCode::ok,
         "the answer is out_of_memory, not " + std::string(to_string(answers.wrong)) + when);
  expect(answers.live_bytes == 0, std::to_string(answers.live_bytes) + " bytes stay live" + when);
  expect(answers.mapped_bytes == 0,
         std::to_string(answers.mapped_bytes) + " bytes stay mapped" + when);
}

// Returns whether the N-th call was reached.
bool refuse_new(std::uint64_t n, bool all_after) {
  Answers answers;
  const std::int64_t before = outstanding;
  calls = 0;
  first_refused = n;
  last_refused = all_after ? never : n;
  try {
    use_manager(nullptr, answers);
  } catch (...) {
    first_refused = never;
    expect(false, "an exception left the library when call " + std::to_string(n) + " was refused");
  }
  first_refused = never;
  const bool reached = calls >= n;
  const std::int64_t left = outstanding - before;
  const std::string when = " when call " + std::to_string(n) + " of operator new " +
                           (all_after ? "and all after it were" : "was") + " refused";
  judge(answers, when);
  expect(left == 0, std::to_string(left) + " allocations are left over" + when);
  return reached;
}

bool refuse_mapping(std::uint64_t n, bool all_after) {
  Answers answers;
  FaultInjector faults;
  faults.fail("memory.map", n, Status::out_of_memory(), all_after ? 1000000 : 1);
  const std::int64_t before = outstanding;
  use_manager(&faults, answers);
  const std::int64_t left = outstanding - before;
  const bool reached = faults.visits("memory.map") >= n;
  const std::string when = " when mapping " + std::to_string(n) + " was refused";
  judge(answers, when);
  expect(!reached || answers.refused != 0, "a refusal is told" + when);
  expect(left == 0, std::to_string(left) + " allocations are left over" + when);
  return reached;
}

int run() {
  Answers answers;
  use_manager(nullptr, answers);  // so that what is made once for the process is there
  expect(answers.refused == 0 && answers.wrong == ErrorCode::ok, "the scenario runs through");
  for (const bool all_after : {false, true}) {
    std::uint64_t n = 1;
    while (failures < 10 && refuse_new(n, all_after)) ++n;
    expect(n > 20, "many calls were refused, not " + std::to_string(n - 1));
    std::uint64_t m = 1;
    while (failures < 10 && refuse_mapping(m, all_after)) ++m;
    expect(m > 1, "mappings were refused");
    std::printf("%llu calls of operator new and %llu mappings were refused\n",
                static_cast<unsigned long long>(n - 1), static_cast<unsigned long long>(m - 1));
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace frys::trust

int main() { return frys::trust::run(); }
