// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/resource_allocator.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>

#include "scheduler/graph_shape.hpp"

namespace frys {
namespace {

using Refresh = FunctionRef<void(AdmissionRequest&)>;

constexpr double slot_slack = 1e-9;  // Sums of fractions of slots are not exact.
constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

// The order in which waiting requests are offered capacity.
struct Rank {
  int priority;
  double urgency;
  bool again;
  std::uint64_t arrival;
  friend bool operator<(const Rank& a, const Rank& b) noexcept {
    if (a.priority != b.priority) return a.priority > b.priority;
    if (a.urgency != b.urgency) return a.urgency > b.urgency;
    if (a.again != b.again) return a.again;
    return a.arrival < b.arrival;
  }
};

struct Waiting {
  AdmissionRequest request;
  std::uint64_t arrival;
  std::uint64_t admitted_before;  // How many had been admitted when it came …
  std::uint64_t waiting_before;   // … and how many were ahead of it in time.
};

struct Held {
  double cpu_slots;
  std::size_t memory_bytes;
  std::int64_t start_ns;
  std::int64_t runtime_ns;
};

struct Need {
  double cpu_slots;
  std::size_t memory_bytes;
};

// When the blocked request is expected to fit, and what will be left over beside it then.
struct Reservation {
  std::int64_t at_ns;
  double spare_cpu_slots;
  std::size_t spare_memory_bytes;
};

std::int64_t add_capped(std::int64_t a, std::int64_t b) noexcept {
  return a > never_ns - b ? never_ns : a + b;
}

// An overdue step is taken to need half again as long as it has run.
std::int64_t expected_end(const Held& held, std::int64_t now_ns) noexcept {
  if (held.runtime_ns <= 0) return never_ns;
  const std::int64_t end = add_capped(held.start_ns, held.runtime_ns);
  return end > now_ns ? end : add_capped(now_ns, (now_ns - held.start_ns) / 2 + 1);
}

Status check_capacity(const Capacity& capacity) {
  if (!(capacity.cpu_slots > 0) || !std::isfinite(capacity.cpu_slots)) {
    return Status(ErrorCode::invalid_argument,
                  "capacity: cpu_slots must be finite and more than 0, found " +
                      std::to_string(capacity.cpu_slots));
  }
  if (capacity.memory_bytes == 0) {
    return Status(ErrorCode::invalid_argument,
                  "capacity: memory_bytes must be more than 0, found 0");
  }
  return {};
}

Status check_options(const ResourceAllocatorOptions& options) {
  if (!(options.memory_margin >= 1) || !std::isfinite(options.memory_margin)) {
    return Status(ErrorCode::invalid_argument,
                  "allocator: memory_margin must be finite and at least 1, found " +
                      std::to_string(options.memory_margin));
  }
  if (options.memory_quantum_bytes == 0 || options.max_overtakes == 0 ||
      options.backfill_depth == 0) {
    return Status(ErrorCode::invalid_argument,
                  "allocator: memory_quantum_bytes, max_overtakes and backfill_depth must each be "
                  "at least 1, found a 0");
  }
  return {};
}

Status check_request(const AdmissionRequest& request) {
  const bool sound = std::isfinite(request.urgency) && std::isfinite(request.cpu_slots) &&
                     request.cpu_slots >= 0 && request.runtime_ns >= 0;
  if (sound) return {};
  return Status(ErrorCode::invalid_argument,
                "request " + std::to_string(request.id) +
                    ": urgency must be finite, cpu_slots finite and not negative, runtime_ns not "
                    "negative; found " +
                    std::to_string(request.urgency) + ", " + std::to_string(request.cpu_slots) +
                    ", " + std::to_string(request.runtime_ns));
}

}  // namespace

struct ResourceAllocator::Impl {
  Rank rank_of(const Waiting& entry) const noexcept {
    if (options.policy == AdmissionPolicy::fifo) return {0, 0, entry.request.again, entry.arrival};
    return {entry.request.priority, entry.request.urgency, entry.request.again, entry.arrival};
  }

  std::size_t budget(const AdmissionRequest& request) const noexcept {
    if (request.exact_memory) return std::min(request.memory_bytes, capacity.memory_bytes);
    const double wanted = static_cast<double>(request.memory_bytes) * options.memory_margin;
    const auto unit = static_cast<double>(options.memory_quantum_bytes);
    const double rounded = std::max(1.0, std::ceil(wanted / unit)) * unit;
    if (rounded >= static_cast<double>(capacity.memory_bytes)) return capacity.memory_bytes;
    return static_cast<std::size_t>(rounded);
  }

