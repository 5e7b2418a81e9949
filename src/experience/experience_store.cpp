// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/experience/experience_store.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <new>

#include "experience/attribute_table.hpp"
#include "experience/commit_queue.hpp"
#include "experience/lake.hpp"
#include "experience/operation_gate.hpp"
#include "experience/pattern_index.hpp"
#include "experience/ranking.hpp"
#include "experience/record_codec.hpp"

namespace frys {
namespace {

using namespace detail;  // NOLINT: this file is the door of the room.

// Among so few candidates a filter is scanned, exactly, rather than searched through.
constexpr std::size_t narrow_limit = 4096;

Status invalid_option(const std::string& what) {
  return Status(ErrorCode::invalid_argument, "experience store: " + what);
}

Status check_range(std::string_view name, std::size_t value, std::size_t least, std::size_t most) {
  if (value >= least && value <= most) return {};
  return invalid_option(std::string(name) + " is " + std::to_string(value) + "; give " +
                        std::to_string(least) + " to " + std::to_string(most));
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

struct ExperienceStore::Impl : std::enable_shared_from_this<Impl> {
  ExperienceStoreOptions options;
  Environment environment;
  std::shared_ptr<const Embedder> embedder;
  std::size_t dimension = 0;  // Of the store's vectors.
  // Below, each needs those above it.
  std::unique_ptr<ExperienceLake> lake;
  std::unique_ptr<PatternIndex> index;
  AttributeTable attributes;
  std::unique_ptr<CommitQueue> commits;
  OperationGate gate;
  std::mutex close_mutex;
  bool is_closed = false;  // Under close_mutex.
  Status close_status;     // Under close_mutex.
  Counter* stored = nullptr;
  Counter* queried = nullptr;
  LatencyHistogram* store_latency = nullptr;
  LatencyHistogram* find_latency = nullptr;

  Status open();
  template <typename T>
  struct Answer;
  struct PreparedWrite;
  Status prepare(const Experience& experience, bool sync, PreparedWrite& prepared,
                 PendingWrite& write) const;
  Result<std::vector<ExperienceId>> store(std::span<const Experience> experiences,
                                          const StoreOptions& how);
  Result<ExperienceId> store_one(const Experience& experience, const StoreOptions& how);
  Result<std::vector<Match>> find(const SimilarityQuery& query) const;
  Result<std::vector<Match>> search(const SimilarityQuery& query, const float* unit) const;
  std::vector<Neighbour> scan(const AttributeFilter& filter, const float* unit) const;
  Result<ScanPage> scan(const ScanQuery& query) const;
  Result<Experience> get(const ExperienceId& id) const;
  Result<std::vector<float>> vector_of(const Experience& experience) const;
  Result<std::vector<float>> embed(std::string_view text) const;
  void take_description();
  Status close();

  [[nodiscard]] Status closed_error() const noexcept try {
    return Status(ErrorCode::closed,
                  "experience store " + options.path + ": it is closed; open it again");
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }

  /// Runs `call` inside the gate; what it throws becomes a Status.
  template <typename F>
  auto run(LatencyHistogram* latency, OperationGate& through, F&& call) const -> decltype(call()) {
    if (!through.enter()) return closed_error();
    struct Leave {
      OperationGate& gate;
      ~Leave() { gate.leave(); }
    } leave{through};
    try {
      if (latency == nullptr) return call();
      const std::int64_t start_ns = environment.clock->now_ns();
      auto result = call();
      latency->record(environment.clock->now_ns() - start_ns);
      return result;
    } catch (const std::bad_alloc&) {
      return Status::out_of_memory();
    } catch (const std::exception& error) {
      return Status(ErrorCode::internal, std::string("experience store: ") + error.what());
    }
  }

  /// Calls `done` with what `call` answers, on the executor, or with why there is no answer.
  template <typename T, typename F>
  void run_later(TaskClass where, LatencyHistogram* latency, UniqueFunction<void(Result<T>)> done,
                 F call) {
    std::shared_ptr<Answer<T>> answer;
    Status status;
    try {
      answer = std::make_shared<Answer<T>>(shared_from_this(), std::move(done));
      status = environment.executor->submit(
          [answer, latency, work = std::move(call)] {
            Impl& self = *answer->store;
            // Outside the gate when `done` runs: it may close the store.
            answer->give(self.run(latency, self.gate, [&] { return work(self); }));
          },
          where);
    } catch (const std::bad_alloc&) {
      status = Status::out_of_memory();
    }
    if (!status.ok()) answer == nullptr ? done(status) : answer->give(status);
  }
};

/// Calls `done` once, whatever becomes of the task that holds it: an executor that closes destroys
/// those that it has not begun, in the thread that closes it.
template <typename T>
struct ExperienceStore::Impl::Answer {
  Answer(std::shared_ptr<Impl> of, UniqueFunction<void(Result<T>)> callback) noexcept
      : store(std::move(of)), done(std::move(callback)) {}
  ~Answer() {
    if (done) give(store->closed_error());
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void give(Result<T> result) {
    UniqueFunction<void(Result<T>)> once = std::move(done);
    if (once) once(std::move(result));
  }

  const std::shared_ptr<Impl> store;
  UniqueFunction<void(Result<T>)> done;
};

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
  Result<std::unique_ptr<PatternIndex>> made = PatternIndex::create(
      {dimension, options.graph_links, options.graph_build_effort, options.path}, environment);
  if (!made) return made.error();
  index = std::move(*made);
  commits = std::make_unique<CommitQueue>(*lake, *index, attributes, environment);
  Status status = commits->load();
  if (!status.ok()) return status;
  index->load_graph();
  index->link_appended();
  if (environment.metrics != nullptr) {
    MetricsRegistry& metrics = *environment.metrics;
    stored = &metrics.counter("frys_experience_stored_total");
    queried = &metrics.counter("frys_experience_queries_total");
    store_latency = &metrics.histogram("frys_experience_store");
    find_latency = &metrics.histogram("frys_experience_find_similar");
  }
  return {};
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

Result<std::vector<float>> ExperienceStore::Impl::embed(std::string_view text) const {
  if (embedder == nullptr && dimension >= HashingEmbedder::min_dimension) {
    return Status(ErrorCode::failed_precondition,
                  "experience store " + options.path + ": its vectors are made by embedder \"" +
                      lake->description().embedder + "\"; open it with that, or give vectors");
  }
  if (embedder == nullptr) {
    return Status(ErrorCode::failed_precondition,
                  "experience store " + options.path + ": vectors of " + std::to_string(dimension) +
                      " floats are too short to make of texts (" +
                      std::to_string(HashingEmbedder::min_dimension) +
                      " at least); give vectors, or open it with an embedder");
  }
  std::vector<float> vector(dimension);
  Status status = embedder->embed(text, vector);
  if (!status.ok()) return status;
  for (const float value : vector) {
    if (std::isfinite(value)) continue;
    return Status(ErrorCode::invalid_argument, "embedder " + std::string(embedder->name()) +
                                                   " made a number that is not finite");
  }
  return vector;
}

Result<std::vector<float>> ExperienceStore::Impl::vector_of(const Experience& experience) const {
  const std::vector<float>& own = experience.embedding;
  if (own.empty()) {
    const std::string_view text = embedded_text(experience);
    if (text.empty()) return std::vector<float>(dimension);
    return embed(text);
  }
  if (own.size() != dimension) {
    return Status(ErrorCode::invalid_argument,
                  "experience: embedding has " + std::to_string(own.size()) +
                      " floats, the store's have " + std::to_string(dimension));
  }
  if (std::all_of(own.begin(), own.end(), [](float value) { return value == 0; })) {
    return Status(ErrorCode::invalid_argument,
                  "experience: embedding is all zeros: it resembles nothing; give one with a "
                  "direction, or none");
  }
  return own;
}

/// Everything of a write that needs no turn in the line.
struct ExperienceStore::Impl::PreparedWrite {
  EncodedRecord record;
  std::vector<float> unit;
};

Status ExperienceStore::Impl::prepare(const Experience& experience, bool sync,
                                      PreparedWrite& prepared, PendingWrite& write) const {
  Result<EncodedRecord> record = encode_record(experience);
  if (!record) return record.error();
  Result<std::vector<float>> vector = vector_of(experience);
  if (!vector) return vector.error();
  prepared.record = std::move(*record);
  prepared.unit = std::move(*vector);
  write.record = &prepared.record;
  write.vector = encode_vector(prepared.unit);
  normalise(prepared.unit, prepared.unit);
  write.unit = prepared.unit;
  write.entry = {
      prepared.record.id,  experience.outcome, experience.reward,   experience.started_at_ns, 0,
      experience.workflow, experience.agent,   experience.step_type};
  write.sync = sync;
  return {};
}

Result<std::vector<ExperienceId>> ExperienceStore::Impl::store(
    std::span<const Experience> experiences, const StoreOptions& how) {
  Span span(environment.tracer, "store", "experience");
  const bool sync = how.durability.value_or(options.durability) == Durability::synced;
  std::vector<PreparedWrite> prepared(experiences.size());
  std::vector<PendingWrite> writes(experiences.size());
  for (std::size_t i = 0; i < experiences.size(); ++i) {
    Status status = prepare(experiences[i], sync, prepared[i], writes[i]);
    if (status.ok()) continue;
    return experiences.size() == 1 ? status
                                   : status.with_context("experience " + std::to_string(i));
  }
  commits->commit(writes);
  std::vector<ExperienceId> ids;
  ids.reserve(writes.size());
  for (const PendingWrite& write : writes) {
    if (!write.status.ok()) return write.status;
    ids.push_back(write.entry.id);
  }
  if (stored != nullptr) stored->add(ids.size());
  return ids;
}

Result<ExperienceId> ExperienceStore::Impl::store_one(const Experience& experience,
                                                      const StoreOptions& how) {
  Result<std::vector<ExperienceId>> ids = store({&experience, 1}, how);
  if (!ids) return ids.error();
  return ids->front();
}

Result<std::vector<Match>> ExperienceStore::Impl::find(const SimilarityQuery& query) const {
  Span span(environment.tracer, "find_similar", "experience");
  Status status = check_query(query, dimension);
  if (!status.ok()) return status;
  std::vector<float> unit(dimension);
  if (query.text.empty()) {
    normalise(query.vector, unit);
  } else {
    Result<std::vector<float>> embedded = embed(query.text);
    if (!embedded) return embedded.error();
    if (!normalise(*embedded, unit)) {
      return Status(ErrorCode::invalid_argument,
                    "find_similar: the embedder finds nothing in the text; give one with words");
    }
  }
  if (queried != nullptr) queried->add();
  Result<std::vector<Match>> matches = search(query, unit.data());
  if (!matches || !query.with_experience) return matches;
  for (Match& match : *matches) {
    Result<Experience> experience = get(match.id);
    if (!experience) return experience.error();
    match.experience = std::move(*experience);
  }
  return matches;
}

/// All that a filter lets through: which of them rank highest is not for likeness to say.
std::vector<Neighbour> ExperienceStore::Impl::scan(const AttributeFilter& filter,
                                                   const float* unit) const {
  const std::size_t published = index->size();
  std::vector<Neighbour> found;
  std::array<std::uint32_t, 1024> some;
  std::size_t count = 0;
  for (std::size_t from = 0; (count = attributes.carriers(filter, from, some)) > 0; from += count) {
    for (const std::uint32_t ordinal : std::span(some).first(count)) {
      if (ordinal >= published || !filter.accepts(attributes.row(ordinal))) continue;
      found.push_back({index->similarity(unit, ordinal), ordinal});
    }
  }
  return found;
}

Result<std::vector<Match>> ExperienceStore::Impl::search(const SimilarityQuery& query,
                                                         const float* unit) const {
  const int outcome = query.outcome ? static_cast<int>(*query.outcome) : -1;
  const AttributeFilter filter =
      attributes.filter(query.workflow, query.agent, query.step_type, outcome);
  if (filter.impossible) return std::vector<Match>();
  const std::int64_t now_ns = environment.clock->wall_ns();
  if (!filter.empty() && filter.carriers <= narrow_limit) {
    return rank_matches(query, scan(filter, unit), attributes, now_ns);
  }
  const auto accepts = [&](std::uint32_t ordinal) {
    return filter.accepts(attributes.row(ordinal));
  };
  const auto list = [&](std::size_t from, std::span<std::uint32_t> out) {
    return attributes.carriers(filter, from, out);
  };
  const index::NodeFilter let_through{accepts, list, filter.carriers};
  index::SearchRequest wanted{{unit, dimension}, candidates_wanted(query), query.effort};
  if (query.effort == 0) wanted.effort = std::max(std::size_t{64}, 2 * query.k);
  if (!filter.empty()) wanted.filter = &let_through;
  return rank_matches(query, index->search(wanted), attributes, now_ns);
}

Result<ScanPage> ExperienceStore::Impl::scan(const ScanQuery& query) const {
  Status status = check_range("scan: limit", query.limit, 1, 65536);
  if (!status.ok()) return status;
  const std::size_t published = index->size();
  const int outcome = query.outcome ? static_cast<int>(*query.outcome) : -1;
  const AttributeFilter filter =
      attributes.filter(query.workflow, query.agent, query.step_type, outcome);
  ScanPage page;
  if (filter.impossible) return page;
  for (std::uint64_t sequence = query.after_sequence; sequence < published; ++sequence) {
    const Attributes& row = attributes.row(static_cast<std::uint32_t>(sequence));
    if (!filter.accepts(row) || row.started_at_ns < query.started_from_ns ||
        row.started_at_ns >= query.started_before_ns) {
      continue;
    }
    if (page.rows.size() == query.limit) {
      page.next = page.rows.back().sequence;
      break;
    }
    page.rows.push_back({sequence + 1, row.id, row.outcome, row.reward, row.started_at_ns, {}});
  }
  for (ScanRow& row : page.rows) {
    if (!query.with_experience) break;
    Result<Experience> experience = get(row.id);
    if (!experience) return experience.error();
    row.experience = *std::move(experience);
  }
  return page;
}

Result<Experience> ExperienceStore::Impl::get(const ExperienceId& id) const {
  Result<std::string> record = lake->read(id);
  if (!record) return record.error();
  const std::string where = "experience store " + options.path + ": " + id.to_string();
  Result<Experience> experience = decode_record(*record);
  if (!experience) return experience.error().with_context(where);
  if (record_id(*record) != id) {
    return Status(ErrorCode::corruption, where + ": the row is another experience's");
  }
  return experience;
}

Status ExperienceStore::Impl::close() {
  gate.close();
  const std::lock_guard lock(close_mutex);
  if (is_closed) return close_status;
  is_closed = true;
  if (index != nullptr) index->close();
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

Result<std::vector<Match>> ExperienceStore::find_similar(const SimilarityQuery& query) const {
  return impl_->run(impl_->find_latency, impl_->gate, [&] { return impl_->find(query); });
}

void ExperienceStore::find_similar(SimilarityQuery query,
                                   UniqueFunction<void(Result<std::vector<Match>>)> done) const {
  impl_->run_later(TaskClass::foreground, impl_->find_latency, std::move(done),
                   [q = std::move(query)](Impl& impl) { return impl.find(q); });
}

Result<ScanPage> ExperienceStore::scan(const ScanQuery& query) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->scan(query); });
}

Result<Experience> ExperienceStore::get(const ExperienceId& id) const {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->get(id); });
}

Status ExperienceStore::sync() {
  return impl_->run(nullptr, impl_->gate, [&] { return impl_->lake->sync(); });
}

std::uint64_t ExperienceStore::size() const noexcept {
  return impl_->gate.closed() ? 0 : impl_->index->size();
}

ExperienceStoreStats ExperienceStore::stats() const noexcept {
  ExperienceStoreStats stats;
  stats.dimension = impl_->dimension;
  if (impl_->gate.closed()) return stats;
  stats.experiences = impl_->index->size();
  stats.last_sequence = stats.experiences;
  stats.indexed = impl_->index->linked();
  stats.index_bytes = impl_->index->bytes();
  return stats;
}

Status ExperienceStore::close() { return impl_->close(); }

}  // namespace frys
