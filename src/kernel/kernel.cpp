// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/kernel.hpp"

#include <new>
#include <optional>
#include <utility>

#include "frys/scheduler/thread_pool.hpp"
#include "kernel/adapters/store_adapters.hpp"
#include "kernel/data_folder.hpp"

namespace frys {

// Members are in the order in which they are opened; a part's pointers look up this list only, so
// that taking it apart from below is safe.
struct Kernel::Impl {
  explicit Impl(detail::DataFolder held) : data_dir(held.path()), folder(std::move(held)) {}

  Status open_pool(const KernelOptions& options);
  Status open_memory(const KernelOptions& options);
  Status open_experience(const KernelOptions& options);
  Status open_scheduler(const KernelOptions& options);
  Status close();

  std::string data_dir;
  std::optional<detail::DataFolder> folder;  // Empty once closed.
  MetricsRegistry metrics;
  Environment environment;
  std::unique_ptr<ThreadPool> pool;
  std::optional<TensorMemoryManager> memory;
  std::optional<ExperienceStore> experience;
  std::optional<detail::StoreAdvisor> advisor;
  std::optional<detail::StoreObserver> observer;
  std::unique_ptr<WorkflowScheduler> scheduler;
  bool closed = false;
};

Status Kernel::Impl::open_pool(const KernelOptions& options) {
  environment.metrics = &metrics;
  environment.log = options.log;
  environment.tracer = options.tracer;
  environment.faults = options.faults;
  auto made = ThreadPool::create({.workers = options.worker_threads}, environment);
  if (!made) return made.error();
  pool = *std::move(made);
  environment.executor = pool.get();
  return {};
}

Status Kernel::Impl::open_memory(const KernelOptions& options) {
  TensorMemoryOptions chosen;
  chosen.budget_bytes = options.memory_budget_bytes;
  auto made = TensorMemoryManager::create(chosen, environment);
  if (!made) return made.error();
  memory.emplace(*std::move(made));
  return {};
}

Status Kernel::Impl::open_experience(const KernelOptions& options) {
  ExperienceStoreOptions chosen;
  chosen.path = folder->experience_path();
  chosen.embedder = options.embedder;
  chosen.spaces = options.spaces;
  auto made = ExperienceStore::open(chosen, environment);
  if (!made) return made.error();
  experience.emplace(*std::move(made));
  return {};
}

Status Kernel::Impl::open_scheduler(const KernelOptions& options) {
  SchedulerOptions chosen;
  if (options.learn_from_steps) {
    advisor.emplace(*experience, environment);
    observer.emplace(*experience, environment);
    chosen.advisor = &*advisor;
    chosen.observer = &*observer;
  }
  auto made = WorkflowScheduler::create(chosen, *memory, environment);
  if (!made) return made.error();
  scheduler = *std::move(made);
  return {};
}

// The scheduler first, for its steps use all the rest; the pool after the store, whose background
// work runs on it. From a step nothing is closed at all: it would wait for itself. Other failures
// do not keep the later parts open.
Status Kernel::Impl::close() {
  if (closed) return {};
  Status first = scheduler ? scheduler->close() : Status();
  if (first == ErrorCode::failed_precondition) return first;
  closed = true;
  const auto note = [&first](Status status) {
    if (first.ok()) first = std::move(status);
  };
  if (experience) note(experience->close());
  if (pool) note(pool->close());
  if (memory) note(memory->close());
  folder.reset();
  return first;
}

Result<Kernel> Kernel::open(const KernelOptions& options) try {
  auto folder = detail::DataFolder::acquire(options.data_dir);
  if (!folder) return folder.error();
  Kernel kernel(std::make_unique<Impl>(*std::move(folder)));
  for (const auto part :
       {&Impl::open_pool, &Impl::open_memory, &Impl::open_experience, &Impl::open_scheduler}) {
    if (Status status = (kernel.impl_.get()->*part)(options); !status.ok()) return status;
  }
  return kernel;
} catch (const std::bad_alloc&) {
  return Status::out_of_memory();
}

Kernel::Kernel(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Kernel::Kernel(Kernel&& other) noexcept = default;

Kernel& Kernel::operator=(Kernel&& other) noexcept {
  if (this != &other) {
    (void)close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

Kernel::~Kernel() { (void)close(); }

Status Kernel::close() { return impl_ == nullptr ? Status() : impl_->close(); }

TensorMemoryManager& Kernel::memory() noexcept { return *impl_->memory; }
WorkflowScheduler& Kernel::scheduler() noexcept { return *impl_->scheduler; }
ExperienceStore& Kernel::experience() noexcept { return *impl_->experience; }
Executor& Kernel::executor() noexcept { return *impl_->pool; }
MetricsRegistry& Kernel::metrics() noexcept { return impl_->metrics; }
const Environment& Kernel::environment() const noexcept { return impl_->environment; }
const std::string& Kernel::data_dir() const noexcept { return impl_->data_dir; }

}  // namespace frys