  Need need_of(const AdmissionRequest& request) const noexcept {
    return {std::min(request.cpu_slots, capacity.cpu_slots), budget(request)};
  }

  double free_cpu_slots() const noexcept {
    return std::max(0.0, capacity.cpu_slots - used_cpu_slots);
  }
  std::size_t free_memory_bytes() const noexcept {
    return capacity.memory_bytes > used_memory_bytes ? capacity.memory_bytes - used_memory_bytes
                                                     : 0;
  }
  bool fits(const Need& need) const noexcept {
    return need.cpu_slots <= free_cpu_slots() + slot_slack &&
           need.memory_bytes <= free_memory_bytes();
  }

  // For the request that came first, everybody who was ahead of it is gone: whatever else was
  // admitted since came later and overtook it.
  bool starving(const Waiting& oldest) const noexcept {
    const std::uint64_t since = admitted - oldest.admitted_before;
    return since >= oldest.waiting_before + options.max_overtakes;
  }

  void insert(const Waiting& entry) {
    order.emplace(rank_of(entry), entry.request.id);
    arrivals.emplace(entry.arrival, entry.request.id);
    if (entry.request.cpu_slots <= slot_slack) ++waiting_without_cpu;
  }
  void remove(std::unordered_map<std::uint64_t, Waiting>::iterator at) noexcept {
    order.erase(rank_of(at->second));
    arrivals.erase(at->second.arrival);
    if (at->second.request.cpu_slots <= slot_slack) --waiting_without_cpu;
    waiting.erase(at);
  }

  Reservation reserve(const Need& need, std::int64_t now_ns);
  void start(std::uint64_t id, std::int64_t now_ns, bool in_gap, std::string_view reason,
             std::vector<Admission>& out);
  bool start_head(std::int64_t now_ns, Refresh refresh, std::vector<Admission>& out);
  void backfill(std::uint64_t head, bool head_starves, std::int64_t now_ns, Refresh refresh,
                std::vector<Admission>& out);
  void admit(std::int64_t now_ns, Refresh refresh, std::vector<Admission>& out);
  const AdmissionRequest& refreshed(std::uint64_t id, Refresh refresh);

  ResourceAllocatorOptions options;
  Capacity capacity;
  mutable std::mutex mutex;
  std::unordered_map<std::uint64_t, Waiting> waiting;
  std::map<Rank, std::uint64_t> order;
  std::map<std::uint64_t, std::uint64_t> arrivals;  // Arrival → id, oldest first.
  std::unordered_map<std::uint64_t, Held> running;
  std::size_t waiting_without_cpu = 0;
  double used_cpu_slots = 0;
  std::size_t used_memory_bytes = 0;
  std::size_t peak_memory_bytes = 0;
  std::uint64_t next_arrival = 0;
  std::uint64_t admitted = 0;
  std::uint64_t backfilled = 0;
  std::uint64_t promoted = 0;
};

Reservation ResourceAllocator::Impl::reserve(const Need& need, std::int64_t now_ns) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> ends;  // Ties are broken by id.
  ends.reserve(running.size());
  for (const auto& [id, held] : running) ends.emplace_back(expected_end(held, now_ns), id);
  std::sort(ends.begin(), ends.end());
  double cpu = free_cpu_slots();
  // What is over-committed after a resize must come back before anything is free.
  std::size_t owed =
      used_memory_bytes > capacity.memory_bytes ? used_memory_bytes - capacity.memory_bytes : 0;
  std::size_t memory = free_memory_bytes();
  std::int64_t at_ns = now_ns;
  for (const auto& [end_ns, id] : ends) {
    if (need.cpu_slots <= cpu + slot_slack && need.memory_bytes <= memory) break;
    const Held& held = running.at(id);
    const std::size_t paid = std::min(owed, held.memory_bytes);
    owed -= paid;
    cpu += held.cpu_slots;
    memory += held.memory_bytes - paid;
    at_ns = end_ns;
  }
  return {at_ns, std::max(0.0, cpu - need.cpu_slots),
          memory > need.memory_bytes ? memory - need.memory_bytes : 0};
}

