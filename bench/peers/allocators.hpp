// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the rows of memory_bench are measured with: `MemoryScope` as it is shipped, budgets, counts
// and statistics on, beside general-purpose allocators giving plain 64-byte-aligned blocks.
//
// mimalloc and jemalloc are loaded at run time into a scope of their own: linked, they would
// replace `malloc` for the whole process, and the C library's rows would measure them too.

#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "frys/memory/manager.hpp"

namespace frys::bench {

inline constexpr std::size_t alignment = 64;

/// Each has `Block`, `who`, `allocate`, `data` and `free`; `ready` says why it cannot run, or
/// nothing.
struct Frys {
  using Block = Storage;
  static constexpr const char* who = "frys";
  static std::string ready() { return scope().is_open() ? "" : "the memory manager did not open"; }

  static TensorMemoryManager& memory();
  /// A step's scope, at the depth that a workflow's steps have.
  static const MemoryScope& scope() {
    static const MemoryScope step = open();
    return step;
  }
  static Block allocate(std::size_t bytes) {
    auto block = scope().allocate(bytes);
    if (!block) fail(block.error());
    return *std::move(block);
  }
  static char* data(const Block& block) { return static_cast<char*>(block.data()); }
  static void free(Block& block) { block.reset(); }

 private:
  static MemoryScope open();
  /// A row that goes on without its block would measure nothing: ends the program.
  [[noreturn]] static void fail(const Status& why);
};

struct Libc {
  using Block = void*;
  static constexpr const char* who = "libc";
  static std::string ready() { return ""; }
  static Block allocate(std::size_t bytes);
  static char* data(Block block) { return static_cast<char*>(block); }
  static void free(Block block);
};

/// What a library that replaces `malloc` is called through.
struct LoadedAllocator {
  void* (*allocate)(std::size_t first, std::size_t second) = nullptr;
  void (*free)(void* block) = nullptr;
  std::string problem;
};

struct Mimalloc {
  using Block = void*;
  static constexpr const char* who = "mimalloc";
  struct Functions : LoadedAllocator {
    void* (*heap_new)() = nullptr;
    void* (*heap_allocate)(void* heap, std::size_t bytes, std::size_t alignment) = nullptr;
    void (*heap_destroy)(void* heap) = nullptr;
  };
  static const Functions& functions() {
    static const Functions loaded = load();
    return loaded;
  }
  static std::string ready() { return functions().problem; }
  static Block allocate(std::size_t bytes) { return functions().allocate(bytes, alignment); }
  static char* data(Block block) { return static_cast<char*>(block); }
  static void free(Block block) { functions().free(block); }

 private:
  static Functions load();
};

struct Jemalloc {
  using Block = void*;
  static constexpr const char* who = "jemalloc";
  static const LoadedAllocator& functions() {
    static const LoadedAllocator loaded = load();
    return loaded;
  }
  static std::string ready() { return functions().problem; }
  static Block allocate(std::size_t bytes) {
    return functions().allocate(alignment, (bytes + alignment - 1) / alignment * alignment);
  }
  static char* data(Block block) { return static_cast<char*>(block); }
  static void free(Block block) { functions().free(block); }

 private:
  static LoadedAllocator load();
};

/// Why `Allocator` cannot give blocks of `bytes` bytes here, or nothing. Some versions of mimalloc
/// misalign blocks whose size is their alignment. The block is written once, so that rows of large
/// blocks, which have few iterations, tell what a block costs again and not what it costs first.
std::string problem_with(const std::string& ready, char* data, std::size_t bytes);

}  // namespace frys::bench
