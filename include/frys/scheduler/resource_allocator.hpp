// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Decides which waiting steps start now, and with how much memory: most urgent first, small steps
// filled into the gaps that a large one cannot use yet, nobody passed over for ever. It holds
// numbers only, so it runs alone, in a simulation, or inside the scheduler. Not for placing
// threads or allocating memory.
//
//   auto allocator = *frys::ResourceAllocator::create({}, {1, 2.0, 8'000'000'000});
//   allocator.enqueue({.id = 7, .urgency = 30.0, .memory_bytes = 1'000'000'000});
//   for (const frys::Admission& go : allocator.admit(now_ns)) start(go.id, go.memory_bytes);
//   allocator.release(7);

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/function.hpp"
#include "frys/core/result.hpp"

namespace frys {

/// What there is to hand out. A vector with a version, so that several machines can agree on the
/// newest one.
struct Capacity {
  std::uint64_t version = 1;  ///< Grows with every change.
  double cpu_slots = 1;       ///< Steps that can compute at the same time; > 0, finite.
  /// Memory for all running steps together, in bytes; > 0.
  std::size_t memory_bytes = std::numeric_limits<std::size_t>::max();

  friend bool operator==(const Capacity&, const Capacity&) = default;
};

/// `organized`: urgency and backfilling. `fifo`: in order of arrival, nobody overtakes (the
/// baseline that figures are compared with).
enum class AdmissionPolicy : std::uint8_t { organized, fifo };

struct ResourceAllocatorOptions {
  AdmissionPolicy policy = AdmissionPolicy::organized;
  /// A step is given its predicted memory times this, ≥ 1; room for what the prediction missed.
  double memory_margin = 1.02;
  /// No step is given less than this many bytes; also the unit that budgets are rounded up to.
  std::size_t memory_quantum_bytes = std::size_t{1} << 16;
  /// How many requests that came later may start before a waiting one; then it goes first, and
  /// what it needs is kept free for it. ≥ 1.
  std::size_t max_overtakes = 1024;
  /// How many waiting requests are looked at for a gap; bounds the cost of `admit`. ≥ 1.
  std::size_t backfill_depth = 64;
};

/// A step that is ready to run.
struct AdmissionRequest {
  std::uint64_t id = 0;          ///< The caller's; unique among waiting and running requests.
  int priority = 0;              ///< The host's; a higher one always goes first.
  double urgency = 0;            ///< The b-level: seconds of work from here to the end.
  double cpu_slots = 1;          ///< ≥ 0; 0 for a step that only waits for others.
  std::size_t memory_bytes = 0;  ///< Predicted peak.
  std::int64_t runtime_ns = 0;   ///< Predicted; 0: not known. Used for backfilling.
  bool exact_memory = false;     ///< Give `memory_bytes` as asked, without the margin.
  bool again = false;  ///< It ran before: it goes ahead of its equals, so that they can learn.
};

/// A request that may start now.
struct Admission {
  std::uint64_t id = 0;
  double cpu_slots = 0;
  std::size_t memory_bytes = 0;        ///< The budget: what the step may use.
  std::uint64_t capacity_version = 0;  ///< Of the capacity that it was admitted under.
  bool backfilled = false;             ///< Started in a gap, ahead of a more urgent one.
  bool clamped = false;                ///< Asked for more than there is; got all that there is.
  std::string_view reason;             ///< Why now, in words; static storage.
};

/// What is held and what waits.
struct AllocatorSnapshot {
  Capacity capacity;
  double used_cpu_slots = 0;
  std::size_t used_memory_bytes = 0;
  std::size_t peak_memory_bytes = 0;  ///< Most that was ever handed out at one time.
  std::size_t waiting = 0;
  std::size_t running = 0;
  std::uint64_t admitted = 0;
  std::uint64_t backfilled = 0;
  std::uint64_t promoted = 0;  ///< Went first because they had been passed over often enough.
};

/// Admits steps against a capacity. Deterministic: same calls, same answers.
/// Threads: safe, one internal lock.
class FRYS_API ResourceAllocator {
 public:
  /// Errors: invalid_argument (which field, and what was found), out_of_memory.
  static Result<ResourceAllocator> create(const ResourceAllocatorOptions& options,
                                          const Capacity& capacity);
  ~ResourceAllocator();
  ResourceAllocator(ResourceAllocator&&) noexcept;
  ResourceAllocator& operator=(ResourceAllocator&&) noexcept;

  /// Adds a request to those waiting; `admit` decides. More than the whole capacity is legal: it
  /// is then given all of it and runs alone.
  /// Errors: invalid_argument (negative or non-finite), already_exists (the id), out_of_memory.
  /// Cost: O(log waiting).
  Status enqueue(const AdmissionRequest& request);

  /// Everything that may start now, most urgent first; it is held until `release`. Call it after
  /// enqueue, release and resize. `now_ns` is the caller's clock and must not go back.
  /// Source: EASY backfilling (Lifka, "The ANL/IBM SP scheduling system", 1995), on two resources.
  /// Cost: O((admitted + backfill_depth) · log waiting + running).
  std::vector<Admission> admit(std::int64_t now_ns);
  /// The same, asking `refresh` for a newer prediction of each request just before it is looked
  /// at: it may change `memory_bytes` and `runtime_ns`, and must not call the allocator. Steps that
  /// became ready together are so judged by what those before them were seen to need.
  std::vector<Admission> admit(std::int64_t now_ns, FunctionRef<void(AdmissionRequest&)> refresh);

  /// Gives back what a running request holds. Errors: not_found. Cost: O(log waiting).
  Status release(std::uint64_t id);

  /// Takes a waiting request out. False when it is not waiting. Cost: O(log waiting).
  bool withdraw(std::uint64_t id) noexcept;

  /// Changes the urgency of a waiting request, for when estimates got better.
  /// Errors: not_found, invalid_argument, out_of_memory. Cost: O(log waiting).
  Status set_urgency(std::uint64_t id, double urgency);

  /// Replaces the capacity. What runs keeps what it has, even when that is more than is left.
  /// Errors: failed_precondition (the version did not grow; names both), invalid_argument.
  Status resize(const Capacity& capacity);

  /// The budget that `request` would be given on an idle machine. Cost: O(1).
  [[nodiscard]] std::size_t budget_bytes(const AdmissionRequest& request) const noexcept;

  [[nodiscard]] AllocatorSnapshot snapshot() const noexcept;

 private:
  struct Impl;
  explicit ResourceAllocator(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// How long the work behind each step is, itself included: `b[i] = seconds[i] + max b[successor]`.
/// `successors[i]` lists indices below `seconds.size()`. A step on a cycle gets its own seconds
/// only. Source: Adam, Chandy and Dickson, "A comparison of list schedules", 1974.
/// Errors: invalid_argument (sizes differ, or an index is out of range). Cost: O(steps + edges).
FRYS_API Result<std::vector<double>> b_levels(
    const std::vector<std::vector<std::size_t>>& successors, const std::vector<double>& seconds);

}  // namespace frys
