// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What scopes do to each other, all of it under the tree's lock.

#include <algorithm>
#include <new>
#include <utility>

#include "memory/scope_node.hpp"

namespace frys::detail {
namespace {

std::uint64_t budget_units(std::size_t budget_bytes, std::uint64_t most) noexcept {
  return budget_bytes == unlimited_bytes ? most
                                         : std::min<std::uint64_t>(budget_bytes / unit_bytes, most);
}

void append_bytes(std::string& text, std::uint64_t units) {
  text += std::to_string(units * unit_bytes);
}

}  // namespace

ScopeNode* ScopeNode::make_root(std::string_view name, std::size_t budget_bytes, PoolCore& pool) {
  auto tree = std::make_unique<ScopeTree>();
  tree->pool = &pool;
  auto* root = new ScopeNode(name, std::string(name), budget_units(budget_bytes, most_units),
                             nullptr, tree.get());
  static_cast<void>(tree.release());
  pool.retain();
  // The root's grant is its whole budget; nobody is above it to ask.
  root->granted_.store(root->budget_);
  root->word_.store(root->budget_ << count_bits);
  return root;
}

Result<ScopeNode*> ScopeNode::make_child(std::string_view name, std::size_t budget_bytes) {
  if (name.empty()) return Status(ErrorCode::invalid_argument, "a scope's name is empty");
  if (depth_ + 1 >= most_depth) {
    return Status(ErrorCode::invalid_argument,
                  "scope " + path_ + " is too deep to have a child; at most " +
                      std::to_string(most_depth) + " levels are supported");
  }
  auto* child = new ScopeNode(name, path_ + "/" + std::string(name),
                              budget_units(budget_bytes, most_units), this, tree_);
  {
    const std::lock_guard lock(tree_->mutex);
    if (is_open()) {
      add_reference();
      link_child(child);
      return child;
    }
  }
  delete child;
  return closed_status();
}

void ScopeNode::link_child(ScopeNode* child) noexcept {
  child->previous_ = last_child_;
  (last_child_ != nullptr ? last_child_->following_ : first_child_) = child;
  last_child_ = child;
  ++child_count_;
}

void ScopeNode::unlink_child(ScopeNode* child) noexcept {
  (child->previous_ != nullptr ? child->previous_->following_ : first_child_) = child->following_;
  (child->following_ != nullptr ? child->following_->previous_ : last_child_) = child->previous_;
  child->previous_ = child->following_ = nullptr;
  --child_count_;
}

Status ScopeNode::charge_cold(Units units, std::size_t bytes) noexcept {
  const std::lock_guard lock(tree_->mutex);
  if (!is_open()) return closed_status();
  if (ScopeNode* refuser = ask(units, Purpose::allocation)) return refuser->refusal(*this, bytes);
  return {};
}

void ScopeNode::uncharge_cold(Units units) noexcept {
  // The block that goes held the node; now this call does.
  add_reference();
  ScopeNode* dead = nullptr;
  {
    const std::lock_guard lock(tree_->mutex);
    if (is_open()) {
      put_idle(units, dead);
    } else {
      ScopeNode* payer = parent_;
      while (payer != nullptr && !payer->is_open()) payer = payer->parent_;
      if (payer != nullptr) payer->adopted_ -= units;
      release(units, dead);
    }
  }
  drop_dead(dead);
  drop_reference();
}

// Takes units for a caller. Null, or the scope that refuses.
ScopeNode* ScopeNode::ask(Units units, Purpose purpose) noexcept {
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) node->is_asking_ = true;
  ScopeNode* refuser = take(units, purpose);
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) node->is_asking_ = false;
  return refuser;
}

// Takes units out of this scope's grant, extending it as needed. Null, or the scope that refuses.
ScopeNode* ScopeNode::take(Units units, Purpose purpose) noexcept {
  Word seen = 0;
  while (!consume(units, purpose == Purpose::allocation, seen)) {
    ScopeNode* refuser = extend_grant(units - idle(seen), purpose == Purpose::probe);
    if (refuser != nullptr) return refuser;
  }
  if (purpose == Purpose::grant) keep_promise(units);
  if (purpose != Purpose::probe) note_peak(granted_.load() - idle(word_.load()));
  return nullptr;
}

bool ScopeNode::consume(Units units, bool counted, Word& seen) noexcept {
  Word word = word_.load();
  Word next;
  bool carry;
  do {
    seen = word;
    if (idle(word) < units) return false;
    next = word - (units << count_bits);
    carry = counted && (word & count_mask) == count_mask;
    if (counted) next = carry ? next & ~count_mask : next + 1;
  } while (!word_.compare_exchange_weak(word, next));
  if (carry) older_allocations_.fetch_add(count_mask + 1, std::memory_order_relaxed);
  return true;
}