void ResourceAllocator::Impl::start(std::uint64_t id, std::int64_t now_ns, bool in_gap,
                                    std::string_view reason, std::vector<Admission>& out) {
  const auto at = waiting.find(id);
  const AdmissionRequest& request = at->second.request;
  const Need need = need_of(request);
  Admission go{id, need.cpu_slots, need.memory_bytes, capacity.version, in_gap, false, reason};
  go.clamped = request.memory_bytes > need.memory_bytes;
  out.reserve(out.size() + 1);  // What may throw comes before the first change.
  running.emplace(id, Held{need.cpu_slots, need.memory_bytes, now_ns, request.runtime_ns});
  out.push_back(go);
  used_cpu_slots += need.cpu_slots;
  used_memory_bytes += need.memory_bytes;
  peak_memory_bytes = std::max(peak_memory_bytes, used_memory_bytes);
  ++admitted;
  if (in_gap) ++backfilled;
  remove(at);
}

// Starts the first in line if it fits; otherwise fills the gaps around it. False when nothing
// more can start.
bool ResourceAllocator::Impl::start_head(std::int64_t now_ns, Refresh refresh,
                                         std::vector<Admission>& out) {
  const std::uint64_t oldest = arrivals.begin()->second;
  const std::uint64_t first = order.begin()->second;
  const bool fifo = options.policy == AdmissionPolicy::fifo;
  const bool starves = oldest != first && starving(waiting.find(oldest)->second);
  const std::uint64_t head = starves ? oldest : first;
  if (fits(need_of(refreshed(head, refresh)))) {
    if (starves) ++promoted;
    start(head, now_ns, false,
          starves ? "passed over often enough" : (fifo ? "in order of arrival" : "most urgent"),
          out);
    return true;
  }
  if (!fifo) backfill(head, starves, now_ns, refresh, out);
  return false;
}

void ResourceAllocator::Impl::backfill(std::uint64_t head, bool head_starves, std::int64_t now_ns,
                                       Refresh refresh, std::vector<Admission>& out) {
  if (free_cpu_slots() <= slot_slack && waiting_without_cpu == 0) return;
  if (waiting.size() < 2 || free_memory_bytes() == 0) return;
  Reservation kept = reserve(need_of(waiting.find(head)->second.request), now_ns);
  std::size_t looked_at = 0;
  for (auto at = order.begin(); at != order.end() && looked_at < options.backfill_depth;
       ++looked_at) {
    const std::uint64_t id = (at++)->second;  // Starting it takes it out of `order`.
    if (id == head) continue;
    const AdmissionRequest& request = refreshed(id, refresh);
    const Need need = need_of(request);
    if (!fits(need)) continue;
    // A run time is only a prediction, so it may not be used to delay one that has waited long.
    const bool ends_before = !head_starves && request.runtime_ns > 0 && kept.at_ns != never_ns &&
                             add_capped(now_ns, request.runtime_ns) <= kept.at_ns;
    const bool beside = need.cpu_slots <= kept.spare_cpu_slots + slot_slack &&
                        need.memory_bytes <= kept.spare_memory_bytes;
    if (!ends_before && !beside) continue;
    start(id, now_ns, true, "filled a gap", out);
    if (!ends_before) {
      kept.spare_cpu_slots = std::max(0.0, kept.spare_cpu_slots - need.cpu_slots);
      kept.spare_memory_bytes -= need.memory_bytes;
    }
  }
}

void ResourceAllocator::Impl::admit(std::int64_t now_ns, Refresh refresh,
                                    std::vector<Admission>& out) {
  while (!waiting.empty() && start_head(now_ns, refresh, out)) {
  }
}

// Takes only what may change over: the rest places the request in the order.
const AdmissionRequest& ResourceAllocator::Impl::refreshed(std::uint64_t id, Refresh refresh) {
  AdmissionRequest& kept = waiting.find(id)->second.request;
  AdmissionRequest fresh = kept;
  refresh(fresh);
  kept.memory_bytes = fresh.memory_bytes;
  kept.runtime_ns = std::max<std::int64_t>(0, fresh.runtime_ns);
  return kept;
}

ResourceAllocator::ResourceAllocator(std::unique_ptr<Impl> impl) noexcept
    : impl_(std::move(impl)) {}
ResourceAllocator::~ResourceAllocator() = default;
ResourceAllocator::ResourceAllocator(ResourceAllocator&&) noexcept = default;
ResourceAllocator& ResourceAllocator::operator=(ResourceAllocator&&) noexcept = default;

