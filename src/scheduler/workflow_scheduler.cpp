// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/workflow_scheduler.hpp"

#include <new>
#include <system_error>

#include "scheduler/engine.hpp"

namespace frys {

struct WorkflowScheduler::Impl final : detail::Engine {
  using Engine::Engine;
};

WorkflowScheduler::WorkflowScheduler(std::shared_ptr<Impl> impl) noexcept
    : impl_(std::move(impl)) {}

WorkflowScheduler::~WorkflowScheduler() { static_cast<void>(impl_->close()); }

Result<std::unique_ptr<WorkflowScheduler>> WorkflowScheduler::create(
    const SchedulerOptions& options, TensorMemoryManager& memory, const Environment& environment) {
  if (options.reports_kept < 1) {
    return Status(ErrorCode::invalid_argument,
                  "SchedulerOptions::reports_kept is 0; give at least 1");
  }
  try {
    Capacity capacity = options.capacity;
    if (capacity.cpu_slots == 0) capacity.cpu_slots = double(environment.executor->concurrency());
    if (capacity.memory_bytes == 0) capacity.memory_bytes = memory.root().stats().budget_bytes;
    Result<ResourceAllocator> allocator = ResourceAllocator::create(options.allocator, capacity);
    if (!allocator) return allocator.error();
    return std::unique_ptr<WorkflowScheduler>(new WorkflowScheduler(
        std::make_shared<Impl>(options, *std::move(allocator), memory, environment)));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<WorkflowId> WorkflowScheduler::submit(WorkflowGraph graph) {
  return impl_->submit(std::move(graph));
}

Result<WorkflowReport> WorkflowScheduler::wait(WorkflowId id) { return impl_->wait(id); }

void WorkflowScheduler::wait(WorkflowId id, UniqueFunction<void(Result<WorkflowReport>)> done) {
  impl_->wait(id, std::move(done));
}

Status WorkflowScheduler::cancel(WorkflowId id) { return impl_->cancel(id); }

Result<CollaborationPlan> WorkflowScheduler::optimize_for_collaboration(WorkflowId id) {
  return impl_->optimize(id);
}

void WorkflowScheduler::optimize_for_collaboration(
    WorkflowId id, UniqueFunction<void(Result<CollaborationPlan>)> done) {
  impl_->optimize(id, std::move(done));
}

Status WorkflowScheduler::resize(const Capacity& capacity) { return impl_->resize(capacity); }

Status WorkflowScheduler::close() noexcept { return impl_->close(); }

const CollaborationDetector& WorkflowScheduler::detector() const noexcept {
  return impl_->detector_;
}

const LoadPredictor& WorkflowScheduler::predictor() const noexcept { return impl_->predictor_; }

AllocatorSnapshot WorkflowScheduler::allocator() const noexcept {
  return impl_->allocator_.snapshot();
}

}  // namespace frys
