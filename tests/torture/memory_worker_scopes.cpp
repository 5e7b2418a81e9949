// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a worker does to scopes: scratch, opening and closing, and what is seldom asked.

#include <span>
#include <string>
#include <thread>
#include <utility>

#include "torture/memory_worker.hpp"
#include "torture/pattern.hpp"

namespace frys::torture {
namespace {

constexpr std::size_t most_own_scopes = 40;
constexpr std::size_t most_borrows = 60;

}  // namespace

// Only of scopes whose close this worker sees, so that a borrow's end is known.
void Worker::borrow() {
  if (borrows_.size() >= most_borrows || own_.empty()) return;
  Node& node = *own_[below(own_.size())];
  const bool was_closed = node.closed.load();
  const std::size_t bytes = below(50) == 0 ? skewed_size(random_, 21) : skewed_size(random_, 14);
  const bool exact = model_.exact();
  const bool fits = exact && node.is_open() && !model_.must_refuse(node, bytes);
  const std::uint64_t before = exact ? node.handles.front().stats().allocations : 0;
  Result<Scratch> scratch = node.handles.front().scratch(bytes);
  // Also after a refusal: an arena may have come and gone.
  model_.count_arenas(node, exact ? node.handles.front().stats().allocations - before : 0);
  if (!scratch) {
    // What is free in an arena needs no room in a budget, so only this direction is known.
    if (fits && scratch.error() == ErrorCode::budget_exceeded) {
      fail("scratch(" + std::to_string(bytes) +
           ") refused although it fits: " + scratch.error().to_string());
    }
    if (scratch.error() == ErrorCode::budget_exceeded && !was_closed) return;
    return check_refusal(node, bytes, was_closed, scratch.error());
  }
  if (was_closed) fail("a closed scope lent scratch");
  const std::span<std::byte> lent = scratch->bytes();
  // Another worker may have closed it through a scope above.
  if (!scratch->valid() && !node.is_open()) return;
  if (lent.size() != bytes || reinterpret_cast<std::uintptr_t>(lent.data()) % 64 != 0) {
    fail("scratch of " + std::to_string(bytes) + " bytes has " + std::to_string(lent.size()) +
         " or is not aligned");
  }
  const std::uint64_t pattern = random_.next();
  if (exact) {
    if (!model_.lines().claim(lent.data(), bytes)) fail("scratch lies over a live block");
    write_pattern(lent.data(), bytes, pattern);
  }
  ++node.borrows;
  borrows_.push_back({*std::move(scratch), &node, pattern});
}

void Worker::give_back(std::size_t index) {
  std::swap(borrows_[index], borrows_.back());
  Borrow borrow = std::move(borrows_.back());
  borrows_.pop_back();
  --borrow.node->borrows;
  if (!model_.exact()) return;
  const bool valid = borrow.scratch.valid();
  if (valid != borrow.node->is_open())
    fail("a borrow of scratch outlived its scope, or died early");
  const std::span<std::byte> lent = borrow.scratch.bytes();
  if (!valid) {
    if (!lent.empty()) fail("a stale borrow of scratch shows bytes");
    return;
  }
  if (first_difference(lent.data(), lent.size(), borrow.pattern) != lent.size()) {
    fail("scratch of " + std::to_string(lent.size()) + " bytes was overwritten");
  }
  if (!model_.lines().release(lent.data(), lent.size())) fail("the marks of scratch are gone");
}

// The scope is about to close, and all below it: their scratch may be anybody's from then on.
void Worker::end_borrows(const Node& closing) {
  if (!model_.exact()) return;
  for (const Borrow& borrow : borrows_) {
    const std::span<std::byte> lent = borrow.scratch.bytes();
    if (!borrow.scratch.valid() || !borrow.node->is_below(&closing)) continue;
    if (first_difference(lent.data(), lent.size(), borrow.pattern) != lent.size()) {
      fail("scratch of " + std::to_string(lent.size()) + " bytes was overwritten");
    }
    if (!model_.lines().release(lent.data(), lent.size())) fail("the marks of scratch are gone");
  }
}

void Worker::open_scope() {
  if (own_.size() >= most_own_scopes) return drop_scope_handle();
  Node& parent = some_node();
  if (parent.handles.empty()) return;
  if (Node* node = model_.open(parent, some_options(random_), place_)) own_.push_back(node);
}

void Worker::close_scope() {
  Node* node = nullptr;
  if (!model_.exact() && below(1000) == 0) {
    node = shared_[below(shared_.size())];
    if (node == &model_.root()) return;
  } else if (!own_.empty()) {
    node = own_[below(own_.size())];
  }
  if (node == nullptr) return;
  end_borrows(*node);
  model_.close(*node, [&] {
    if (!node->handles.front().close().ok()) fail("close did not succeed");
  });
  if (node->handles.front().is_open()) fail("a scope is open after its close");
}

void Worker::drop_scope_handle() {
  if (own_.empty()) return;
  std::size_t chosen = below(own_.size());
  // Rather a closed one, of which there is little left to see.
  for (int tries = 0; tries < 4 && own_[chosen]->is_open(); ++tries) chosen = below(own_.size());
  std::swap(own_[chosen], own_.back());
  drop_last_own();
}

void Worker::drop_last_own() {
  Node& node = *own_.back();
  if (node.handles.size() > 1) {
    node.handles.pop_back();
    return;
  }
  own_.pop_back();
  end_borrows(node);
  model_.close(node, [&] { node.handles.clear(); });
}

void Worker::copy_scope_handle() {
  if (own_.empty()) return;
  Node& node = *own_[below(own_.size())];
  if (node.handles.size() < 4) node.handles.push_back(MemoryScope(node.handles.front()));
  if (!(node.handles.back() == node.handles.front())) fail("a copied handle has another scope");
}

void Worker::reserve() {
  Node& node = some_node();
  if (node.handles.empty()) return;
  const bool was_closed = node.closed.load();
  const std::size_t bytes = skewed_size(random_, mix_ == Mix::heavy ? 24 : 19);
  const Status status = node.handles.front().reserve(bytes);
  if (!status.ok()) return check_refusal(node, bytes, was_closed, status);
  if (was_closed) fail("a closed scope reserved");
  if (model_.exact() && model_.must_refuse(node, bytes)) {
    fail("reserve(" + std::to_string(bytes) + ") went through, but does not fit");
  }
}

void Worker::observe() {
  Node& node = some_node();
  if (node.handles.empty()) return;
  if (model_.exact()) {
    model_.check(node, place_);
  } else if (node.handles.front().stats().live_bytes > node.budget_bytes) {
    fail("a scope has more live bytes than its budget");
  }
  if (below(20) != 0) return;
  const MemorySnapshot snapshot = model_.manager().snapshot();
  const std::vector<ScopeStats> children = model_.root().handles.front().children();
  if (snapshot.to_json().empty()) fail("a snapshot has no text");
  if (!model_.exact()) return;
  if (snapshot.root.children.size() != children.size() ||
      snapshot.root.stats.children != children.size()) {
    fail("snapshot and children() differ");
  }
  if (snapshot.root.stats.live_bytes <
      model_.root().live_bytes.load() + snapshot.root.stats.scratch_bytes) {
    fail("a snapshot misses live bytes");
  }
}

void Worker::pass_on() {
  std::vector<Held> parcel;
  for (std::size_t count = below(64); count > 0 && !held_.empty(); --count) {
    std::swap(held_[below(held_.size())], held_.back());
    parcel.push_back(std::move(held_.back()));
    held_.pop_back();
  }
  others_[below(others_.size())]->receive(parcel);
}

void Worker::collect() {
  std::vector<Held> parcel;
  {
    const std::lock_guard lock(inbox_mutex_);
    parcel.swap(inbox_);
  }
  for (Held& held : parcel) {
    held_.push_back(std::move(held));
    if (below(2) == 0) drop(held_.size() - 1);
  }
}

// A thread that frees what others made, makes some of its own, and ends with them live.
void Worker::work_elsewhere() {
  std::thread([&] {
    for (std::uint64_t left = below(200); left > 0; --left) {
      if (held_.empty() || below(2) == 0) {
        allocate(some_size(random_, mix_));
      } else {
        drop(below(held_.size()));
      }
    }
  }).join();
}

void Worker::drop_blocks() {
  while (!held_.empty()) drop(below(held_.size()));
}

void Worker::drop_scratch() {
  while (!borrows_.empty()) give_back(below(borrows_.size()));
}

void Worker::drop_scopes() {
  while (!own_.empty()) drop_scope_handle();
}

}  // namespace frys::torture
