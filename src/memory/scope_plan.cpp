// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Memory made ready for a scope ahead of time.

#include <algorithm>
#include <mutex>
#include <utility>

#include "memory/scope_node.hpp"

namespace frys::detail {

/// Keeps a scope's promise as background work. Dropped unrun, it takes the promise back.
class ScopeNode::PrefaultTask {
 public:
  PrefaultTask(ScopeNode& scope, Units more, std::size_t largest_bytes) noexcept
      : scope_(&scope), more_(more), largest_bytes_(largest_bytes) {
    scope.add_reference();
  }
  PrefaultTask(PrefaultTask&& other) noexcept
      : scope_(std::exchange(other.scope_, nullptr)),
        more_(other.more_),
        largest_bytes_(other.largest_bytes_) {}
  PrefaultTask& operator=(PrefaultTask&&) = delete;
  ~PrefaultTask() {
    if (scope_ == nullptr) return;
    if (more_ != 0) scope_->cut_promise(more_);
    scope_->drop_reference();
  }
  void operator()() noexcept {
    const Units more = std::exchange(more_, 0);
    // Closed, or used up meanwhile: then nobody waits for it.
    if (scope_->promised_.load(std::memory_order_relaxed) == 0) return;
    static_cast<void>(scope_->prefault_promised(more, largest_bytes_));
  }

 private:
  ScopeNode* scope_;
  Units more_;
  std::size_t largest_bytes_;
};

Status ScopeNode::prefault_promised(Units more, std::size_t largest_bytes) noexcept {
  Status status = pool_->prefault_promised(largest_bytes);
  if (!status.ok()) cut_promise(more);
  wake_decay();
  return status;
}

Status ScopeNode::reserve(const MemoryPlan& plan) {
  if (plan.bytes > max_request_bytes) {
    return {ErrorCode::invalid_argument, "scope " + path_ + " was asked to make " +
                                             std::to_string(plan.bytes) +
                                             " bytes ready, more than can be addressed"};
  }
  Status status = make_ready(plan);
  if (!status.ok()) {
    note_refusal(plan.bytes, status);
  } else if (tree_->trace.on()) {
    tree_->trace.reserved(this, plan.bytes);
  }
  return status;
}

Status ScopeNode::make_ready(const MemoryPlan& plan) {
  const Units units = units_of(plan.bytes);
  Units more = 0;
  {
    const std::lock_guard lock(tree_->lock);
    if (!is_open()) return closed_status();
    if (ScopeNode* refuser = pay_from_all(units, pool_->find_cache())) {
      return refuser->refusal(*this, plan.bytes);
    }
    pay_back_open(units);
    if (plan.bytes != 0) more = units - std::min(units, promised_.load(std::memory_order_relaxed));
    // The pool's first, so that keeping the promise never takes more of it than there is.
    pool_->promise(more * unit_bytes);
    promised_.fetch_add(more, std::memory_order_release);
  }
  if (plan.bytes == 0) return {};
  const std::size_t largest =
      plan.largest_block_bytes == 0 ? plan.bytes : std::min(plan.largest_block_bytes, plan.bytes);
  if (plan.executor != nullptr) {
    return plan.executor->submit(PrefaultTask(*this, more, largest), TaskClass::background);
  }
  if (Status status = prefault_promised(more, largest); !status.ok()) {
    return status.with_context("making memory ready for scope " + path_);
  }
  return {};
}

}  // namespace frys::detail
