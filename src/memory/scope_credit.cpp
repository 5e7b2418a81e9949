// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Charges that threads pay in advance. Credit is opened, filled up, cut and ended under the tree's
// lock, by its thread or under a claim of all gates; between those its thread spends it alone.

#include <algorithm>
#include <mutex>
#include <utility>

#include "memory/scope_node.hpp"

namespace frys::detail {

bool ScopeNode::is_within(const ScopeNode* above) const noexcept {
  const ScopeNode* node = this;
  while (node != nullptr && node->depth_ > above->depth_) node = node->parent_;
  return node == above;
}

// Calls `visit(scope, credit)` for the credit that a thread has of this scope and those below.
// Returns how many there are.
template <typename Cache, typename Visit>
std::size_t ScopeNode::visit_credits(Cache& cache, Visit&& visit) const noexcept {
  std::size_t found = 0;
  for (auto& credit : cache.credits) {
    ScopeNode* scope = credit.scope.load(std::memory_order_relaxed);
    if (scope == nullptr || !scope->is_within(this)) continue;
    ++found;
    visit(*scope, credit);
  }
  return found;
}

// The thread's credit of this scope; null when it has none.
Credit* ScopeNode::credit_in(ThreadCache* cache) noexcept {
  if (cache == nullptr) return nullptr;
  Credit& credit = cache->credits[slot_];
  return credit.scope.load(std::memory_order_relaxed) == this ? &credit : nullptr;
}

Credit& ScopeNode::open_credit(ThreadCache& cache) noexcept {
  Credit& credit = cache.credits[slot_];
  ScopeNode* holder = credit.scope.load(std::memory_order_relaxed);
  if (holder == this) return credit;
  if (holder != nullptr) holder->end_credit(cache, credit);
  credit.scope.store(this, std::memory_order_relaxed);
  ++holders_;
  return credit;
}

// What is used, less what this thread had not spent when that was least.
inline void ScopeNode::note_peak(const ThreadCache* own) noexcept {
  if (used_ <= peak_) [[likely]]
    return;
  Units unspent = 0;
  if (own != nullptr) {
    visit_credits(*own, [&unspent](const ScopeNode&, const Credit& credit) {
      unspent += credit.least.load(std::memory_order_relaxed);
    });
  }
  peak_ = std::max(peak_, used_ - std::min(unspent, used_));
}

void ScopeNode::note_peaks(const ThreadCache* own) noexcept {
  for (ScopeNode* node = this; node != nullptr; node = node->parent_) node->note_peak(own);
}

// Notes what was live at most, before anything else changes.
void ScopeNode::restart_peak(const ThreadCache& cache, Credit& credit) noexcept {
  note_peaks(&cache);
  credit.least.store(credit.units.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

// Returns how many units it had; they are charged no longer.
ScopeNode::Units ScopeNode::take_credit(const ThreadCache& cache, Credit& credit) noexcept {
  note_peaks(&cache);
  const Units units = credit.units.exchange(0, std::memory_order_relaxed);
  credit.least.store(0, std::memory_order_relaxed);
  allocations_ += credit.allocations.exchange(0, std::memory_order_relaxed);
  pay_back_open(units);
  return units;
}

void ScopeNode::end_credit(const ThreadCache& cache, Credit& credit) noexcept {
  take_credit(cache, credit);
  credit.scope.store(nullptr, std::memory_order_relaxed);
  --holders_;
}

Status ScopeNode::charge(Units units, std::size_t bytes, const ScopeNode*& refuser) noexcept {
  const bool small = pool_->is_small(bytes);
  ThreadCache* own = small ? pool_->bind_cache() : pool_->find_cache();
  const std::lock_guard lock(tree_->lock);
  if (!is_open()) return closed_status();
  if (small && own != nullptr && !tree_->trace.on()) {
    refuser = pay_with_credit(units, *own);
  } else {
    refuser = pay_at_once(units, own);
  }
  return refuser == nullptr ? Status() : refuser->refusal(*this, bytes);
}

// For what is too large for credit.
ScopeNode* ScopeNode::pay_at_once(Units units, ThreadCache* own) noexcept {
  Credit* credit = credit_in(own);
  if (credit != nullptr) restart_peak(*own, *credit);
  if (ScopeNode* refuser = pay_from_all(units, own)) return refuser;
  ++allocations_;
  return nullptr;
}

// Null, or the scope that refuses even when no credit is left below it.
ScopeNode* ScopeNode::pay_from_all(Units units, ThreadCache* own) noexcept {
  for (;;) {
    ScopeNode* refuser = pay(units);
    if (refuser == nullptr || refuser->collect_credits(own) == 0) return refuser;
  }
}

// Fills the thread's credit up and spends of it.
ScopeNode* ScopeNode::pay_with_credit(Units units, ThreadCache& own) noexcept {
  Credit& credit = open_credit(own);
  restart_peak(own, credit);
  const Units had = credit.units.load(std::memory_order_relaxed);
  Units needed = units - std::min(units, had);
  Units paid = needed + spare_credit;
  ScopeNode* refuser = pay(paid);
  if (refuser != nullptr) {
    // The spare is no reason to refuse, nor to take credit from others.
    refuser = needed == 0 ? nullptr : pay(needed);
    paid = needed;
  }
  if (refuser != nullptr) {
    take_credit(own, credit);
    paid = units;
    refuser = pay_from_all(units, &own);
    if (refuser != nullptr) return refuser;
  }
  credit.add(paid - units);
  credit.least.store(credit.units.load(std::memory_order_relaxed), std::memory_order_relaxed);
  ++allocations_;
  return nullptr;
}

// A thread that only releases gets credit when it goes on doing so: the end of a scope that other
// threads have credit of costs a claim.
bool ScopeNode::deserves_credit(ThreadCache* cache) const noexcept {
  if (cache == nullptr || tree_->trace.on()) return false;
  if (std::exchange(cache->releases_of, this) != this) cache->releases = 0;
  return ++cache->releases >= releases_before_credit;
}

// Whatever lowers what is used notes the peak before, unless the block was never had.
void ScopeNode::uncharge_open(Units units, bool never_used) noexcept {
  ThreadCache* own = pool_->find_cache();
  Credit* credit = credit_in(own);
  if (credit == nullptr && units <= most_credit / 2 && deserves_credit(own)) {
    credit = &open_credit(*own);
  }
  if (credit == nullptr) {
    for (ScopeNode* node = this; node != nullptr; node = node->parent_) {
      if (!never_used) node->note_peak(own);
      node->used_ -= units;
    }
    return;
  }
  if (!never_used) note_peaks(own);
  const Units sum = credit->units.load(std::memory_order_relaxed) + units;
  const Units kept = sum > most_credit ? most_credit / 2 : sum;
  pay_back_open(sum - kept);
  credit->units.store(kept, std::memory_order_relaxed);
  credit->least.store(kept, std::memory_order_relaxed);
}

std::size_t ScopeNode::holders_below() const noexcept {
  std::size_t sum = holders_;
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    sum += child->holders_below();
  }
  return sum;
}

// Those that may have credit of this scope and those below it. Below a shareable scope every scope
// is; below another one there may be both.
template <typename Visit>
void ScopeNode::claim_all_caches(Visit&& visit) noexcept {
  pool_->claim_caches(visit);
  PoolCore* shared = shared_pool();
  if (shared != nullptr && shared != pool_) shared->claim_caches(visit);
}

// Takes back what is unspent here and below: this thread's, and if that is none, everybody's.
ScopeNode::Units ScopeNode::collect_credits(ThreadCache* own) noexcept {
  Units sum = 0;
  const auto collect = [this, &sum](ThreadCache& cache) {
    return visit_credits(
        cache, [&](ScopeNode& scope, Credit& credit) { sum += scope.take_credit(cache, credit); });
  };
  const std::size_t owned = own != nullptr ? collect(*own) : 0;
  if (sum != 0 || holders_below() == owned) return sum;
  claim_all_caches(collect);
  return sum;
}

void ScopeNode::end_credits() noexcept {
  const auto end = [this](ThreadCache& cache) {
    visit_credits(cache,
                  [&](ScopeNode& scope, Credit& credit) { scope.end_credit(cache, credit); });
  };
  if (ThreadCache* own = pool_->find_cache()) end(*own);
  if (holders_below() != 0) claim_all_caches(end);
}

void ScopeNode::give_up_credits(ThreadCache& cache) noexcept {
  for (Credit& credit : cache.credits) {
    ScopeNode* scope = nullptr;
    {
      // Who ends the scope claims the gate first, so it lives as long as we are in.
      const OwnerSection section(cache.gate);
      scope = credit.scope.load(std::memory_order_relaxed);
      if (scope != nullptr) scope->add_reference();
    }
    if (scope == nullptr) continue;
    {
      const std::lock_guard lock(scope->tree_->lock);
      if (credit.scope.load(std::memory_order_relaxed) == scope) scope->end_credit(cache, credit);
    }
    scope->drop_reference();
  }
}

ScopeNode::Unspent ScopeNode::unspent() const noexcept {
  Unspent sum;
  if (holders_ == 0) return sum;
  pool_->visit_caches([&](const ThreadCache& cache) {
    const Credit& credit = cache.credits[slot_];
    if (credit.scope.load(std::memory_order_relaxed) != this) return;
    sum.units += credit.units.load(std::memory_order_relaxed);
    sum.least += credit.least.load(std::memory_order_relaxed);
    sum.allocations += credit.allocations.load(std::memory_order_relaxed);
  });
  return sum;
}

ScopeNode::Unspent ScopeNode::unspent_below() const noexcept {
  Unspent sum = unspent();
  for (const ScopeNode* child = first_child_; child != nullptr; child = child->following_) {
    const Unspent below = child->unspent_below();
    sum.units += below.units;
    sum.least += below.least;
    sum.allocations += below.allocations;
  }
  return sum;
}

}  // namespace frys::detail
