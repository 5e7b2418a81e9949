// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A tree of memory budgets: kernel / workflow / agent / step. Everything a step allocates is
// charged to its scope and to all scopes above, and no budget is ever exceeded.
//
//   frys::Result<frys::MemoryScope> step = agent.child("step-3", {.budget_bytes = 64 << 20});
//   frys::Result<frys::Storage> block = step->allocate(4096);
//   frys::Status status = step->close();            // block stays valid, its parent now pays

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frys/core/executor.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/storage.hpp"

namespace frys {

class PmrResource;
class TensorMemoryManager;

namespace detail {
class ScopeNode;
struct ScratchChunk;
}  // namespace detail

/// A budget that never refuses; the scopes above still may.
inline constexpr std::size_t unlimited_bytes = std::numeric_limits<std::size_t>::max();

struct ScopeOptions {
  /// Most bytes that may be live in the scope and all scopes below it; rounded down to 64.
  std::size_t budget_bytes = unlimited_bytes;
  /// Blocks of the scope, and of all scopes below it, lie where another process can map them
  /// (shared.hpp), in a second pool that the manager makes when it is first asked for. Default: as
  /// the scope above; below a shareable scope every scope is.
  bool shareable = false;
};

/// What a scope is expected to need.
struct MemoryPlan {
  /// What will be live in it at most.
  std::size_t bytes = 0;
  /// The largest of its blocks: nothing is touched when enough lies ready in pieces that such
  /// blocks fill. 0: all of it may be one block, and is made ready in one piece.
  std::size_t largest_block_bytes = 0;
  /// Borrowed until the work is done: makes it ready as background work. Null: the caller does.
  Executor* executor = nullptr;
};

/// What a scope and all scopes below it hold and did, open and closed ones. A block counts the
/// bytes asked for, rounded up to 64.
struct ScopeStats {
  std::string name;
  std::string path;
  std::size_t live_bytes = 0;
  /// The most bytes ever live. Exact for a scope without children that one thread uses; otherwise
  /// it may count too much by what each thread had paid in advance, at most 2 MiB a scope.
  std::size_t peak_bytes = 0;
  std::size_t budget_bytes = 0;
  std::size_t scratch_bytes = 0;  ///< Of `live_bytes`, held for scratch.
  std::size_t adopted_bytes = 0;  ///< Of `live_bytes`, left behind by closed children.
  std::size_t escaped_bytes = 0;  ///< Still held when this scope closed; 0 while it is open.
  std::uint64_t allocations = 0;  ///< Blocks allocated so far, scratch arenas included.
  std::uint64_t copies = 0;       ///< Copies into blocks of this scope, see copies.hpp.
  std::uint64_t copied_bytes = 0;
  /// Pages handed out here that had never been used or made ready: each faults at its first use.
  /// A function of the calls made, not of the machine's load.
  std::uint64_t first_touch_pages = 0;
  std::size_t children = 0;  ///< Open scopes right below.
  bool closed = false;
};

/// A borrow of scratch bytes of one scope. Move-only. It dies with the scope: from then on it is
/// not `valid()` and `bytes()` is empty. Do not keep the span across the scope's close.
/// Threads: one thread at a time.
class FRYS_API Scratch {
 public:
  Scratch() noexcept = default;
  Scratch(Scratch&& other) noexcept
      : node_(std::exchange(other.node_, nullptr)),
        chunk_(other.chunk_),
        data_(other.data_),
        size_bytes_(other.size_bytes_),
        generation_(other.generation_) {}
  Scratch& operator=(Scratch&& other) noexcept {
    if (this == &other) return *this;
    if (node_ != nullptr) give_back();
    node_ = std::exchange(other.node_, nullptr);
    chunk_ = other.chunk_;
    data_ = other.data_;
    size_bytes_ = other.size_bytes_;
    generation_ = other.generation_;
    return *this;
  }
  /// Gives the bytes back to the scope: at once when they were the last borrowed, otherwise with
  /// the last of those they share a chunk with (64 KiB to 1 MiB).
  ~Scratch() {
    if (node_ != nullptr) give_back();
  }

  /// The bytes, 64-byte aligned and uninitialised; empty when not `valid()`.
  [[nodiscard]] std::span<std::byte> bytes() const noexcept;
  /// False once the scope closed, and for a borrow that was moved from.
  [[nodiscard]] bool valid() const noexcept;

