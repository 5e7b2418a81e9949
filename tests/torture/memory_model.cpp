// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "torture/memory_model.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>

namespace frys::torture {
namespace {

std::size_t rounded_budget(std::size_t bytes) {
  return bytes == unlimited_bytes ? bytes : bytes / 64 * 64;
}

// Compares numbers of one scope and says by name what differs.
class Comparison {
 public:
  Comparison(const ScopeStats& stats, const Place& place) : stats_(stats), place_(place) {}
  void same(const char* name, std::uint64_t found, std::uint64_t expected) const {
    if (found != expected) fail(name, found, "", expected);
  }
  void at_least(const char* name, std::uint64_t found, std::uint64_t least) const {
    if (found < least) fail(name, found, "at least ", least);
  }
  void at_most(const char* name, std::uint64_t found, std::uint64_t most) const {
    if (found > most) fail(name, found, "at most ", most);
  }

 private:
  void fail(const char* name, std::uint64_t found, const char* how, std::uint64_t expected) const {
    differs(place_, "scope " + stats_.path + (stats_.closed ? " (closed)" : "") + " has " + name +
                        " " + std::to_string(found) + ", expected " + how +
                        std::to_string(expected));
  }
  const ScopeStats& stats_;
  const Place& place_;
};

}  // namespace

LineMap& all_lines() {
  static LineMap lines;
  return lines;
}

void differs(const Place& place, const std::string& what) {
  // Several threads may come here; the first one ends the program.
  static std::mutex only_once;
  only_once.lock();
  std::fflush(stdout);
  std::fprintf(stderr,
               "memory_torture: %s\n  at operation %llu of the round with seed %llu; to repeat:\n"
               "  scripts/torture memory --seed %llu --operations %llu --threads %llu\n",
               what.c_str(), static_cast<unsigned long long>(place.operation),
               static_cast<unsigned long long>(place.seed),
               static_cast<unsigned long long>(place.seed),
               static_cast<unsigned long long>((place.operation + 1) * place.threads),
               static_cast<unsigned long long>(place.threads));
  std::fflush(stderr);
  std::_Exit(1);
}

Model::Model(const TensorMemoryOptions& options, bool exact) : lines_(all_lines()), exact_(exact) {
  Environment environment;
  environment.faults = &faults_;
  Result<TensorMemoryManager> made = TensorMemoryManager::create(options, environment);
  if (!made) differs({}, "no manager: " + made.error().to_string());
  manager_ = std::make_unique<TensorMemoryManager>(*std::move(made));
  auto root = std::make_unique<Node>();
  root->budget_bytes = rounded_budget(options.budget_bytes);
  root->handles.push_back(manager_->root());
  root_ = root.get();
  nodes_.push_back(std::move(root));
}

Node* Model::open(Node& parent, const ScopeOptions& options, const Place& place) {
  // Before the child is there: from then on the parent's peak may be rounded.
  parent.had_children = true;
  const bool was_closed = parent.closed.load();
  Result<MemoryScope> scope =
      parent.handles.front().child("n" + std::to_string(place.operation), options);
  if (!scope) {
    if (scope.error() != ErrorCode::closed || parent.is_open()) {
      differs(place, "child: " + scope.error().to_string());
    }
    return nullptr;
  }
  if (was_closed) differs(place, "a closed scope got a child");
  auto node = std::make_unique<Node>();
  node->parent = &parent;
  node->budget_bytes = rounded_budget(options.budget_bytes);
  node->handles.push_back(*std::move(scope));
  node->shareable = options.shareable || parent.shareable;
  if (node->handles.front().is_shareable() != node->shareable) {
    differs(place, "a scope is not as shareable as it was asked to be");
  }
  const std::lock_guard lock(mutex_);
  ++parent.nodes_below;
  // A parent that is being closed takes the child with it.
  node->closing = parent.closing.load();
  node->closed = parent.closed.load();
  nodes_.push_back(std::move(node));
  return nodes_.back().get();
}

void Model::begin_close(Node& node) {
  const std::lock_guard lock(mutex_);
  for (const auto& other : nodes_) {
    if (!other->is_open() || !other->is_below(&node)) continue;
    other->escaped_bytes = other->live_bytes;
    other->closing = true;
  }
}

void Model::end_close(Node& node) {
  const std::lock_guard lock(mutex_);
  for (const auto& other : nodes_) {
    if (other->is_below(&node)) other->closed = true;
  }
}

void Model::charge(Node& node, std::size_t bytes, const Place& place) {
  node.own_bytes.fetch_add(bytes, std::memory_order_relaxed);
  for (Node* at = &node; at != nullptr; at = at->parent) {
    const std::size_t live = at->live_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    at->allocations.fetch_add(1, std::memory_order_relaxed);
    if (live > at->budget_bytes) {
      differs(place, std::to_string(live) + " bytes are live under a budget of " +
                         std::to_string(at->budget_bytes));
    }
    if (std::this_thread::get_id() != owner_) at->used_elsewhere = true;
    if (exact_ && live > at->peak_bytes.load(std::memory_order_relaxed)) {
      at->peak_bytes.store(live, std::memory_order_relaxed);
    }
  }
}

void Model::uncharge(Node& node, std::size_t bytes) noexcept {
  for (Node* at = &node; at != nullptr; at = at->parent) {
    if (std::this_thread::get_id() != owner_) at->used_elsewhere = true;
    at->live_bytes.fetch_sub(bytes, std::memory_order_relaxed);
  }
  // Last: a node without own bytes may be forgotten.
  node.own_bytes.fetch_sub(bytes, std::memory_order_relaxed);
}

void Model::count_copy(Node& node, std::size_t bytes) noexcept {
  for (Node* at = &node; at != nullptr; at = at->parent) {
    at->copies.fetch_add(1, std::memory_order_relaxed);
    at->copied_bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
}

void Model::count_arenas(Node& node, std::uint64_t count) noexcept {
  for (Node* at = &node; at != nullptr; at = at->parent) {
    at->allocations.fetch_add(count, std::memory_order_relaxed);
    at->scratch_used.store(true, std::memory_order_relaxed);
  }
}

bool Model::must_refuse(const Node& node, std::size_t bytes) const {
  const std::size_t asked = charged_bytes(bytes);
  for (const Node* at = &node; at != nullptr; at = at->parent) {
    std::size_t live = at->live_bytes;
    // A parent may have no handle any more, but then it is closed and so are those below it.
    if (at->scratch_used) live += at->handles.front().stats().scratch_bytes;
    if (asked > at->budget_bytes || live > at->budget_bytes - asked) return true;
  }
  return false;
}

void Model::refuse_mappings(std::uint64_t times) {
  const std::uint64_t visits = faults_.visits("memory.map");
  if (visits < refused_until_) return;  // the last ones are still to come
  refused_before_ += times;
  refused_until_ = visits + times;
  faults_.fail("memory.map", 1, Status::out_of_memory(), times);
}

void Model::note_out_of_memory(const Place& place) {
  ++out_of_memory_seen_;
  const std::uint64_t visits = faults_.visits("memory.map");
  const std::uint64_t to_come = refused_until_ > visits ? refused_until_ - visits : 0;
  if (out_of_memory_seen_ > refused_before_ - to_come) {
    differs(place, "out_of_memory, but no mapping was refused");
  }
}

void Model::check(const Node& node, const Place& place) const {
  if (node.handles.empty()) return;
  const ScopeStats stats = node.handles.front().stats();
  const Comparison compare(stats, place);
  compare.same("live_bytes", stats.live_bytes, node.live_bytes + stats.scratch_bytes);
  compare.same("budget_bytes", stats.budget_bytes, node.budget_bytes);
  compare.at_most("live_bytes", stats.live_bytes, node.budget_bytes);
  compare.at_most("peak_bytes", stats.peak_bytes, node.budget_bytes);
  compare.same("closed", stats.closed, node.closed);
  compare.same("copies", stats.copies, node.copies);
  compare.same("copied_bytes", stats.copied_bytes, node.copied_bytes);
  if (!node.scratch_used) compare.same("scratch_bytes", stats.scratch_bytes, 0);
  if (exact_ || !node.scratch_used) {
    compare.same("allocations", stats.allocations, node.allocations);
  } else {
    compare.at_least("allocations", stats.allocations, node.allocations);
  }
  if (stats.closed) {
    compare.same("scratch_bytes", stats.scratch_bytes, 0);
    compare.same("adopted_bytes", stats.adopted_bytes, 0);
    compare.same("children", stats.children, 0);
  } else {
    compare.same("escaped_bytes", stats.escaped_bytes, 0);
  }
  if (!exact_) return;
  if (stats.closed) compare.same("escaped_bytes", stats.escaped_bytes, node.escaped_bytes);
  compare.at_least("peak_bytes", stats.peak_bytes, node.peak_bytes);
  if (node.had_children || node.scratch_used) return;
  if (node.used_elsewhere) {
    compare.at_most("peak_bytes", stats.peak_bytes, node.peak_bytes + most_paid_ahead_bytes);
  } else {
    compare.same("peak_bytes", stats.peak_bytes, node.peak_bytes);
  }
}

// What closed scopes left is with the nearest open one above; who is open counts as a child.
void Model::check_adopted(const Place& place) const {
  std::map<const Node*, std::pair<std::size_t, std::size_t>> expected;
  for (const auto& node : nodes_) {
    if (node->is_open()) {
      ++expected[node->parent].second;
      continue;
    }
    const Node* payer = node->parent;
    while (payer != nullptr && !payer->is_open()) payer = payer->parent;
    expected[payer].first += node->own_bytes;
  }
  for (const auto& node : nodes_) {
    if (!node->is_open()) continue;
    const ScopeStats stats = node->handles.front().stats();
    const Comparison compare(stats, place);
    compare.same("adopted_bytes", stats.adopted_bytes, expected[node.get()].first);
    compare.same("children", stats.children, expected[node.get()].second);
  }
}

PoolStats Model::both_pools() const {
  PoolStats sum = manager_->pool_stats();
  const PoolStats shared = manager_->shared_pool_stats();
  sum.mapped_bytes += shared.mapped_bytes;
  sum.committed_bytes += shared.committed_bytes;
  sum.live_bytes += shared.live_bytes;
  sum.segments += shared.segments;
  return sum;
}

void Model::check_all(const Place& place) {
  const std::lock_guard lock(mutex_);
  for (const auto& node : nodes_) check(*node, place);
  check_adopted(place);
  const PoolStats pool = both_pools();
  if (pool.live_bytes < root().live_bytes || pool.committed_bytes < pool.live_bytes ||
      pool.mapped_bytes < pool.committed_bytes) {
    differs(place, "the pool has " + std::to_string(pool.mapped_bytes) + " bytes mapped, " +
                       std::to_string(pool.committed_bytes) + " committed, " +
                       std::to_string(pool.live_bytes) + " live; blocks hold " +
                       std::to_string(root().live_bytes));
  }
  forget_dead();
}

void Model::forget_dead() {
  std::size_t kept = nodes_.size();
  for (std::size_t i = nodes_.size(); i-- > 1;) {
    Node& node = *nodes_[i];
    const bool in_use = node.is_open() || !node.handles.empty() || node.borrows != 0;
    if (in_use || node.own_bytes != 0 || node.nodes_below != 0) continue;
    --node.parent->nodes_below;
    nodes_[i].reset();
    --kept;
  }
  if (kept != nodes_.size()) std::erase(nodes_, nullptr);
}

void Model::check_empty(const Place& place) {
  check(root(), place);
  if (root().live_bytes != 0) differs(place, "the model itself holds bytes at the end");
  if (manager_ == nullptr) return;
  manager_->trim();
  const PoolStats pool = both_pools();
  if (pool.live_bytes + pool.committed_bytes + pool.mapped_bytes + pool.segments != 0) {
    differs(place, "after the end the pool has " + std::to_string(pool.mapped_bytes) +
                       " bytes mapped, " + std::to_string(pool.committed_bytes) + " committed, " +
                       std::to_string(pool.live_bytes) + " live");
  }
}

}  // namespace frys::torture
