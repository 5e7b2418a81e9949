// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/manager.hpp"

#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <utility>

#include "core/json_text.hpp"
#include "frys/core/machine.hpp"
#include "memory/fork_guard.hpp"
#include "memory/scope_node.hpp"

namespace frys {
namespace {

using detail::append_json_string;

void append_number(std::string& json, const char* key, std::uint64_t value) {
  json += json.back() == '{' ? "\"" : ",\"";
  json += key;
  json += "\":";
  json += std::to_string(value);
}

void append_name(std::string& json, const char* key, std::string_view name) {
  json += ",\"";
  json += key;
  json += "\":";
  append_json_string(json, name);
}

void append_pool(std::string& json, const PoolStats& pool) {
  json += '{';
  append_number(json, "mapped_bytes", pool.mapped_bytes);
  append_number(json, "committed_bytes", pool.committed_bytes);
  append_number(json, "live_bytes", pool.live_bytes);
  append_number(json, "cached_bytes", pool.cached_bytes);
  append_number(json, "segments", pool.segments);
  append_number(json, "system_calls", pool.system_calls);
  append_number(json, "first_touch_pages", pool.first_touch_pages);
  append_name(json, "upstream", to_string(pool.upstream));
  append_name(json, "metadata", to_string(pool.metadata));
  json += '}';
}

// "name":[one number a cell]
void append_cells(std::string& json, const char* name, const SegmentSnapshot& segment,
                  std::size_t ArenaCell::* bytes) {
  json += std::string(",\"") + name + "\":[";
  for (const ArenaCell& cell : segment.cells) {
    if (&cell != &segment.cells.front()) json += ',';
    json += std::to_string(cell.*bytes);
  }
  json += ']';
}

void append_segment(std::string& json, const SegmentSnapshot& segment) {
  json += '{';
  append_number(json, "mapped_bytes", segment.mapped_bytes);
  append_number(json, "used_bytes", segment.used_bytes);
  append_number(json, "ready_bytes", segment.ready_bytes);
  append_number(json, "ready_runs", segment.ready_runs);
  append_number(json, "largest_ready_bytes", segment.largest_ready_bytes);
  append_number(json, "extent_bytes", segment.extent_bytes);
  append_number(json, "cell_bytes", segment.cell_bytes);
  append_cells(json, "cells_used_bytes", segment, &ArenaCell::used_bytes);
  append_cells(json, "cells_ready_bytes", segment, &ArenaCell::ready_bytes);
  json += '}';
}

void append_arena(std::string& json, const ArenaSnapshot& arena) {
  json += "{\"segments\":[";
  for (const SegmentSnapshot& segment : arena.segments) {
    if (&segment != &arena.segments.front()) json += ',';
    append_segment(json, segment);
  }
  json += "],\"classes\":[";
  for (const SizeClassSnapshot& blocks : arena.classes) {
    json += &blocks == &arena.classes.front() ? "{" : ",{";
    append_number(json, "block_bytes", blocks.block_bytes);
    append_number(json, "live_blocks", blocks.live_blocks);
    append_number(json, "cached_blocks", blocks.cached_blocks);
    append_number(json, "slab_bytes", blocks.slab_bytes);
    append_number(json, "untouched_bytes", blocks.untouched_bytes);
    json += '}';
  }
  json += ']';
  append_number(json, "large_bytes", arena.large_bytes);
  json += '}';
}

void append_scope(std::string& json, const ScopeSnapshot& scope) {
  const ScopeStats& stats = scope.stats;
  json += "{\"name\":";
  append_json_string(json, stats.name);
  append_number(json, "live_bytes", stats.live_bytes);
  append_number(json, "peak_bytes", stats.peak_bytes);
  if (stats.budget_bytes == unlimited_bytes) {
    json += ",\"budget_bytes\":null";
  } else {
    append_number(json, "budget_bytes", stats.budget_bytes);
  }
  append_number(json, "scratch_bytes", stats.scratch_bytes);
  append_number(json, "adopted_bytes", stats.adopted_bytes);
  append_number(json, "escaped_bytes", stats.escaped_bytes);
  append_number(json, "allocations", stats.allocations);
  append_number(json, "copies", stats.copies);
  append_number(json, "copied_bytes", stats.copied_bytes);
  append_number(json, "first_touch_pages", stats.first_touch_pages);
  json += stats.closed ? ",\"closed\":true,\"children\":[" : ",\"closed\":false,\"children\":[";
  for (const ScopeSnapshot& child : scope.children) {
    if (&child != &scope.children.front()) json += ',';
    append_scope(json, child);
  }
  json += "]}";
}

}  // namespace

std::string MemorySnapshot::to_json() const noexcept {
  try {
    std::string json = "{\"pool\":";
    append_pool(json, pool);
    json += ",\"shared_pool\":";
    append_pool(json, shared_pool);
    json += ",\"arena\":";
    append_arena(json, arena);
    json += ",\"root\":";
    append_scope(json, root);
    json += '}';
    return json;
  } catch (const std::bad_alloc&) {
    return {};
  }
}

struct TensorMemoryManager::Impl final : detail::ForkParticipant {
  Impl() noexcept : ForkParticipant(Rank::manager) { enlist(); }
  ~Impl() override { withdraw(); }
  void hold_for_fork() noexcept override { mutex.lock(); }
  void let_go_after_fork() noexcept override { mutex.unlock(); }