 private:
  friend class detail::ScopeNode;
  void give_back() noexcept;
  detail::ScopeNode* node_ = nullptr;
  detail::ScratchChunk* chunk_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
  std::uint64_t generation_ = 0;
};

/// A handle to one scope; copies share it. The scope closes with `close()`, with its parent, or
/// when its last handle goes. A default-made handle is closed.
/// Threads: every member but assignment and the destructor is safe; distinct handles to one scope
/// are independent.
class FRYS_API MemoryScope {
 public:
  MemoryScope() noexcept = default;
  MemoryScope(const MemoryScope& other) noexcept;
  MemoryScope(MemoryScope&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  MemoryScope& operator=(const MemoryScope& other) noexcept;
  MemoryScope& operator=(MemoryScope&& other) noexcept;
  ~MemoryScope();

  /// "step-3". Valid as long as this handle.
  [[nodiscard]] const std::string& name() const noexcept;
  /// The names from the root down, "kernel/wf-1/reader/step-3". Valid as long as this handle.
  [[nodiscard]] const std::string& path() const noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  /// Whether another process can be shown its blocks, see `ScopeOptions::shareable`.
  [[nodiscard]] bool is_shareable() const noexcept;

  /// Opens a scope below this one. Names need not be unique; "/" is legal.
  /// Errors: invalid_argument (empty name), closed, out_of_memory.
  [[nodiscard]] Result<MemoryScope> child(std::string_view name,
                                          const ScopeOptions& options = {}) const;

  /// Reserves `bytes` bytes, 64-byte aligned, uninitialised; zero is legal and costs 64. They are
  /// charged here and above until the last handle goes; if this scope closes first, its parent
  /// pays on.
  /// Errors: budget_exceeded (names the scope that refused, the request, what is live, the budget,
  /// the five largest holders and which of them would free enough), out_of_memory (the same of the
  /// root), closed, invalid_argument (beyond the address space).
  /// Cost: O(1), no system call once warm; no lock up to 1 MiB, two short ones beyond.
  [[nodiscard]] Result<Storage> allocate(std::size_t bytes) const noexcept;

  /// Borrows `bytes` of scratch, 64-byte aligned, uninitialised, reclaimed at once when the scope
  /// closes. Errors: as `allocate`. Cost: a lock and a few instructions.
  [[nodiscard]] Result<Scratch> scratch(std::size_t bytes) const;

  /// Makes room for `bytes` more ready ahead of time: checks that the budgets allow them now, maps
  /// what is missing and touches its pages, so that allocating and using them faults no more. It
  /// keeps no budget back from others. Asked again before they are allocated, it promises the
  /// larger of the two, not both.
  /// Errors: budget_exceeded, out_of_memory, closed. Cost: system calls, and zeroing cold pages.
  [[nodiscard]] Status reserve(std::size_t bytes) const;
  /// The same for a plan. With an executor it returns once the budgets were asked and the work is
  /// handed on; whether the system has the memory is then not told. A scope that is used or closed
  /// meanwhile waits for nothing: what is not ready yet faults at its first use.
  /// Errors: as above; what the executor answers.
  [[nodiscard]] Status reserve(const MemoryPlan& plan) const;

  /// What it holds now and did so far; also after close. Without heap memory for its name and path,
  /// they are empty. Cost: one lock, O(scopes below).
  [[nodiscard]] ScopeStats stats() const noexcept;
  /// The stats of the open scopes right below, in order of opening; none without heap memory.
  [[nodiscard]] std::vector<ScopeStats> children() const noexcept;

  /// Closes this scope and all below it, reclaims their scratch, and charges what is still held to
  /// the parent; how much is `stats().escaped_bytes`. Later calls of `allocate`, `child`,
  /// `scratch` and `reserve` answer `closed`. Closing again does nothing. Always succeeds.
  Status close() const noexcept;

  /// True when both are handles to the same scope.
  friend bool operator==(const MemoryScope& a, const MemoryScope& b) noexcept {
    return a.node_ == b.node_;
  }

 private:
  friend class detail::ScopeNode;
  friend class TensorMemoryManager;
  friend class PmrResource;
  explicit MemoryScope(detail::ScopeNode* node) noexcept : node_(node) {}
  detail::ScopeNode* node_ = nullptr;
};

}  // namespace frys
