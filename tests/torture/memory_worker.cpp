// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "torture/memory_worker.hpp"

#include <string>
#include <utility>

#include "frys/memory/copies.hpp"
#include "frys/memory/shared.hpp"
#include "torture/pattern.hpp"

namespace frys::torture {
namespace {

std::string words_of(const Status& status) { return status.to_string(); }

}  // namespace

Worker::Worker(Model& model, Mix mix, const Place& place, std::uint64_t seed)
    : model_(model), mix_(mix), place_(place), random_(seed) {}

void Worker::receive(std::vector<Held>& handles) {
  const std::lock_guard lock(inbox_mutex_);
  for (Held& held : handles) inbox_.push_back(std::move(held));
  handles.clear();
}

// Seldom one that is closed, as that answers everything alike.
Node& Worker::some_node() {
  for (int tries = 0;; ++tries) {
    const std::uint64_t at = below(shared_.size() + own_.size());
    Node& node = at < shared_.size() ? *shared_[at] : *own_[at - shared_.size()];
    if (node.is_open() || tries == 4 || below(16) == 0) return node;
  }
}

Block* Worker::new_block() {
  if (spare_blocks_.empty()) return &blocks_.emplace_back();
  Block* block = spare_blocks_.back();
  spare_blocks_.pop_back();
  return block;
}

void Worker::step() {
  const std::uint64_t dice = below(1000);
  if (dice < 870) {
    // Nearer to the target, whichever side it is on.
    const bool grow = below(10) < (held_.size() < target_handles_ ? 7 : 3);
    if (grow || held_.empty()) {
      allocate(some_size(random_, mix_));
    } else {
      drop(below(held_.size()));
    }
  } else if (dice < 910) {
    copy_handle();
  } else if (dice < 945) {
    if (!held_.empty()) verify(held_[below(held_.size())]);
  } else if (dice < 965) {
    borrow();
  } else if (dice < 985) {
    if (!borrows_.empty()) give_back(below(borrows_.size()));
  } else {
    rare_step();
  }
  ++place_.operation;
}

void Worker::rare_step() {
  const std::uint64_t dice = below(10000);
  if (dice < 2000) return open_scope();
  if (dice < 2400) return close_scope();
  if (dice < 4500) return drop_scope_handle();
  if (dice < 5200) return copy_scope_handle();
  if (dice < 7500) return observe();
  if (dice < 7700) return reserve();
  if (dice < 8200) return allocate_absurd();
  if (dice < 9000) return others_.empty() ? drop_scratch() : pass_on();
  if (dice < 9800) return collect();
  if (dice < 9850) return model_.manager().trim();
  if (dice < 9950) return copy_bytes();
  if (dice < 9970) {
    if (model_.exact()) model_.refuse_mappings(1 + below(3));
    return;
  }
  if (dice < 9980) {
    if (model_.exact()) work_elsewhere();
    return;
  }
  target_handles_ = skewed_size(random_, mix_ == Mix::light ? 13 : 9);
}

void Worker::allocate(std::size_t bytes) {
  Node& node = some_node();
  if (node.handles.empty()) return;
  const bool was_closed = node.closed.load();
  Result<Storage> storage = node.handles.front().allocate(bytes);
  if (!storage) return check_refusal(node, bytes, was_closed, storage.error());
  if (was_closed) fail("a closed scope allocated");
  ++allocations_;
  adopt(node, bytes, *std::move(storage));
}

void Worker::check_refusal(Node& node, std::size_t bytes, bool was_closed, const Status& why) {
  if (why != ErrorCode::closed) ++refusals_;
  switch (why.code()) {
    case ErrorCode::closed:
      if (node.is_open()) fail("an open scope is closed: " + words_of(why));
      return;
    case ErrorCode::budget_exceeded:
      if (was_closed) fail("a closed scope answers: " + words_of(why));
      if (model_.exact() && !model_.must_refuse(node, bytes)) {
        fail("refused although it fits: " + words_of(why));
      }
      return;
    case ErrorCode::out_of_memory:
      return model_.note_out_of_memory(place_);
    default:
      fail("a request of " + std::to_string(bytes) + " bytes: " + words_of(why));
  }
}

void Worker::adopt(Node& node, std::size_t bytes, Storage storage) {
  if (storage.data() == nullptr || reinterpret_cast<std::uintptr_t>(storage.data()) % 64 != 0) {
    fail("a block is not aligned to 64 bytes");
  }
  if (storage.size_bytes() != bytes || storage.use_count() != 1 || !storage.unique()) {
    fail("a fresh block of " + std::to_string(bytes) + " bytes has " +
         std::to_string(storage.size_bytes()) + " bytes and " +
         std::to_string(storage.use_count()) + " handles");
  }
  if (!model_.lines().claim(storage.data(), bytes)) {
    fail("a fresh block of " + std::to_string(bytes) + " bytes lies over a live one");
  }
  model_.charge(node, charged_bytes(bytes), place_);
  Block* block = new_block();
  block->node = &node;
  block->data = storage.data();
  block->size_bytes = bytes;
  block->pattern = random_.next();
  block->handles.store(1, std::memory_order_relaxed);
  write_pattern(block->data, bytes, block->pattern);
  if (below(4) == 0) describe_twice(node, storage);
  held_.push_back({std::move(storage), block});
}

void Worker::allocate_absurd() {
  Node& node = some_node();
  if (node.handles.empty()) return;
  const bool was_closed = node.closed.load();
  const std::size_t bytes = absurd_size(random_);
  const ErrorCode code = node.handles.front().allocate(bytes).status().code();
  const bool refused = code == ErrorCode::invalid_argument || code == ErrorCode::budget_exceeded ||
                       (code == ErrorCode::closed && !node.is_open());
  if (!refused) {
    fail("allocate(" + std::to_string(bytes) + ") answers " + std::string(to_string(code)) +
         (was_closed ? ", of a closed scope" : ""));
  }
}

// Drops one handle. Whoever drops the last one looks at the content and takes the marks off first:
// from then on the block may be anybody's.
// Its description goes with its last handle.
void Worker::describe_twice(const Node& node, const Storage& storage) {
  const Result<MemoryDescriptor> first = describe(storage);
  if (first.has_value() != node.shareable) fail("a block is not as shareable as its scope");
  if (!first) return;
  if (*first != *describe(storage)) fail("one block has two descriptions");
  // Of a fresh block nobody has asked before: its number is newer than all that went before it.
  if (model_.exact() && first->generation <= std::exchange(last_generation_, first->generation)) {
    fail("a generation was given out twice");
  }
}

void Worker::drop(std::size_t index) {
  std::swap(held_[index], held_.back());
  Held held = std::move(held_.back());
  held_.pop_back();
  Block* block = held.block;
  if (model_.exact() && held.storage.use_count() != block->handles.load()) {
    fail("a block has " + std::to_string(held.storage.use_count()) + " handles, expected " +
         std::to_string(block->handles.load()));
  }
  if (block->handles.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  verify(held);
  if (!model_.lines().release(block->data, block->size_bytes)) {
    fail("the marks of a live block are gone");
  }
  Node& node = *block->node;
  const std::size_t charged = charged_bytes(block->size_bytes);
  spare_blocks_.push_back(block);
  model_.uncharge(node, charged);
}

void Worker::copy_handle() {
  if (held_.empty() || held_.size() > 4 * target_handles_ + 64) return;
  const Held& original = held_[below(held_.size())];
  original.block->handles.fetch_add(1, std::memory_order_relaxed);
  Held copy = original;
  if (!(copy.storage == original.storage)) fail("a copied handle holds another block");
  held_.push_back(std::move(copy));
}

// Only counted: the bytes of a block are its model's.
void Worker::copy_bytes() {
  if (held_.empty()) return;
  const Held& held = held_[below(held_.size())];
  const std::size_t bytes = below(held.block->size_bytes + 1);
  note_copy(&held.storage, bytes);
  model_.count_copy(*held.block->node, bytes);
}

void Worker::verify(const Held& held) const {
  const Block& block = *held.block;
  if (held.storage.data() != block.data || held.storage.size_bytes() != block.size_bytes) {
    fail("a block changed its address or its size");
  }
  const std::size_t at = first_difference(block.data, block.size_bytes, block.pattern);
  if (at != block.size_bytes) {
    fail("byte " + std::to_string(at) + " of a live block of " + std::to_string(block.size_bytes) +
         " was overwritten");
  }
}

void Worker::verify_all() const {
  for (const Held& held : held_) verify(held);
  if (!model_.exact()) return;
  for (const Borrow& borrow : borrows_) {
    const std::size_t at = first_difference(borrow.scratch.bytes().data(),
                                            borrow.scratch.bytes().size(), borrow.pattern);
    if (at != borrow.scratch.bytes().size()) fail("scratch was overwritten");
  }
}

}  // namespace frys::torture