// Gets at least one unit more and at best `needed`. Null, or the scope that refuses.
ScopeNode* ScopeNode::extend_grant(Units needed, bool probe) noexcept {
  const Units granted = granted_.load();
  if (parent_ == nullptr || needed > budget_ - granted) {
    const Units found = collect_idle();
    if (found == 0) return this;
    word_.fetch_add(found << count_bits);
    return nullptr;
  }
  const Purpose purpose = probe ? Purpose::probe : Purpose::grant;
  // A little more than is needed, so that a scope that grows in small steps comes seldom; but only
  // if it lies idle above, so that nobody is asked to give something up for it.
  const Units spare = std::min({granted / 8, most_idle / 2, budget_ - granted - needed});
  Units got = idle(parent_->word_.load()) >= needed + spare ? needed + spare : needed;
  ScopeNode* refuser = parent_->take(got, purpose);
  // What lay idle above may be gone by now; the spare is no reason to refuse.
  if (refuser != nullptr && got != needed) refuser = parent_->take(got = needed, purpose);
  if (refuser != nullptr) return refuser;
  version_.fetch_add(1);
  // Not `granted`: what lay idle below may have gone up through this grant in between.
  granted_.store(granted_.load() + got, std::memory_order_release);
  word_.fetch_add(got << count_bits);
  version_.fetch_add(1);
  return nullptr;
}

// Takes the idle units of all scopes below out of their grants; they are the caller's to place.
// Those that the request came through keep their own: they are about to use them.
ScopeNode::Units ScopeNode::collect_idle() noexcept {
  Units sum = 0;
  for (ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    // What comes up from below a child has been part of the child's own grant all along.
    const Units found = child->collect_idle();
    const Units before = idle(child->word_.fetch_add(found << count_bits));
    sum += child->take_idle(child->is_asking_ ? before : 0);
  }
  return sum;
}

// Cuts the grant by all idle units but `keep`. Returns by how many.
ScopeNode::Units ScopeNode::take_idle(Units keep) noexcept {
  Word word = word_.load();
  if (idle(word) <= keep) return 0;
  version_.fetch_add(1);
  Units taken;
  do {
    taken = idle(word) > keep ? idle(word) - keep : 0;
  } while (!word_.compare_exchange_weak(word, word - (taken << count_bits)));
  granted_.store(granted_.load() - taken, std::memory_order_release);
  version_.fetch_add(1);
  return taken;
}

void ScopeNode::put_idle(Units units, ScopeNode*& dead) noexcept {
  const Word before = word_.fetch_add(units << count_bits);
  if (idle(before) + units <= idle_limit_) return;
  if (const Units extra = take_idle(idle_limit_ / 2); extra != 0) parent_->release(extra, dead);
}

// Units come back from below.
void ScopeNode::release(Units units, ScopeNode*& dead) noexcept {
  if (is_open()) return put_idle(units, dead);
  const Units left = granted_.load() - units;
  granted_.store(left, std::memory_order_release);
  if (left == 0) {
    next_dead_ = dead;
    dead = this;
  }
  if (parent_ != nullptr) parent_->release(units, dead);
}

// Returns how many units of scratch, here and below, are still charged and about to go.
ScopeNode::Units ScopeNode::close_locked(ScopeNode*& dead, ScratchChunk*& chunks) noexcept {
  if (!is_open()) return 0;
  Units scratch_units = 0;
  while (first_child_ != nullptr) scratch_units += first_child_->close_locked(dead, chunks);
  scratch_units += close_scratch(chunks);
  Word word = word_.load();
  version_.fetch_add(1);
  while (!word_.compare_exchange_weak(word, closed_bit | (word & count_mask))) {
  }
  const Units unused = idle(word);
  const Units held = granted_.load() - unused;
  granted_.store(held, std::memory_order_release);
  version_.fetch_add(1);
  pool_->promise_kept(promised_.exchange(0) * unit_bytes);
  escaped_ = held > scratch_units ? held - scratch_units : 0;
  if (held != 0) add_reference();  // for the blocks
  if (parent_ != nullptr) {
    parent_->unlink_child(this);
    parent_->closed_allocations_ += total_allocations();
    parent_->adopted_ += held;
    parent_->put_idle(unused, dead);
  }
  return scratch_units;
}

ScopeNode::Units ScopeNode::close_scratch(ScratchChunk*& chunks) noexcept {
  const std::lock_guard lock(scratch_mutex_);
  scratch_generation_.fetch_add(1, std::memory_order_acq_rel);
  // Never the last ones: whoever closes holds one.
  references_.fetch_sub(std::exchange(spare_references_, 0), std::memory_order_acq_rel);
  const std::size_t bytes = scratch_bytes_.exchange(0);
  while (chunks_ != nullptr) {
    ScratchChunk* chunk = chunks_;
    chunks_ = chunk->older;
    chunk->older = chunks;
    chunks = chunk;
  }
  return bytes / unit_bytes;
}

