// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What scopes do to each other, all of it under the tree's lock. What threads have paid in advance
// is in scope_credit.cpp.

#include <algorithm>
#include <mutex>
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

// Those of open scopes; a closed one's is taken by nobody for long.
template <typename Visit>
void ScopeNode::visit_scratch_locks(Visit&& visit) noexcept {
  visit(scratch_lock_);
  for (ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    child->visit_scratch_locks(visit);
  }
}

void ScopeTree::hold_for_fork() noexcept {
  lock.lock();
  if (root != nullptr) root->visit_scratch_locks([](ShortLock& scratch) { scratch.lock(); });
  trace.hold_for_fork();
  pressure->hold_for_fork();
  if (decay != nullptr) decay->hold_for_fork();
}

void ScopeTree::let_go_after_fork() noexcept {
  if (decay != nullptr) decay->let_go_after_fork();
  pressure->let_go_after_fork();
  trace.let_go_after_fork();
  if (root != nullptr) root->visit_scratch_locks([](ShortLock& scratch) { scratch.unlock(); });
  lock.unlock();
}

void ScopeTree::clean_up_in_child() noexcept {
  if (decay != nullptr) decay->end_in_child();
  pressure->forget_others_in_child();
  trace.abandon_in_child();
}

ScopeNode* ScopeNode::make_root(std::string_view name, std::size_t budget_bytes, PoolCore& pool,
                                const MemoryPoolOptions& pool_options, FaultInjector* faults,
                                std::shared_ptr<Decay> decay) {
  auto tree = std::make_unique<ScopeTree>(pool, pool_options, faults, std::move(decay));
  auto* root = new ScopeNode(name, std::string(name), budget_units(budget_bytes, most_units),
                             nullptr, tree.get(), &pool);
  {
    const std::lock_guard lock(tree->lock);
    tree->root = root;
  }
  static_cast<void>(tree.release());
  pool.retain();
  return root;
}

// Under the tree's lock. Null without heap memory for a pool.
PoolCore* ScopeNode::pool_of_child(const ScopeOptions& options) noexcept {
  if (!options.shareable || pool_->shared()) return pool_;
  PoolCore* shared = shared_pool();
  if (shared != nullptr) return shared;
  MemoryPoolOptions pool_options = tree_->pool_options;
  pool_options.backing = PoolBacking::shared;
  // Its one reference is the manager's, which closes it; this one is the tree's.
  shared = new (std::nothrow) PoolCore(pool_options, tree_->faults);
  if (shared == nullptr) return nullptr;
  shared->retain();
  PoolCore::join(*tree_->pool, *shared);
  tree_->shared_pool.store(shared, std::memory_order_release);
  return shared;
}

Result<ScopeNode*> ScopeNode::make_child(std::string_view name, const ScopeOptions& options) {
  if (name.empty()) return Status(ErrorCode::invalid_argument, "a scope's name is empty");
  if (depth_ + 1 >= most_depth) {
    return Status(ErrorCode::invalid_argument,
                  "scope " + path_ + " is too deep to have a child; at most " +
                      std::to_string(most_depth) + " levels are supported");
  }
  tree_->trace.write_when_full();
  PoolCore* pool = nullptr;
  {
    const std::lock_guard lock(tree_->lock);
    if (is_open()) {
      pool = pool_of_child(options);
      if (pool == nullptr) return Status::out_of_memory();
    }
  }
  if (pool == nullptr) return closed_status();
  auto* child = new ScopeNode(name, path_ + "/" + std::string(name),
                              budget_units(options.budget_bytes, most_units), this, tree_, pool);
  {
    const std::lock_guard lock(tree_->lock);
    if (is_open()) {
      add_reference();
      link_child(child);
      if (tree_->trace.on()) tree_->trace.opened(child, this, name, child->budget_bytes());
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

// Charges units here and above. Null, or the scope that refuses; then nothing is charged.
ScopeNode* ScopeNode::pay(Units units) noexcept {
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) {
    if (units > node->budget_ - node->used_) return node;
  }
  used_ += units;
  for (ScopeNode* node = parent_; node != nullptr; node = node->parent_) {
    node->used_ += units;
    if (node->pool_ == pool_) node->keep_promise(units);
  }
  return nullptr;
}

// Takes units off, here and above.
void ScopeNode::pay_back(Units units, ScopeNode*& dead) noexcept {
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) {
    node->used_ -= units;
    if (node->used_ != 0 || node->is_open()) continue;
    node->next_dead_ = dead;
    dead = node;
  }
}

// The same where this scope, and so all above, is open.
void ScopeNode::pay_back_open(Units units) noexcept {
  if (units == 0) return;
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) node->used_ -= units;
}

