// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The shadow of a tree of scopes: what every scope must hold, by the public contract alone.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "frys/core/fault.hpp"
#include "frys/memory/manager.hpp"
#include "torture/line_map.hpp"

namespace frys::torture {

/// What a peak may count too much for each thread but one, see `ScopeStats::peak_bytes`.
inline constexpr std::size_t most_paid_ahead_bytes = std::size_t{2} << 20;

/// One scope. The counters are of the scope and all below it, as in `ScopeStats`. In a race they
/// are raised after the library did and lowered before, so they never show more than is live.
struct Node {
  Node* parent = nullptr;
  std::size_t budget_bytes = unlimited_bytes;  ///< Rounded down as the library does.
  bool shareable = false;
  std::vector<MemoryScope> handles;        ///< Of its owner; closed when the last one goes.
  std::atomic<std::size_t> live_bytes{0};  ///< In blocks, without scratch.
  std::atomic<std::size_t> own_bytes{0};   ///< Of `live_bytes`, allocated right here.
  std::atomic<std::size_t> peak_bytes{0};  ///< Written by one thread only.
  std::atomic<std::uint64_t> allocations{0};
  std::atomic<std::uint64_t> copies{0};
  std::atomic<std::uint64_t> copied_bytes{0};
  std::atomic<bool> scratch_used{false};  ///< Here or below, ever.
  std::atomic<bool> had_children{false};
  std::atomic<bool> used_elsewhere{false};  ///< By a thread other than the model's.
  std::atomic<bool> closing{false};         ///< Set before it is closed.
  std::atomic<bool> closed{false};          ///< Set after.
  std::size_t escaped_bytes = 0;
  std::size_t borrows = 0;      ///< Of its scratch, valid or stale; counted by its owner.
  std::size_t nodes_below = 0;  ///< Right below, open or closed, still in the model.

  [[nodiscard]] bool is_open() const noexcept { return !closing.load(); }
  [[nodiscard]] bool is_below(const Node* other) const noexcept {
    const Node* node = this;
    while (node != nullptr && node != other) node = node->parent;
    return node != nullptr;
  }
};

/// One block and what was written into it. Shared by all handles to it.
struct Block {
  Node* node = nullptr;
  void* data = nullptr;
  std::size_t size_bytes = 0;
  std::uint64_t pattern = 0;
  std::atomic<std::uint32_t> handles{1};
};

inline std::size_t charged_bytes(std::size_t bytes) noexcept {
  return bytes == 0 ? 64 : (bytes + 63) / 64 * 64;
}

/// Who to name when something differs. The operation counts from the start of the round.
struct Place {
  std::uint64_t seed = 0;
  std::uint64_t operation = 0;
  std::uint64_t threads = 1;
};

/// Says what differed and how to see it again, and ends the program with 1.
[[noreturn]] void differs(const Place& place, const std::string& what);

/// One for the process: blocks of different managers must not overlap either.
LineMap& all_lines();

/// A manager and its shadow. Threads: `open` and the members of `Node` that are atomic.
class Model {
 public:
  Model(const TensorMemoryOptions& options, bool exact);

  TensorMemoryManager& manager() noexcept { return *manager_; }
  FaultInjector& faults() noexcept { return faults_; }
  LineMap& lines() noexcept { return lines_; }
  [[nodiscard]] Node& root() noexcept { return *root_; }
  /// True when one thread does everything, so that each answer is known beforehand.
  [[nodiscard]] bool exact() const noexcept { return exact_; }

  /// Opens a scope below `parent`; null when that is closed.
  Node* open(Node& parent, const ScopeOptions& options, const Place& place);
  /// What `act` closes: `node` and all below it.
  template <typename Act>
  void close(Node& node, Act&& act) {
    begin_close(node);
    act();
    end_close(node);
  }

  void charge(Node& node, std::size_t bytes, const Place& place);
  void uncharge(Node& node, std::size_t bytes) noexcept;
  void count_copy(Node& node, std::size_t bytes) noexcept;
  void count_arenas(Node& node, std::uint64_t count) noexcept;

  /// Whether a request must be refused; exact only. Reads the library's scratch.
  [[nodiscard]] bool must_refuse(const Node& node, std::size_t bytes) const;
  /// Lets the next `times` mappings fail.
  void refuse_mappings(std::uint64_t times);
  /// An `out_of_memory` was seen: there must have been an injected refusal for it.
  void note_out_of_memory(const Place& place);

  /// Compares one scope with the library.
  void check(const Node& node, const Place& place) const;
  /// Compares everything, while nothing runs, and forgets scopes that nothing refers to.
  void check_all(const Place& place);
  /// After the manager closed and every block went: nothing may be left.
  void check_empty(const Place& place);
  /// Destroys the manager; the root's own handle stays.
  void destroy_manager() { manager_.reset(); }

 private:
  void begin_close(Node& node);
  void end_close(Node& node);
  void check_adopted(const Place& place) const;
  [[nodiscard]] PoolStats both_pools() const;
  void forget_dead();

  FaultInjector faults_;
  LineMap& lines_;
  std::unique_ptr<TensorMemoryManager> manager_;
  const bool exact_;
  const std::thread::id owner_ = std::this_thread::get_id();
  std::mutex mutex_;
  Node* root_ = nullptr;
  std::vector<std::unique_ptr<Node>> nodes_;  ///< Parents come before their children.
  std::uint64_t refused_before_ = 0;          ///< Mappings that were refused or are to be.
  std::uint64_t refused_until_ = 0;           ///< The visit of the last of them.
  std::uint64_t out_of_memory_seen_ = 0;
};

}  // namespace frys::torture