Result<ResourceAllocator> ResourceAllocator::create(const ResourceAllocatorOptions& options,
                                                    const Capacity& capacity) {
  if (Status status = check_options(options); !status.ok()) return status;
  if (Status status = check_capacity(capacity); !status.ok()) return status;
  try {
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->capacity = capacity;
    return ResourceAllocator(std::move(impl));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Status ResourceAllocator::enqueue(const AdmissionRequest& request) {
  if (Status status = check_request(request); !status.ok()) return status;
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  try {
    if (self.running.contains(request.id) || self.waiting.contains(request.id)) {
      return Status(ErrorCode::already_exists,
                    "request " + std::to_string(request.id) +
                        " is already waiting or running; ids must be unique until release");
    }
    const Waiting entry{request, self.next_arrival++, self.admitted, self.waiting.size()};
    const auto at = self.waiting.emplace(request.id, entry).first;
    try {
      self.insert(entry);
    } catch (const std::bad_alloc&) {
      self.order.erase(self.rank_of(entry));
      self.arrivals.erase(entry.arrival);
      self.waiting.erase(at);
      throw;
    }
    return {};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

std::vector<Admission> ResourceAllocator::admit(std::int64_t now_ns) {
  return admit(now_ns, [](AdmissionRequest&) {});
}

std::vector<Admission> ResourceAllocator::admit(std::int64_t now_ns,
                                                FunctionRef<void(AdmissionRequest&)> refresh) {
  const std::lock_guard lock(impl_->mutex);
  std::vector<Admission> out;
  try {
    impl_->admit(now_ns, refresh, out);
  } catch (const std::bad_alloc&) {
    // What was admitted is in `out`; the rest waits for the next call.
  }
  return out;
}

Status ResourceAllocator::release(std::uint64_t id) {
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  const auto at = self.running.find(id);
  if (at == self.running.end()) {
    return Status(ErrorCode::not_found,
                  "release: request " + std::to_string(id) + " is not running");
  }
  self.used_cpu_slots -= at->second.cpu_slots;
  self.used_memory_bytes -= at->second.memory_bytes;
  self.running.erase(at);
  if (self.running.empty()) self.used_cpu_slots = 0;  // Rounding does not pile up.
  return {};
}

bool ResourceAllocator::withdraw(std::uint64_t id) noexcept {
  const std::lock_guard lock(impl_->mutex);
  const auto at = impl_->waiting.find(id);
  if (at == impl_->waiting.end()) return false;
  impl_->remove(at);
  return true;
}

Status ResourceAllocator::set_urgency(std::uint64_t id, double urgency) {
  if (!std::isfinite(urgency)) {
    return Status(ErrorCode::invalid_argument, "set_urgency: urgency must be finite");
  }
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  const auto at = self.waiting.find(id);
  if (at == self.waiting.end()) {
    return Status(ErrorCode::not_found,
                  "set_urgency: request " + std::to_string(id) + " is not waiting");
  }
  if (self.options.policy == AdmissionPolicy::fifo) {
    at->second.request.urgency = urgency;
    return {};
  }
  auto node = self.order.extract(self.rank_of(at->second));
  at->second.request.urgency = urgency;
  node.key() = self.rank_of(at->second);
  self.order.insert(std::move(node));
  return {};
}

Status ResourceAllocator::resize(const Capacity& capacity) {
  if (Status status = check_capacity(capacity); !status.ok()) return status;
  Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  if (capacity.version <= self.capacity.version) {
    return Status(ErrorCode::failed_precondition,
                  "resize: version " + std::to_string(capacity.version) +
                      " is not newer than version " + std::to_string(self.capacity.version) +
                      " that is in force");
  }
  self.capacity = capacity;
  return {};
}

std::size_t ResourceAllocator::budget_bytes(const AdmissionRequest& request) const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->budget(request);
}

AllocatorSnapshot ResourceAllocator::snapshot() const noexcept {
  const Impl& self = *impl_;
  const std::lock_guard lock(self.mutex);
  return {self.capacity,          self.used_cpu_slots, self.used_memory_bytes,
          self.peak_memory_bytes, self.waiting.size(), self.running.size(),
          self.admitted,          self.backfilled,     self.promoted};
}

Result<std::vector<double>> b_levels(const std::vector<std::vector<std::size_t>>& successors,
                                     const std::vector<double>& seconds) {
  const std::size_t n = seconds.size();
  if (successors.size() != n) {
    return Status(ErrorCode::invalid_argument, "b_levels: " + std::to_string(successors.size()) +
                                                   " lists of successors for " + std::to_string(n) +
                                                   " steps; there must be one a step");
  }
  try {
    for (const auto& list : successors) {
      for (const std::size_t next : list) {
        if (next < n) continue;
        return Status(ErrorCode::invalid_argument, "b_levels: successor " + std::to_string(next) +
                                                       " is not below " + std::to_string(n));
      }
    }
    const auto successors_of = [&](std::size_t i) -> const std::vector<std::size_t>& {
      return successors[i];
    };
    return detail::b_levels(successors_of, seconds);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

}  // namespace frys
