// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The heart: opens one data folder and holds the memory manager, the scheduler and the experience
// store, wired to each other. A host opens one and keeps it; a test of one part needs only the
// part.
//
//   auto kernel = frys::Kernel::open({.data_dir = "crew-data"});
//   if (!kernel) return report(kernel.error());
//   auto id = kernel->scheduler().submit(std::move(graph));
//   auto report = kernel->scheduler().wait(*id);

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "frys/core/environment.hpp"
#include "frys/core/result.hpp"
#include "frys/experience/embedder.hpp"
#include "frys/experience/experience_store.hpp"
#include "frys/experience/vector_space.hpp"
#include "frys/memory/manager.hpp"
#include "frys/scheduler/workflow_scheduler.hpp"

namespace frys {

/// How a kernel is opened. Only `data_dir` has to be said; the rest is taken from the machine.
struct KernelOptions {
  /// The folder that holds everything durable; made if it is not there (its parent must be).
  std::string data_dir;
  /// Threads that run steps; 0: one a usable core.
  std::size_t worker_threads = 0;
  /// What all tensors together may take; 0: the memory manager's default share of the machine.
  std::size_t memory_budget_bytes = 0;
  /// Turns text into vectors; null: a `HashingEmbedder` of its default dimension.
  std::shared_ptr<const Embedder> embedder;
  /// Spaces of vectors that experiences may have besides; those that are there already need not be
  /// named.
  std::vector<VectorSpace> spaces = {};
  /// Whether finished steps are written as experiences and asked for when steps are predicted.
  bool learn_from_steps = true;

  LogSink* log = nullptr;           ///< Null: silent. Must outlive the kernel.
  Tracer* tracer = nullptr;         ///< Null: no spans. Must outlive the kernel.
  FaultInjector* faults = nullptr;  ///< For tests. Must outlive the kernel.
};

/// An open data folder with the parts at work on it. Movable, not copyable.
/// Threads: every member is safe but `close`, the destructor and moving.
class FRYS_API Kernel {
 public:
  /// Opens `options.data_dir`, recovers what a crash left, and starts the worker threads.
  /// Errors: invalid_argument (no folder named, a file in its place), already_open (names the
  /// process that holds it), failed_precondition (an embedder unlike the stored one, or data of a
  /// later version), io_error, corruption.
  /// Cost: under 50 ms for an empty folder; slow probes of the machine wait until they are needed.
  static Result<Kernel> open(const KernelOptions& options);

  Kernel(Kernel&& other) noexcept;
  Kernel& operator=(Kernel&& other) noexcept;
  /// Closes; use `close` to learn how that went.
  ~Kernel();

  /// Tensor memory: scopes by workflow and agent. Its tensors may outlive the kernel.
  [[nodiscard]] TensorMemoryManager& memory() noexcept;
  /// Runs workflows. After `close` it answers `closed`.
  [[nodiscard]] WorkflowScheduler& scheduler() noexcept;
  /// What was tried and what came of it. After `close` it answers `closed`.
  [[nodiscard]] ExperienceStore& experience() noexcept;
  /// The one pool of threads.
  [[nodiscard]] Executor& executor() noexcept;
  /// Counters, gauges and latencies of all parts.
  [[nodiscard]] MetricsRegistry& metrics() noexcept;
  /// Clock, executor, log and the rest, for a host that builds parts of its own on them.
  [[nodiscard]] const Environment& environment() const noexcept;
  [[nodiscard]] const std::string& data_dir() const noexcept;

  /// Cancels running workflows, waits for their steps, writes what is left, joins every thread and
  /// lets go of the folder. Again: nothing. Errors: io_error (what could not be written);
  /// failed_precondition (called from a step, which cannot wait for itself; nothing is closed).
  Status close();

 private:
  struct Impl;
  explicit Kernel(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