void ScopeNode::uncharge(Units units, bool never_used) noexcept {
  ScopeNode* dead = nullptr;
  {
    // The block that goes held the node; once the charge is off, only the lock does.
    const std::lock_guard lock(tree_->lock);
    if (is_open()) {
      uncharge_open(units, never_used);
      if (never_used) --allocations_;
      if (tree_->decay == nullptr || !tree_->decay->at_rest()) [[likely]]
        return;
      add_reference();
    } else {
      add_reference();
      ScopeNode* payer = nearest_open();
      if (payer != nullptr) {
        payer->note_peaks(pool_->find_cache());
        payer->adopted_ -= units;
        if (never_used) --payer->closed_allocations_;
      }
      pay_back(units, dead);
    }
  }
  drop_dead(dead);
  wake_decay();
  drop_reference();
}

ScopeNode* ScopeNode::nearest_open() noexcept {
  ScopeNode* node = this;
  while (node != nullptr && !node->is_open()) node = node->parent_;
  return node;
}

// Returns how many units of scratch, here and below, are still charged and about to go.
// Precondition: no thread has credit here or below.
ScopeNode::Units ScopeNode::close_locked(ScopeNode*& dead, ScratchChunk*& chunks) noexcept {
  if (!is_open()) return 0;
  Units scratch_units = 0;
  while (first_child_ != nullptr) scratch_units += first_child_->close_locked(dead, chunks);
  scratch_units += close_scratch(chunks);
  open_.store(false, std::memory_order_relaxed);
  peak_ = std::max(peak_, used_);
  if (tree_->trace.on()) tree_->trace.closed(this);
  pool_->promise_kept(promised_.exchange(0) * unit_bytes);
  escaped_ = used_ > scratch_units ? used_ - scratch_units : 0;
  if (used_ != 0) add_reference();  // for the blocks
  if (parent_ != nullptr) {
    parent_->unlink_child(this);
    parent_->closed_allocations_ += past_allocations();
    parent_->adopted_ += used_;
  }
  return scratch_units;
}

ScopeNode::Units ScopeNode::close_scratch(ScratchChunk*& chunks) noexcept {
  const std::lock_guard lock(scratch_lock_);
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

Status ScopeNode::start_trace(const std::string& path, const Clock& clock) noexcept {
  if (Status status = tree_->trace.open(path, clock); !status.ok()) return status;
  const std::lock_guard lock(tree_->lock);
  trace_open_scopes();
  tree_->trace.begin();
  // Whoever has credit would allocate unseen.
  end_credits();
  return {};
}

void ScopeNode::trace_open_scopes() const noexcept {
  tree_->trace.opened(this, parent_, name_, budget_bytes());
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    child->trace_open_scopes();
  }
}

// Others allocate meanwhile, so the parts may be of different instants.
ScopeNode::Units ScopeNode::live_units() const noexcept {
  return used_ - std::min(used_, unspent_below().units);
}

