// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One scope of the budget tree.
//
// How a hard budget costs one atomic operation. A scope holds a grant: units (64 bytes) that its
// parent has already counted as taken, at every level up to the root. Of the grant, `word_` holds
// what is unused; to allocate is to take units from there by one compare-and-swap, and to free is
// to put them back. Only when the grant is used up, or much of it lies idle, does the scope go to
// its parent, under the tree's lock. So for every scope, at any instant,
//
//   what is live below  ≤  its grant  ≤  its budget,   and   Σ children's grants ≤ its own grant,
//
// and no budget can be exceeded. A scope that must refuse first takes back the idle part of every
// grant below it, so no request is refused that would fit.
//
// `word_`: bit 63 closed, bits 21…62 unused units of the grant, bits 0…20 the low part of the
// count of allocations (the rest is in `older_allocations_`), so that counting costs nothing extra.
//
// After close the word holds the closed bit and no units; `granted_` is then what is still held.
// Each block that goes is passed up to the nearest open scope. A closed scope's node stays until
// its last block went.
//
// `granted_` changes under the tree's lock only, inside an odd `version_`, so that the warm path
// can tell that the live bytes it computed for the peak were of one instant.
//
// Threads: every member is safe. Lock order: the tree, then a scope's scratch.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "frys/memory/manager.hpp"
#include "frys/memory/scope.hpp"
#include "memory/pool_core.hpp"

namespace frys::detail {

/// What all scopes of one tree share; made and ended with the root. Keeps the pool's core, so that
/// an allocation that races with the manager's close finds it.
struct ScopeTree {
  std::mutex mutex;
  PoolCore* pool = nullptr;
};

/// A piece of a scope's scratch arena, borrowed from front to back.
struct ScratchChunk {
  Storage storage;
  std::size_t used_bytes = 0;
  std::size_t borrows = 0;  ///< Without any, the newest chunk starts anew and an older one goes.
  ScratchChunk* older = nullptr;
};

class ScopeNode {
 public:
  using Units = std::uint64_t;

  /// A root with one handle. Throws std::bad_alloc.
  static ScopeNode* make_root(std::string_view name, std::size_t budget_bytes, PoolCore& pool);
  Result<ScopeNode*> make_child(std::string_view name, std::size_t budget_bytes);

  void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
  void drop_handle() noexcept;
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() noexcept;

  Result<Storage> allocate(std::size_t bytes) noexcept;
  /// Takes the charge of one block off. The node may be gone when this returns.
  void uncharge(Units units) noexcept;
  Result<Scratch> scratch(std::size_t bytes);
  /// Ends a borrow. The node may be gone when this returns.
  void give_back_scratch(const Scratch& borrow) noexcept;
  Status reserve(std::size_t bytes);
  void close() noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] bool is_open() const noexcept { return !is_closed(word_.load()); }
  [[nodiscard]] std::uint64_t scratch_generation() const noexcept {
    return scratch_generation_.load(std::memory_order_acquire);
  }
  [[nodiscard]] PoolCore& pool() const noexcept { return *pool_; }
  [[nodiscard]] ScopeStats stats() const noexcept;
  [[nodiscard]] std::vector<ScopeStats> children() const noexcept;
  [[nodiscard]] ScopeSnapshot snapshot() const noexcept;

  /// Adds to this scope and all above.
  void note_copy(std::size_t bytes) noexcept;

 private:
  using Word = std::uint64_t;
  static constexpr int count_bits = 21;
  static constexpr Word count_mask = (Word{1} << count_bits) - 1;
  static constexpr Word closed_bit = Word{1} << 63;
  static constexpr Units most_units = (Word{1} << 42) - 1;
  /// Idle units beyond this many go back to the parent: 256 KiB.
  static constexpr Units most_idle = (std::size_t{256} << 10) / unit_bytes;
  static constexpr std::size_t most_depth = 64;

  static constexpr bool is_closed(Word word) noexcept { return (word & closed_bit) != 0; }
  static constexpr Units idle(Word word) noexcept { return (word & ~closed_bit) >> count_bits; }

  ScopeNode(std::string_view name, std::string path, Units budget, ScopeNode* parent,
            ScopeTree* tree);
  ~ScopeNode();

