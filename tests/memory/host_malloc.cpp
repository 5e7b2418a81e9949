// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A host that uses memory of the library and looks whether its own `malloc` is still its own.
//
//   host_malloc <upstream wanted> <upstream expected>
//
// The exit status is set by what runs last of all in the process: 0 when everything held, 77 when
// the upstream is not on this machine.

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "frys/memory/manager.hpp"
#include "frys/memory/upstream.hpp"

namespace {

using frys::MemoryUpstream;

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "does not hold: %s\n", what);
}

MemoryUpstream upstream_of(std::string_view name) {
  for (MemoryUpstream known : {MemoryUpstream::mimalloc, MemoryUpstream::jemalloc}) {
    if (to_string(known) == name) return known;
  }
  return MemoryUpstream::system;
}

// Where the process's functions are, as every library that is loaded later finds them.
std::vector<void*> host_functions(void* scope) {
  std::vector<void*> found;
  for (const char* name : {"malloc", "calloc", "realloc", "free", "aligned_alloc", "posix_memalign",
                           "memalign", "malloc_usable_size", "_Znwm", "_ZdlPv"}) {
    found.push_back(::dlsym(scope, name));
  }
  return found;
}

std::size_t host_bytes() { return ::mallinfo2().uordblks; }

std::optional<frys::Storage> wrap_nothing() {
  auto storage = frys::Storage::wrap(nullptr, 0, {}, nullptr);
  return storage ? std::optional(*std::move(storage)) : std::nullopt;
}

// What the host still holds when `main` is over.
struct Held {
  std::vector<frys::Storage> blocks;
  frys::MemoryScope scope;
  ~Held() {
    expect(scope.allocate(100).has_value() || !scope.is_open(), "a scope outlives main");
    blocks.clear();
  }
};
Held held;  // made before any library is loaded, so its destructor runs after theirs
std::optional<frys::Storage> very_last;
int status_before_exit = 1;

__attribute__((destructor)) void end_of_process() {
  very_last.reset();
  expect(wrap_nothing().has_value(), "memory is to be had at the very end");
  ::_exit(failures != 0 ? 1 : status_before_exit);
}

void malloc_is_the_hosts() {
  const std::size_t before = host_bytes();
  void* block = std::malloc(100'000);
  std::memset(block, 1, 100'000);
  expect(host_bytes() >= before + 100'000, "the C library counts what malloc gave");
  const std::size_t usable = ::malloc_usable_size(block);
  expect(usable >= 100'000 && usable < 101'000, "the C library knows the block's size");
  std::free(block);
  expect(host_bytes() < before + 100'000, "the C library took the block back");
}

void small_objects_come_from(MemoryUpstream expected) {
  constexpr std::size_t count = 4000;
  std::vector<std::optional<frys::Storage>> wrapped(count);
  const std::size_t before = host_bytes();
  for (auto& storage : wrapped) storage = wrap_nothing();
  const bool from_host = host_bytes() >= before + count * sizeof(frys::detail::StorageRecord);
  expect(from_host == (expected == MemoryUpstream::system), "small objects come from the upstream");
}

void the_library_stays_loaded(const char* name) {
  void* library = ::dlopen(name, RTLD_NOW | RTLD_NOLOAD);
  expect(library != nullptr, "the upstream is loaded");
  for (int i = 0; i < 3 && library != nullptr; ++i) ::dlclose(library);
  expect(::dlopen(name, RTLD_NOW | RTLD_NOLOAD) != nullptr, "a host cannot unload it");
}

void use_memory(MemoryUpstream wanted, MemoryUpstream expected) {
  auto memory = frys::TensorMemoryManager::create({.pool = {.upstream = wanted}}, {});
  if (!memory) return expect(false, "a manager is to be had");
  expect(memory->pool_stats().metadata == expected, "the statistics say what serves");
  expect(memory->pool_stats().upstream == expected, "the statistics say where pages come from");
  held.scope = memory->root();
  for (std::size_t bytes : {1UL, 5000UL, 70'000UL, std::size_t{3} << 20}) {
    auto block = held.scope.child("step")->allocate(bytes);
    expect(block.has_value(), "a block is to be had");
    if (block) held.blocks.push_back(*std::move(block));
  }
  std::thread([&] {
    if (auto block = held.scope.allocate(300)) held.blocks.push_back(*std::move(block));
    held.blocks.push_back(*wrap_nothing());
  }).join();
  very_last = wrap_nothing();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const MemoryUpstream expected = upstream_of(argv[2]);
  const std::vector<void*> before = host_functions(RTLD_DEFAULT);
  if (!frys::is_available(expected)) {
    status_before_exit = 77;
    return 0;
  }
  expect(frys::choose_metadata_upstream(upstream_of(argv[1])) == expected, "the choice");
  use_memory(upstream_of(argv[1]), expected);
  small_objects_come_from(expected);
  malloc_is_the_hosts();
  expect(host_functions(RTLD_DEFAULT) == before, "the host's functions are where they were");
  void* later = ::dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
  expect(later != nullptr && host_functions(later)[0] == before[0], "as another library sees it");
  if (expected == MemoryUpstream::mimalloc) the_library_stays_loaded("libmimalloc.so.2");
  if (expected == MemoryUpstream::jemalloc) the_library_stays_loaded("libjemalloc.so.2");
  status_before_exit = 0;
  return 1;  // what runs last decides
}