// What is taken of the grant, less what lies idle in the grants below. Others allocate meanwhile,
// so a child's two numbers may be of different instants.
ScopeNode::Units ScopeNode::live_units() const noexcept {
  const Units granted = granted_.load();
  Units unused = idle(word_.load());
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    const Units child_granted = child->granted_.load();
    unused += child_granted - std::min(child_granted, child->live_units());
  }
  return granted - std::min(granted, unused);
}

std::uint64_t ScopeNode::total_allocations() const noexcept {
  std::uint64_t sum = closed_allocations_ + older_allocations_.load(std::memory_order_relaxed) +
                      (word_.load() & count_mask);
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    sum += child->total_allocations();
  }
  return sum;
}

std::size_t ScopeNode::total_scratch() const noexcept {
  std::size_t sum = scratch_bytes_.load(std::memory_order_relaxed);
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    sum += child->total_scratch();
  }
  return sum;
}

void ScopeNode::fill(ScopeStats& stats) const noexcept {
  stats.closed = !is_open();
  const Units live = live_units();
  stats.live_bytes = live * unit_bytes;
  stats.peak_bytes = std::max(peak_.load(), live) * unit_bytes;
  stats.budget_bytes = budget_ == most_units ? unlimited_bytes : budget_ * unit_bytes;
  stats.scratch_bytes = total_scratch();
  stats.adopted_bytes = stats.closed ? 0 : adopted_ * unit_bytes;
  stats.escaped_bytes = escaped_ * unit_bytes;
  stats.allocations = total_allocations();
  stats.copies = copies_.load(std::memory_order_relaxed);
  stats.copied_bytes = copied_bytes_.load(std::memory_order_relaxed);
  stats.first_touch_pages = first_touch_pages_.load(std::memory_order_relaxed);
  stats.children = child_count_;
  try {
    stats.name = name_;
    stats.path = path_;
  } catch (const std::bad_alloc&) {
    // The numbers are worth having without.
  }
}

void ScopeNode::fill(ScopeSnapshot& snapshot) const noexcept {
  fill(snapshot.stats);
  try {
    snapshot.children.resize(child_count_);
  } catch (const std::bad_alloc&) {
    return;
  }
  auto to = snapshot.children.begin();
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    child->fill(*to++);
  }
}

ScopeStats ScopeNode::stats() const noexcept {
  const std::lock_guard lock(tree_->mutex);
  ScopeStats stats;
  fill(stats);
  return stats;
}

std::vector<ScopeStats> ScopeNode::children() const noexcept {
  const std::lock_guard lock(tree_->mutex);
  std::vector<ScopeStats> all;
  try {
    all.resize(child_count_);
  } catch (const std::bad_alloc&) {
    return all;
  }
  auto to = all.begin();
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    child->fill(*to++);
  }
  return all;
}

ScopeSnapshot ScopeNode::snapshot() const noexcept {
  const std::lock_guard lock(tree_->mutex);
  ScopeSnapshot snapshot;
  fill(snapshot);
  return snapshot;
}

Status ScopeNode::refusal(const ScopeNode& asker, std::size_t bytes) const noexcept {
  try {
    struct Holder {
      Units units;
      std::string_view name;
    };
    const Units live = live_units();
    std::vector<Holder> holders;
    Units below = 0;
    for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
      holders.push_back({child->live_units(), child->name_});
      below += holders.back().units;
    }
    holders.push_back({live - std::min(live, below), "its own blocks"});
    const std::size_t shown = std::min<std::size_t>(holders.size(), 3);
    std::partial_sort(holders.begin(), holders.begin() + static_cast<std::ptrdiff_t>(shown),
                      holders.end(),
                      [](const Holder& a, const Holder& b) { return a.units > b.units; });
    std::string text = "scope " + asker.path_ + " asked for " + std::to_string(bytes) + " bytes; ";
    text += (this == &asker ? "it" : "scope " + path_) + " has ";
    append_bytes(text, live);
    text += " bytes live of a budget of ";
    append_bytes(text, budget_);
    for (std::size_t i = 0; i < shown && holders[i].units != 0; ++i) {
      text += i == 0 ? "; largest holders: " : ", ";
      text += std::string(holders[i].name) + " ";
      append_bytes(text, holders[i].units);
    }
    text += "; drop blocks or raise the budget of " + path_;
    return {ErrorCode::budget_exceeded, text};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::budget_exceeded, "a scope's budget refused the request"};
  }
}

}  // namespace frys::detail
