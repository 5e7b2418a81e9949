// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/embedding_spaces.hpp"
#include "experience/store_impl.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys {

namespace {

using namespace detail;  // NOLINT: this file is the door of the room.

Status invalid_option(const std::string& what) {
  return Status(ErrorCode::invalid_argument, "experience store: " + what);
}

Status check_options(const ExperienceStoreOptions& options) {
  Status status = check_range("graph_links", options.graph_links, 4, 64);
  if (status.ok()) {
    status =
        check_range("graph_build_effort", options.graph_build_effort, options.graph_links, 4096);
  }
  if (status.ok()) {
    status = check_range("write_buffer_bytes", options.write_buffer_bytes, std::size_t{1} << 20,
                         std::size_t{1} << 30);
  }
  if (status.ok() && options.keep_for_ns < 0) {
    status = invalid_option("keep_for_ns is " + std::to_string(options.keep_for_ns) +
                            "; give a duration, or 0 to keep all");
  }
  if (status.ok()) status = check_spaces(options.spaces);
  if (!status.ok()) return status;
  const std::size_t own = options.embedder == nullptr ? 0 : options.embedder->dimension();
  const std::size_t dimension = own != 0 ? own : options.dimension;
  if (own != 0 && options.dimension != 0 && options.dimension != own) {
    return invalid_option("dimension is " + std::to_string(options.dimension) +
                          " but the embedder " + std::string(options.embedder->name()) +
                          " makes vectors of " + std::to_string(own) + "; leave it 0");
  }
  return dimension == 0 ? Status() : check_range("dimension", dimension, 2, 4096);
}

}  // namespace

Status detail::check_range(std::string_view name, std::size_t value, std::size_t least,
                           std::size_t most) {
  if (value >= least && value <= most) return {};
  return invalid_option(std::string(name) + " is " + std::to_string(value) + "; give " +
                        std::to_string(least) + " to " + std::to_string(most));
}

Status ExperienceStore::Impl::open() {
  embedder = options.embedder;
  if (embedder == nullptr) {
    embedder = std::make_shared<HashingEmbedder>(options.dimension == 0 ? 256 : options.dimension);
  }
  // HashingEmbedder has a least dimension; a store of vectors only may have fewer.
  const bool texts = options.dimension == 0 || embedder->dimension() == options.dimension;
  dimension = texts ? embedder->dimension() : options.dimension;
  if (!texts) embedder = nullptr;
  LakeOptions lake_options;
  lake_options.path = options.path;
  lake_options.description = {static_cast<std::uint32_t>(dimension),
                              texts ? std::string(embedder->name()) : std::string("none")};
  lake_options.must_exist = options.must_exist;
  lake_options.as_made = options.embedder == nullptr && options.dimension == 0;
  lake_options.write_buffer_bytes = options.write_buffer_bytes;
  lake_options.cache_bytes = options.cache_bytes;
  lake_options.salvage = options.salvage;
  Result<std::unique_ptr<ExperienceLake>> opened = ExperienceLake::open(lake_options, environment);
  if (!opened) return opened.error();
  lake = std::move(*opened);
  if (lake_options.as_made) take_description();
  Status status = make_indexes();
  if (!status.ok()) return status;
  commits = std::make_unique<CommitQueue>(*lake, indexes, options.keep_for_ns, environment);
  status = commits->load();
  if (status.ok()) status = add_spaces();
  if (!status.ok()) return status;
  expire();
  indexes.load_graphs();
  indexes.link_appended();
  if (environment.metrics != nullptr) {
    MetricsRegistry& metrics = *environment.metrics;
    stored = &metrics.counter("frys_experience_stored_total");
    queried = &metrics.counter("frys_experience_queries_total");
    store_latency = &metrics.histogram("frys_experience_store");
    find_latency = &metrics.histogram("frys_experience_find_similar");
  }
  return {};
}

// Where the disk refuses it, the next write that it takes does the same.
void ExperienceStore::Impl::expire() {
  Result<bool> more = commits->expire();
  while (more.value_or(false)) more = commits->expire();
  if (more) return;
  environment.write_log(
      LogLevel::warning, "experience",
      "what was kept long enough is not removed yet: " + more.error().to_string());
}

// What a store that exists was made with, as far as it can be had without the host.
void ExperienceStore::Impl::take_description() {
  const StoreDescription& made = lake->description();
  dimension = made.dimension;
  embedder = nullptr;
  if (dimension < HashingEmbedder::min_dimension) return;
  auto own = std::make_shared<HashingEmbedder>(dimension);
  if (own->name() == made.embedder) embedder = std::move(own);
}