// Those of this scope and of all below, but for those that threads have not reported yet.
std::uint64_t ScopeNode::past_allocations() const noexcept {
  std::uint64_t sum = closed_allocations_ + allocations_;
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    sum += child->past_allocations();
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
  const Unspent unspent = unspent_below();
  const Units live = used_ - std::min(used_, unspent.units);
  const Units most = used_ - std::min(used_, unspent.least);
  stats.live_bytes = live * unit_bytes;
  stats.peak_bytes = std::max({peak_, live, most}) * unit_bytes;
  stats.budget_bytes = budget_bytes();
  stats.scratch_bytes = total_scratch();
  stats.adopted_bytes = stats.closed ? 0 : adopted_ * unit_bytes;
  stats.escaped_bytes = escaped_ * unit_bytes;
  stats.allocations = past_allocations() + unspent.allocations;
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
  const std::lock_guard lock(tree_->lock);
  ScopeStats stats;
  fill(stats);
  return stats;
}

std::vector<ScopeStats> ScopeNode::children() const noexcept {
  const std::lock_guard lock(tree_->lock);
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
  const std::lock_guard lock(tree_->lock);
  ScopeSnapshot snapshot;
  fill(snapshot);
  return snapshot;
}

// ", largest holders: …" and who of them would give `enough` units if they dropped theirs.
std::string ScopeNode::holders(Units enough) const {
  struct Holder {
    Units units;
    std::string_view name;
  };
  std::vector<Holder> holders;
  Units below = 0;
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    holders.push_back({child->live_units(), child->name_});
    below += holders.back().units;
  }
  const Units live = live_units();
  holders.push_back({live - std::min(live, below), "its own blocks"});
  const std::size_t shown = std::min<std::size_t>(holders.size(), 5);
  std::partial_sort(holders.begin(), holders.begin() + static_cast<std::ptrdiff_t>(shown),
                    holders.end(),
                    [](const Holder& a, const Holder& b) { return a.units > b.units; });
  std::string text;
  std::size_t needed = 0;
  Units sum = 0;
  for (std::size_t i = 0; i < shown && holders[i].units != 0; ++i) {
    text += i == 0 ? "; largest holders: " : ", ";
    text += std::string(holders[i].name) + " ";
    append_bytes(text, holders[i].units);
    if (sum < enough) ++needed;
    sum += holders[i].units;
  }
  if (needed == 0 || sum < enough) return text;
  text += "; ";
  append_bytes(text, enough);
  text += " bytes must go, what the first ";
  text += needed == 1 ? "holds" : std::to_string(needed) + " hold";
  return text + " is enough";
}

Status ScopeNode::refusal(const ScopeNode& asker, std::size_t bytes) const noexcept {
  try {
    const Units live = live_units();
    const Units units = units_of(bytes);
    std::string text = "scope " + asker.path_ + " asked for " + std::to_string(bytes) + " bytes; ";
    text += (this == &asker ? "it" : "scope " + path_) + " has ";
    append_bytes(text, live);
    text += " bytes live of a budget of ";
    append_bytes(text, budget_);
    if (units <= budget_) {
      text += holders(units - std::min(units, budget_ - std::min(budget_, live)));
      text += "; drop blocks or raise the budget of " + path_;
    } else {
      text += holders(0);
      text += "; that alone is more: raise the budget of " + path_;
    }
    return {ErrorCode::budget_exceeded, text};
  } catch (const std::bad_alloc&) {
    return {ErrorCode::budget_exceeded, "a scope's budget refused the request"};
  }
}

// The system had no memory although the budgets allow it.
Status ScopeNode::out_of_memory(const Status& why, std::size_t bytes) const noexcept {
  if (why != ErrorCode::out_of_memory) return why;
  try {
    const std::lock_guard lock(tree_->lock);
    const ScopeNode* root = this;
    while (root->parent_ != nullptr) root = root->parent_;
    std::string text = "the system has no memory for " + std::to_string(bytes) +
                       " bytes of scope " + path_ + "; " + root->name_ + " has ";
    append_bytes(text, root->live_units());
    text += " bytes live" + root->holders(units_of(bytes));
    return {ErrorCode::out_of_memory, text};
  } catch (const std::bad_alloc&) {
    return why;
  }
}

}  // namespace frys::detail