  // Kept open by these handles until they or the manager are closed.
  struct Workflow {
    MemoryScope scope;
    std::map<std::string, MemoryScope, std::less<>> agents;
  };

  std::unique_ptr<MemoryPool> pool;
  std::shared_ptr<detail::Decay> decay;
  MemoryScope root;
  Environment environment;
  std::mutex mutex;
  std::map<std::string, Workflow, std::less<>> workflows;
  std::size_t prune_at = 64;
  std::uint64_t metrics_source = 0;

  Result<Workflow*> workflow(std::string_view name);
  void prune();
  void report_held() const noexcept;
  void end_trace() const noexcept;
  void add_metrics();
  void append_metrics(std::vector<MetricSample>& samples) const;
};

Result<TensorMemoryManager::Impl::Workflow*> TensorMemoryManager::Impl::workflow(
    std::string_view name) {
  auto found = workflows.find(name);
  if (found == workflows.end() || !found->second.scope.is_open()) {
    Result<MemoryScope> scope = root.child(name);
    if (!scope) return scope.error();
    if (workflows.size() >= prune_at) prune();
    found = workflows.insert_or_assign(std::string(name), Workflow{*std::move(scope), {}}).first;
  }
  return &found->second;
}

// Forgets what was closed, at a cost that is spread over the insertions before it.
void TensorMemoryManager::Impl::prune() {
  std::erase_if(workflows, [](const auto& entry) { return !entry.second.scope.is_open(); });
  prune_at = 64 + 2 * workflows.size();
}

void TensorMemoryManager::Impl::report_held() const noexcept {
  try {
    const std::size_t held = root.stats().live_bytes;
    if (held == 0) return;
    environment.write_log(LogLevel::info, "memory",
                          "closed with " + std::to_string(held) + " bytes still held by tensors");
  } catch (const std::bad_alloc&) {
    // Then it goes unsaid; closing matters more.
  }
}

void TensorMemoryManager::Impl::end_trace() const noexcept {
  const Status status = root.node_->stop_trace();
  if (status.ok() || status == ErrorCode::failed_precondition) return;
  environment.write_log(LogLevel::warning, "memory", status.message());
}

void TensorMemoryManager::Impl::add_metrics() {
  if (environment.metrics == nullptr) return;
  metrics_source = environment.metrics->add_source(
      [this](std::vector<MetricSample>& samples) { append_metrics(samples); });
}

void TensorMemoryManager::Impl::append_metrics(std::vector<MetricSample>& samples) const {
  const ScopeStats scopes = root.stats();
  const PoolStats held = pool->stats();
  const auto add = [&samples](const char* name, std::uint64_t value) {
    samples.push_back({std::string("frys_memory_") + name, static_cast<double>(value)});
  };
  add("live_bytes", scopes.live_bytes);
  add("peak_bytes", scopes.peak_bytes);
  add("allocations_total", scopes.allocations);
  add("refusals_total", root.node_->refusals());
  add("mapped_bytes", held.mapped_bytes);
  add("committed_bytes", held.committed_bytes);
  add("cached_bytes", held.cached_bytes);
  add("first_touch_pages_total", held.first_touch_pages);
  add("system_calls_total", held.system_calls);
}

TensorMemoryManager::TensorMemoryManager(std::unique_ptr<Impl> impl) noexcept
    : impl_(std::move(impl)) {}
TensorMemoryManager::TensorMemoryManager(TensorMemoryManager&&) noexcept = default;

TensorMemoryManager& TensorMemoryManager::operator=(TensorMemoryManager&& other) noexcept {
  if (this == &other) return *this;
  static_cast<void>(close());
  impl_ = std::move(other.impl_);
  return *this;
}

TensorMemoryManager::~TensorMemoryManager() { static_cast<void>(close()); }

Result<TensorMemoryManager> TensorMemoryManager::create(const TensorMemoryOptions& options,
                                                        const Environment& environment) {
  if (options.root_name.empty()) {
    return Status(ErrorCode::invalid_argument, "TensorMemoryOptions::root_name is empty");
  }
  const std::size_t budget_bytes =
      options.budget_bytes != 0 ? options.budget_bytes : machine().memory_bytes / 5 * 4;
  try {
    auto impl = std::make_unique<Impl>();
    impl->environment = environment;
    MemoryPoolOptions pool_options = options.pool;
    pool_options.commit_bytes = std::min(pool_options.commit_bytes, budget_bytes);
    if (options.decay_ns == 0) pool_options.retain_bytes = 0;
    Result<std::unique_ptr<MemoryPool>> pool = MemoryPool::create(pool_options, environment);
    if (!pool) return pool.error();
    impl->pool = *std::move(pool);
    if (options.decay_ns > 0 && options.decay_ns != std::numeric_limits<std::int64_t>::max()) {
      impl->decay = std::make_shared<detail::Decay>(impl->pool->core(), *environment.executor,
                                                    options.decay_ns);
    }
    impl->root = MemoryScope(detail::ScopeNode::make_root(options.root_name, budget_bytes,
                                                          impl->pool->core(), pool_options,
                                                          environment.faults, impl->decay));
    impl->add_metrics();
    return TensorMemoryManager(std::move(impl));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

MemoryScope TensorMemoryManager::root() const {
  return impl_ != nullptr ? impl_->root : MemoryScope();
}

Result<MemoryScope> TensorMemoryManager::workflow_scope(std::string_view workflow) {
  if (impl_ == nullptr) return Status(ErrorCode::closed, "the memory manager was moved from");
  try {
    const std::lock_guard lock(impl_->mutex);
    Result<Impl::Workflow*> found = impl_->workflow(workflow);
    if (!found) return found.error();
    return (*found)->scope;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<MemoryScope> TensorMemoryManager::agent_scope(std::string_view workflow,
                                                     std::string_view agent) {
  if (impl_ == nullptr) return Status(ErrorCode::closed, "the memory manager was moved from");
  try {
    const std::lock_guard lock(impl_->mutex);
    Result<Impl::Workflow*> found = impl_->workflow(workflow);
    if (!found) return found.error();
    auto& agents = (*found)->agents;
    auto known = agents.find(agent);
    if (known == agents.end() || !known->second.is_open()) {
      Result<MemoryScope> scope = (*found)->scope.child(agent);
      if (!scope) return scope.error();
      known = agents.insert_or_assign(std::string(agent), *std::move(scope)).first;
    }
    return known->second;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

MemorySnapshot TensorMemoryManager::snapshot() const noexcept {
  MemorySnapshot snapshot;
  snapshot.pool = pool_stats();
  snapshot.shared_pool = shared_pool_stats();
  if (impl_ == nullptr) return snapshot;
  snapshot.root = impl_->root.node_->snapshot();
  try {
    snapshot.arena = impl_->root.node_->pool().arena();
  } catch (const std::bad_alloc&) {
    // The rest is worth having without.
  }
  return snapshot;
}

PoolStats TensorMemoryManager::pool_stats() const noexcept {
  return impl_ != nullptr ? impl_->root.node_->pool().stats() : PoolStats{};
}

PoolStats TensorMemoryManager::shared_pool_stats() const noexcept {
  const detail::PoolCore* shared = impl_ != nullptr ? impl_->root.node_->shared_pool() : nullptr;
  return shared != nullptr ? shared->stats() : PoolStats{};
}

Result<PressureRegistration> TensorMemoryManager::add_pressure_handler(PressureHandler handler,
                                                                       int priority) {
  if (!handler) return Status(ErrorCode::invalid_argument, "the pressure handler is empty");
  if (impl_ == nullptr) return Status(ErrorCode::closed, "the memory manager was moved from");
  try {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->pool == nullptr) return Status(ErrorCode::closed, "the memory manager is closed");
    return impl_->root.node_->pressure().add(std::move(handler), priority);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

void TensorMemoryManager::trim() noexcept {
  if (impl_ == nullptr) return;
  impl_->root.node_->pool().trim();
  if (detail::PoolCore* shared = impl_->root.node_->shared_pool()) shared->trim();
}

Status TensorMemoryManager::start_trace(const std::string& path) noexcept {
  if (impl_ == nullptr) return {ErrorCode::closed, "the memory manager was moved from"};
  const std::lock_guard lock(impl_->mutex);
  if (impl_->pool == nullptr) return {ErrorCode::closed, "the memory manager is closed"};
  return impl_->root.node_->start_trace(path, *impl_->environment.clock);
}

Status TensorMemoryManager::stop_trace() noexcept {
  if (impl_ == nullptr) return {ErrorCode::closed, "the memory manager was moved from"};
  const std::lock_guard lock(impl_->mutex);
  return impl_->root.node_->stop_trace();
}

Status TensorMemoryManager::close() noexcept {
  if (impl_ == nullptr) return {};
  const std::lock_guard lock(impl_->mutex);
  if (impl_->pool == nullptr) return {};
  if (impl_->metrics_source != 0) {
    impl_->environment.metrics->remove_source(impl_->metrics_source);
  }
  if (impl_->decay != nullptr) impl_->decay->close();
  impl_->root.node_->close();
  impl_->workflows.clear();
  impl_->report_held();
  impl_->end_trace();
  impl_->environment = {};
  // The root is closed, so none is made any more.
  if (detail::PoolCore* shared = impl_->root.node_->shared_pool()) shared->close();
  impl_->pool.reset();
  return {};
}

}  // namespace frys