Status ExperienceStore::Impl::close() {
  gate.close();
  const std::lock_guard lock(close_mutex);
  if (is_closed) return close_status;
  is_closed = true;
  indexes.close();
  if (lake != nullptr) close_status = lake->close();
  return close_status;
}

ExperienceStore::ExperienceStore(std::shared_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
ExperienceStore::ExperienceStore(ExperienceStore&&) noexcept = default;

ExperienceStore& ExperienceStore::operator=(ExperienceStore&& other) noexcept {
  if (this != &other) {
    if (impl_ != nullptr) (void)impl_->close();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

ExperienceStore::~ExperienceStore() {
  if (impl_ != nullptr) (void)impl_->close();
}

Result<ExperienceStore> ExperienceStore::open(const ExperienceStoreOptions& options,
                                              const Environment& environment) {
  try {
    Status status = check_options(options);
    if (!status.ok()) return status;
    auto impl = std::make_shared<Impl>();
    impl->options = options;
    impl->environment = environment;
    status = impl->open();
    if (!status.ok()) {
      (void)impl->close();
      return status;
    }
    return ExperienceStore(std::move(impl));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  } catch (const std::exception& error) {
    return Status(ErrorCode::internal, std::string("experience store: ") + error.what());
  }
}

Result<ExperienceId> ExperienceStore::store(Experience experience, const StoreOptions& options) {
  return impl_->run(impl_->store_latency, impl_->gate,
                    [&] { return impl_->store_one(experience, options); });
}

void ExperienceStore::store(Experience experience, const StoreOptions& options,
                            UniqueFunction<void(Result<ExperienceId>)> done) {
  impl_->run_later(
      TaskClass::background, impl_->store_latency, std::move(done),
      [e = std::move(experience), options](Impl& impl) { return impl.store_one(e, options); });
}

Result<std::vector<ExperienceId>> ExperienceStore::store_many(
    std::span<const Experience> experiences, const StoreOptions& options) {
  return impl_->run(impl_->store_latency, impl_->gate,
                    [&] { return impl_->store(experiences, options); });
}

Result<SimilarMatches> ExperienceStore::find_similar(const SimilarityQuery& query) const {
  return impl_->run(impl_->find_latency, impl_->gate, [&] { return impl_->find(query); });
}

void ExperienceStore::find_similar(SimilarityQuery query,
                                   UniqueFunction<void(Result<SimilarMatches>)> done) const {
  impl_->run_later(TaskClass::foreground, impl_->find_latency, std::move(done),
                   [q = std::move(query)](Impl& impl) { return impl.find(q); });
}

Result<ScanPage> ExperienceStore::scan(const ScanQuery& query) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->scan(query); });
}

Result<Experience> ExperienceStore::get(const ExperienceId& id) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->get(id); });
}

Result<PinnedPayload> ExperienceStore::payload(const ExperienceId& id) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->payload(id); });
}

Result<Tensor> ExperienceStore::payload_tensor(const ExperienceId& id,
                                               const MemoryScope& scope) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->payload_tensor(id, scope); });
}

Status ExperienceStore::remove(const ExperienceId& id, const StoreOptions& options) {
  return impl_->run(impl_->store_latency, impl_->gate, [&] {
    PendingWrite write;
    write.kind = PendingWrite::Kind::remove;
    write.id = id;
    return impl_->change(write, options);
  });
}

Result<std::uint64_t> ExperienceStore::remove_matching(const ScanQuery& which,
                                                       const StoreOptions& options) {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->remove_matching(which, options); });
}

Status ExperienceStore::amend(const ExperienceId& id, const Amendment& amendment,
                              const StoreOptions& options) {
  return impl_->run(impl_->store_latency, impl_->gate,
                    [&] { return impl_->amend(id, amendment, options); });
}

Result<ScanRow> ExperienceStore::look_up(const ExperienceId& id) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->look_up(id); });
}

Status ExperienceStore::sync() {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->lake->sync(); });
}

Status ExperienceStore::backup(const std::string& folder) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->lake->backup(folder); });
}

std::uint64_t ExperienceStore::size() const noexcept {
  return impl_->gate.closed() ? 0 : impl_->index->view()->live();
}

ExperienceStoreStats ExperienceStore::stats() const noexcept {
  ExperienceStoreStats stats;
  stats.dimension = impl_->dimension;
  if (impl_->gate.closed()) return stats;
  const std::shared_ptr<const ResidentRows> rows = impl_->index->view();
  stats.experiences = rows->live();
  stats.last_sequence = impl_->commits->last_sequence();
  stats.indexed = rows->core.linked();
  stats.removed = rows->core.hidden();
  stats.index_bytes = impl_->indexes.bytes();
  return stats;
}

Status ExperienceStore::compact() {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->lake->compact(); });
}

Status ExperienceStore::close() { return impl_->close(); }

}  // namespace frys
