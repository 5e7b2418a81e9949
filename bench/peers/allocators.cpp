// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "peers/allocators.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace frys::bench {
namespace {

template <typename Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

void* open_library(const char* name, std::string& problem) {
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) problem = ::dlerror();
  return library;
}

}  // namespace

TensorMemoryManager& Frys::memory() {
  static auto manager = TensorMemoryManager::create({}, {});
  return *manager;
}

MemoryScope Frys::open() {
  auto agent = memory().agent_scope("workflow", "agent");
  return agent ? agent->child("step").value_or(MemoryScope()) : MemoryScope();
}

void Frys::fail(const Status& why) {
  std::fprintf(stderr, "memory_bench: %s\n", why.to_string().c_str());
  std::exit(1);
}

Libc::Block Libc::allocate(std::size_t bytes) {
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void Libc::free(Block block) { std::free(block); }

Mimalloc::Functions Mimalloc::load() {
  Functions functions;
  void* library = open_library("libmimalloc.so.2", functions.problem);
  if (library == nullptr) return functions;
  if (!(find(library, "mi_malloc_aligned", functions.allocate) &&
        find(library, "mi_free", functions.free) &&
        find(library, "mi_heap_new", functions.heap_new) &&
        find(library, "mi_heap_malloc_aligned", functions.heap_allocate) &&
        find(library, "mi_heap_destroy", functions.heap_destroy))) {
    functions.problem = "this mimalloc lacks a function";
  }
  return functions;
}

// Debian's wants static thread-local space: GLIBC_TUNABLES=glibc.rtld.optional_static_tls=65536,
// which scripts/bench sets, lets the loader keep some.
LoadedAllocator Jemalloc::load() {
  LoadedAllocator functions;
  void* library = open_library("libjemalloc.so.2", functions.problem);
  if (library == nullptr) return functions;
  if (!(find(library, "aligned_alloc", functions.allocate) &&
        find(library, "free", functions.free))) {
    functions.problem = "this jemalloc lacks a function";
  }
  return functions;
}

std::string problem_with(const std::string& ready, char* data, std::size_t bytes) {
  if (!ready.empty()) return ready;
  if (data == nullptr) return "no memory";
  if (reinterpret_cast<std::uintptr_t>(data) % alignment != 0) return "misaligned block";
  std::memset(data, 1, bytes);
  return {};
}

}  // namespace frys::bench