  bool charge_warm(Units units) noexcept;
  Status charge_cold(Units units, std::size_t bytes) noexcept;
  void uncharge_cold(Units units) noexcept;
  void note_peak(Units live) noexcept;
  /// What is taken uses up what was made ready for it.
  void keep_promise(Units units) noexcept {
    if (promised_.load(std::memory_order_relaxed) != 0) cut_promise(units);
  }
  void cut_promise(Units most) noexcept;
  void note_first_touch(std::uint32_t pages) noexcept;
  [[nodiscard]] Status closed_status() const noexcept;

  enum class Purpose : std::uint8_t { allocation, grant, probe };

  // Under the tree's lock. Nodes whose last block went are put on the list `dead`.
  ScopeNode* ask(Units units, Purpose purpose) noexcept;
  ScopeNode* take(Units units, Purpose purpose) noexcept;
  bool consume(Units units, bool counted, Word& seen) noexcept;
  ScopeNode* extend_grant(Units needed, bool probe) noexcept;
  Units collect_idle() noexcept;
  Units take_idle(Units keep) noexcept;
  void set_granted(Units units) noexcept;
  void put_idle(Units units, ScopeNode*& dead) noexcept;
  void release(Units units, ScopeNode*& dead) noexcept;
  Units close_locked(ScopeNode*& dead, ScratchChunk*& chunks) noexcept;
  Units close_scratch(ScratchChunk*& chunks) noexcept;
  void link_child(ScopeNode* child) noexcept;
  void unlink_child(ScopeNode* child) noexcept;
  [[nodiscard]] Units live_units() const noexcept;
  [[nodiscard]] std::uint64_t total_allocations() const noexcept;
  [[nodiscard]] std::size_t total_scratch() const noexcept;
  void fill(ScopeStats& stats) const noexcept;
  void fill(ScopeSnapshot& snapshot) const noexcept;
  [[nodiscard]] Status refusal(const ScopeNode& asker, std::size_t bytes) const noexcept;

  static void drop_dead(ScopeNode* dead) noexcept;
  /// References are taken for so many borrows at once.
  static constexpr std::uint32_t borrow_references = 64;
  Scratch borrow(std::size_t bytes) noexcept;
  bool take_back(const Scratch& borrow) noexcept;
  std::unique_ptr<ScratchChunk> take_out(ScratchChunk* chunk) noexcept;

  // The warm path's cache line.
  alignas(64) std::atomic<Word> word_{0};
  std::atomic<Units> granted_{0};
  std::atomic<Units> peak_{0};
  std::atomic<std::uint32_t> version_{0};
  std::atomic<std::uint32_t> handles_{1};
  std::atomic<Units> promised_{0};  ///< Made ready by `reserve` and not used yet.
  PoolCore* const pool_;
  const Units idle_limit_;

  alignas(64) std::atomic<std::uint64_t> older_allocations_{0};
  std::atomic<std::uint64_t> first_touch_pages_{0};
  std::atomic<std::uint64_t> copies_{0};
  std::atomic<std::uint64_t> copied_bytes_{0};
  /// One for all handles, one for all blocks left after close, one a child, one a scratch borrow,
  /// and those of `spare_references_`.
  std::atomic<std::uint32_t> references_{1};

  ScopeTree* const tree_;
  ScopeNode* const parent_;
  const Units budget_;
  const std::size_t depth_;
  const std::string name_;
  const std::string path_;

  // Guarded by the tree's lock.
  ScopeNode* first_child_ = nullptr;
  ScopeNode* last_child_ = nullptr;
  ScopeNode* previous_ = nullptr;
  ScopeNode* following_ = nullptr;
  std::size_t child_count_ = 0;
  bool is_asking_ = false;  ///< A request is on its way up through this scope.
  Units adopted_ = 0;
  Units escaped_ = 0;
  std::uint64_t closed_allocations_ = 0;  ///< Of children that are closed.
  ScopeNode* next_dead_ = nullptr;

  std::mutex scratch_mutex_;
  ScratchChunk* chunks_ = nullptr;
  std::uint32_t spare_references_ = 0;  ///< Taken for borrows to come, until close.
  std::atomic<std::size_t> scratch_bytes_{0};
  std::atomic<std::uint64_t> scratch_generation_{1};  ///< Even once closed.
};

}  // namespace frys::detail
