// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Does random operations on scopes and blocks, each against the shadow model.

#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "frys/core/random.hpp"
#include "torture/memory_model.hpp"
#include "torture/sizes.hpp"

namespace frys::torture {

/// A handle to a block and the block's shadow.
struct Held {
  Storage storage;
  Block* block = nullptr;
};

/// Threads: `receive` is safe, the rest is for one thread at a time.
class Worker {
 public:
  Worker(Model& model, Mix mix, const Place& place, std::uint64_t seed);

  /// Scopes that it allocates from and may close, but whose handles others own.
  void share(Node* node) { shared_.push_back(node); }
  void unshare_all() { shared_.clear(); }
  /// To whom blocks are passed on.
  void know(Worker* other) { others_.push_back(other); }
  void receive(std::vector<Held>& handles);

  void step();
  /// Compares the content of every block it holds.
  void verify_all() const;
  /// Lets go of everything, in random order.
  void drop_blocks();
  void drop_scratch();
  void drop_scopes();
  /// Looks at the scratch below `closing` for the last time.
  void end_borrows(const Node& closing);
  /// Takes in what others passed on, and drops some of it.
  void collect();

  [[nodiscard]] const Place& place() const noexcept { return place_; }
  [[nodiscard]] std::uint64_t refusals() const noexcept { return refusals_; }
  [[nodiscard]] std::uint64_t allocations() const noexcept { return allocations_; }

 private:
  struct Borrow {
    Scratch scratch;
    Node* node = nullptr;
    std::uint64_t pattern = 0;
  };

  void rare_step();
  void allocate(std::size_t bytes);
  void check_refusal(Node& node, std::size_t bytes, bool was_closed, const Status& why);
  void allocate_absurd();
  void adopt(Node& node, std::size_t bytes, Storage storage);
  void describe_twice(const Node& node, const Storage& storage);
  void drop(std::size_t index);
  void copy_handle();
  void copy_bytes();
  void verify(const Held& held) const;
  void borrow();
  void give_back(std::size_t index);
  void open_scope();
  void close_scope();
  void drop_scope_handle();
  void drop_last_own();
  void copy_scope_handle();
  void reserve();
  void observe();
  void pass_on();
  void work_elsewhere();

  std::uint64_t below(std::uint64_t bound) { return random_.next_below(bound); }
  [[noreturn]] void fail(const std::string& what) const { differs(place_, what); }
  Node& some_node();
  Block* new_block();

  Model& model_;
  const Mix mix_;
  Place place_;
  SeededRandom random_;
  std::vector<Node*> shared_;
  std::vector<Node*> own_;  ///< Whose handles are this worker's to drop.
  std::vector<Held> held_;
  std::vector<Borrow> borrows_;
  std::vector<Worker*> others_;
  std::mutex inbox_mutex_;
  std::vector<Held> inbox_;
  std::deque<Block> blocks_;  ///< Shadows this worker made; used again by whoever drops them.
  std::vector<Block*> spare_blocks_;
  std::size_t target_handles_ = 256;
  std::uint64_t last_generation_ = 0;
  std::uint64_t refusals_ = 0;
  std::uint64_t allocations_ = 0;
};

}  // namespace frys::torture
