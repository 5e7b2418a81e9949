// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/pattern_index.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <optional>
#include <thread>

#include "experience/background_runner.hpp"
#include "experience/graph_checkpoint.hpp"
#include "index/prefetch.hpp"
#include "simd/dispatch.hpp"

namespace frys::detail {
namespace {

// The graph is caught up when so many wait: to compare them costs a tenth of a search.
constexpr std::size_t link_threshold = 256;
// Vectors linked in one task: some ten milliseconds.
constexpr std::size_t link_slice = 64;
// Writers are slowed down while more wait; with what a call adds that stays below 512.
constexpr std::size_t most_waiting = 448;
// What a writer waits for, by each of its changes: more than one, so that what waits gets less.
constexpr std::size_t steps_per_change = 2;
// Addresses are reserved for the most; for fewer where the process may not have so many.
constexpr std::size_t most_vectors = std::size_t{1} << 26;
constexpr std::size_t fewest_vectors = std::size_t{1} << 18;
// The graph is saved when so much has changed in it, and by half of what it was: that is a few
// milliseconds for what took seconds to link.
constexpr std::size_t least_growth = 16384;
// The tables are made anew without those that were removed when these are an eighth of the others.
constexpr std::size_t least_removed = 256;
constexpr std::size_t others_per_removed = 8;
// Whoever exchanges the tables lets go of the old ones last, so that no reader has to give them
// back to the system; for so long it waits for the readers.
constexpr std::chrono::milliseconds longest_wait(100);

// So many steps in measuring the graph a writer takes who has linked what waited: a tenth of that.
constexpr std::size_t inline_steps = 8;
// A graph is measured when it has doubled; while it outruns that, what was measured tells less.
constexpr std::size_t most_outgrown = 4;

}  // namespace

// ---- rows ------------------------------------------------------------------------------------

std::vector<Neighbour> ResidentRows::search(const index::SearchRequest& request) const {
  std::vector<VectorNeighbour> nearest(std::min(request.count, core.size()));
  index::SearchRequest wanted = request;
  wanted.count = nearest.size();
  const Result<std::size_t> found = core.search(wanted, nearest);
  std::vector<Neighbour> neighbours;
  neighbours.reserve(found.value_or(0));
  for (const VectorNeighbour& n : std::span(nearest).first(found.value_or(0))) {
    neighbours.push_back({1 - n.distance, n.ordinal});
  }
  return neighbours;
}

float ResidentRows::similarity(const float* unit_vector, std::uint32_t ordinal) const noexcept {
  return simd::kernels().dot_f32(unit_vector, core.vector(ordinal), core.dimension());
}

void ResidentRows::prefetch(std::uint32_t ordinal) const noexcept {
  if (ordinal >= core.size()) return;
  index::prefetch_bytes(core.vector(ordinal), core.dimension() * sizeof(float));
  index::prefetch_bytes(&attributes.row(ordinal), sizeof(Attributes));
}

std::optional<double> ResidentRows::expected_recall(std::size_t count,
                                                    std::size_t effort) const noexcept {
  const std::size_t linked = core.linked();
  if (linked == 0) return 1;  // Vectors are compared one by one.
  const RecallTable* table = recall.latest();
  if (table == nullptr || linked > most_outgrown * table->linked) return std::nullopt;
  return table->at(count, effort);
}

bool ResidentRows::find(std::uint64_t sequence, std::uint32_t& ordinal) const noexcept {
  const std::size_t size = core.size();
  ordinal = attributes.find(sequence, size);
  return ordinal < size && attributes.row(ordinal).sequence == sequence && !core.hidden(ordinal);
}

// ---- what tasks do ---------------------------------------------------------------------------

/// What tasks share with the index, and may outlive it in a queue.
struct PatternIndex::Shared {
  Shared(const VectorIndexOptions& index_options, const PatternIndexOptions& saved,
         const Environment& index_environment)
      : environment(index_environment),
        options(index_options),
        runner(*index_environment.executor) {
    if (!saved.folder.empty()) checkpoint.emplace(saved.folder, saved.space, environment);
  }

  /// An experience that was added at `target` was removed at `sequence`.
  struct Removal {
    std::uint64_t sequence;
    std::uint64_t target;
  };

  const Environment environment;
  const VectorIndexOptions options;
  BackgroundRunner runner;
  std::atomic<bool> scheduled{false};
  std::atomic<bool> stopped{false};
  std::condition_variable slice_ended;

  // Locked in this order.
  std::mutex link_mutex;
  std::mutex turn_mutex;
  mutable std::mutex mutex;

  // Written under all three, read under any.
  std::shared_ptr<ResidentRows> rows;
  // Under `mutex`.
  std::deque<Removal> removals;  // That the graph does not know of.
  std::uint64_t steps = 0;       // That the graph has taken,
  std::uint64_t slices = 0;      // in so many slices.
  // Under link_mutex.
  bool broken = false;  // Nothing is linked any more.
  std::optional<GraphCheckpoint> checkpoint;
  std::size_t changes = 0;        // Of the graph.
  std::size_t saved_changes = 0;  // That the newest checkpoint has, or one that failed would have.
  std::size_t saved_nodes = 0;    // The same of its nodes.
  RecallMeter meter;
  std::size_t removed_at_failure = 0;  // When the tables could not be made without them.

  Status open();
  Result<std::shared_ptr<ResidentRows>> make_rows() const;
  [[nodiscard]] std::size_t waiting() const noexcept;
  [[nodiscard]] bool has_work() const noexcept;
  bool measure() noexcept;
  bool link(std::size_t at_most) noexcept;
  bool link_locked(std::size_t at_most) noexcept;
  bool link_or_wait(std::size_t at_most, std::chrono::steady_clock::time_point latest) noexcept;
  [[nodiscard]] std::size_t next_end() const;
  std::size_t link_some();
  void end_slice(std::size_t taken) noexcept;
  bool retire_one();
  [[nodiscard]] bool has_too_many_removed() const noexcept;
  Status leave_removed();
  void exchange(const std::shared_ptr<ResidentRows>& fresh, std::vector<std::uint32_t>& numbers);
  void save() noexcept;
  void warn(std::string_view what, const Status& status) const noexcept;
};

Result<std::shared_ptr<ResidentRows>> PatternIndex::Shared::make_rows() const {
  VectorIndexOptions own = options;
  for (;; own.max_vectors /= 4) {
    auto made = std::make_shared<ResidentRows>(own, environment);
    const Status status = made->core.open();
    if (status.ok()) return made;
    if (own.max_vectors == fewest_vectors) return status;
  }
}

Status PatternIndex::Shared::open() {
  Result<std::shared_ptr<ResidentRows>> made = make_rows();
  if (made) rows = *std::move(made);
  return made.status();
}

std::size_t PatternIndex::Shared::waiting() const noexcept {
  const std::lock_guard lock(mutex);
  const std::size_t linked = rows->core.linked();
  const std::size_t unlinked = rows->core.size() - linked;
  // Removals wait for those that were added before them.
  return rows->core.can_link() || unlinked == 0 ? unlinked + removals.size() : 0;
}

bool PatternIndex::Shared::has_work() const noexcept {
  if (waiting() >= link_threshold) return true;
  const std::lock_guard lock(mutex);
  return meter.is_due(rows->core.linked());
}

void PatternIndex::Shared::warn(std::string_view what, const Status& status) const noexcept try {
  environment.write_log(LogLevel::warning, "experience",
                        std::string(what) + ": " + status.to_string());
} catch (const std::bad_alloc&) {
  environment.write_log(LogLevel::warning, "experience", what);
}

/// Under link_mutex. A graph that can't be saved is made again.
void PatternIndex::Shared::save() noexcept {
  if (!checkpoint || changes == saved_changes) return;
  saved_changes = changes;
  saved_nodes = rows->core.linked();
  Status status;
  try {
    const auto key_of = [this](std::uint32_t node) { return rows->attributes.row(node).sequence; };
    status = checkpoint->save(rows->core, key_of);
  } catch (const std::bad_alloc&) {
    status = Status::out_of_memory();
  }
  if (!status.ok()) warn("the search graph is not saved", status);
}

/// Has the graph know of the next removal, when all that was added before it is linked. In this
/// order, so that the same log makes the same graph. False: there is none.
bool PatternIndex::Shared::retire_one() {
  const std::size_t linked = rows->core.linked();
  Removal removal{};
  {
    const std::lock_guard lock(mutex);
    if (removals.empty()) return false;
    removal = removals.front();
    if (linked < rows->core.size() &&
        rows->attributes.row(static_cast<std::uint32_t>(linked)).sequence < removal.sequence) {
      return false;
    }
    removals.pop_front();
  }
  rows->core.retire(rows->attributes.find(removal.target, rows->core.size()));
  ++changes;
  return true;
}

bool PatternIndex::Shared::has_too_many_removed() const noexcept {
  const std::size_t removed = rows->core.retired();
  return removed >= least_removed + removed_at_failure * 9 / 8 &&
         removed * others_per_removed >= rows->core.linked() - removed;
}

/// Where the next batch ends: where it is whole, or before something that was removed. So the same
/// log makes the same graph, whenever it is linked. No more than is linked: it can't be said yet.
std::size_t PatternIndex::Shared::next_end() const {
  const std::size_t size = rows->core.size();
  const std::size_t whole = rows->core.next_batch();
  const std::lock_guard lock(mutex);
  // One that is removed once it was seen that the batch is whole comes after all of it.
  if (!removals.empty()) {
    return std::min<std::size_t>(whole, rows->attributes.find(removals.front().sequence, size));
  }
  return whole <= size ? whole : 0;
}

/// The next steps of the graph; how many it took. Throws bad_alloc.
std::size_t PatternIndex::Shared::link_some() {
  if (retire_one()) {
    if (!has_too_many_removed()) return 1;
    Status status;
    try {
      status = leave_removed();
    } catch (const std::bad_alloc&) {
      status = Status::out_of_memory();
    }
    removed_at_failure = status.ok() ? 0 : rows->core.retired();
    if (!status.ok()) warn("what was removed still takes memory", status);
    return 1;
  }
  const std::size_t linked = rows->core.linked();
  const std::size_t end = next_end();
  if (!rows->core.can_link() || end <= linked) return 0;
  Status status = rows->core.link_next(end);
  if (status.ok()) {
    changes += end - linked;
    return end - linked;
  }
  broken = true;
  warn(
      "the search graph can't grow any more; later experiences are found by scanning until the "
      "store is opened again",
      status);
  return 0;
}

/// Makes the tables without those that the graph knows to be removed. Errors: out_of_memory.
Status PatternIndex::Shared::leave_removed() {
  const std::shared_ptr<ResidentRows> old = rows;
  Result<std::shared_ptr<ResidentRows>> made = make_rows();
  if (!made) return made.status();
  const std::shared_ptr<ResidentRows> fresh = *std::move(made);
  std::vector<std::uint32_t> numbers(old->core.size(), index::nobody);
  Status status = fresh->core.reserve(numbers.size() - old->core.retired());
  if (!status.ok()) return status;
  for (std::uint32_t old_number = 0; old_number < numbers.size(); ++old_number) {
    if (old->core.retired(old_number)) continue;
    numbers[old_number] = fresh->attributes.size();
    fresh->attributes.append(old->attributes, old_number);
    fresh->core.append(old->core.vector(old_number));
  }
  status = fresh->core.take_graph(old->core, std::span(numbers).first(old->core.linked()));
  if (!status.ok()) return status;
  exchange(fresh, numbers);
  const auto latest = std::chrono::steady_clock::now() + longest_wait;
  while (old.use_count() > 1 && std::chrono::steady_clock::now() < latest) {
    std::this_thread::yield();
  }
  return {};
}

/// Takes into `fresh` what has changed meanwhile, and has it take the place of the old tables,
/// whose numbers there are `numbers`.
void PatternIndex::Shared::exchange(const std::shared_ptr<ResidentRows>& fresh,
                                    std::vector<std::uint32_t>& numbers) {
  const std::lock_guard turn(turn_mutex);
  const std::shared_ptr<ResidentRows> old = rows;
  const std::size_t copied = numbers.size();
  const std::size_t added = old->core.size() - copied;
  if (!fresh->core.reserve(added).ok()) throw std::bad_alloc();
  numbers.resize(copied + added, index::nobody);
  for (std::uint32_t old_number = 0; old_number < numbers.size(); ++old_number) {
    const Attributes& row = old->attributes.row(old_number);
    if (old_number >= copied) {
      numbers[old_number] = fresh->attributes.size();
      fresh->attributes.append(old->attributes, old_number);
      fresh->core.append(old->core.vector(old_number));
    }
    const std::uint32_t number = numbers[old_number];
    if (number == index::nobody) continue;
    if (row.amended_at != fresh->attributes.row(number).amended_at) {
      const Standing standing = row.standing();
      fresh->attributes.list_as(number, standing.outcome);
      fresh->attributes.amend(number, standing, row.amended_at);
    }
    if (old->core.hidden(old_number)) fresh->core.hide(number);
  }
  // It is as good as the old one, until that is known better.
  if (const RecallTable* table = old->recall.latest()) fresh->recall.publish(*table);
  meter.restart();
  const std::lock_guard lock(mutex);
  rows = fresh;
}

/// Takes some steps. False when there is nothing more to do, now or ever.
bool PatternIndex::Shared::link(std::size_t at_most) noexcept {
  const std::lock_guard lock(link_mutex);
  return link_locked(at_most);
}

/// The same, under link_mutex.
bool PatternIndex::Shared::link_locked(std::size_t at_most) noexcept {
  bool more = !stopped.load() && !broken;
  std::size_t taken = 0;
  try {
    while (more && taken < at_most) {
      const std::size_t steps_taken = link_some();
      more = steps_taken > 0;
      taken += steps_taken;
    }
  } catch (const std::bad_alloc&) {
    broken = true;
    more = false;
    warn("the search graph can't grow any more", Status::out_of_memory());
  }
  if (!broken && changes >= saved_changes + std::max(least_growth, saved_nodes / 2)) save();
  end_slice(taken);
  return more;
}

/// Lets those go on who wait for its end.
void PatternIndex::Shared::end_slice(std::size_t taken) noexcept {
  {
    const std::lock_guard lock(mutex);
    steps += taken;
    ++slices;
  }
  slice_ended.notify_all();
}

/// Takes a step in measuring the graph. False when there is nothing more to do.
bool PatternIndex::Shared::measure() noexcept {
  const std::lock_guard lock(link_mutex);
  bool more = false;
  try {
    more = !stopped.load() && meter.step(*rows);
  } catch (const std::bad_alloc&) {
    // It is tried again when the graph has doubled.
  }
  end_slice(0);
  return more;
}

/// Takes some steps; where somebody else does, waits for the end of that slice. False when there is
/// nothing more to do.
bool PatternIndex::Shared::link_or_wait(std::size_t at_most,
                                        std::chrono::steady_clock::time_point latest) noexcept {
  std::unique_lock lock(mutex);
  const std::uint64_t known = slices;
  lock.unlock();
  const std::unique_lock link_lock(link_mutex, std::try_to_lock);
  if (link_lock.owns_lock()) return link_locked(at_most);
  lock.lock();
  slice_ended.wait_until(lock, latest, [&] { return slices != known; });
  return true;
}

// ---- the index -------------------------------------------------------------------------------

PatternIndex::PatternIndex(std::shared_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}
PatternIndex::~PatternIndex() { close(); }

Result<std::unique_ptr<PatternIndex>> PatternIndex::create(const PatternIndexOptions& options,
                                                           const Environment& environment) {
  try {
    const VectorIndexOptions own{.dimension = options.dimension,
                                 .metric = Metric::cosine,
                                 .links = options.links,
                                 .build_effort = options.build_effort,
                                 .max_vectors = most_vectors};
    auto shared = std::make_shared<Shared>(own, options, environment);
    const Status status = shared->open();
    if (!status.ok()) return status;
    return std::unique_ptr<PatternIndex>(new PatternIndex(std::move(shared)));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

void PatternIndex::load_graph() noexcept try {
  const std::lock_guard lock(shared_->link_mutex);
  if (!shared_->checkpoint) return;
  ResidentRows& rows = *shared_->rows;
  const auto key_of = [&rows](std::uint32_t node) { return rows.attributes.row(node).sequence; };
  shared_->checkpoint->load(rows.core, key_of);
  shared_->saved_nodes = rows.core.linked();
} catch (const std::bad_alloc&) {
  // It is linked anew.
}

std::shared_ptr<const ResidentRows> PatternIndex::view() const noexcept {
  const std::lock_guard lock(shared_->mutex);
  return shared_->rows;
}

std::unique_lock<std::mutex> PatternIndex::turn() const {
  return std::unique_lock(shared_->turn_mutex);
}

ResidentRows& PatternIndex::rows() noexcept { return *shared_->rows; }

void PatternIndex::remove(std::uint32_t ordinal, std::uint64_t sequence) {
  ResidentRows& rows = *shared_->rows;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->removals.push_back({sequence, rows.attributes.row(ordinal).sequence});
  }
  rows.core.hide(ordinal);
}

/// One slice, then the next task. `scheduled` is held from the first to the last. What waits is
/// linked when it is enough, or when `links` says that it was; then the graph is measured.
void PatternIndex::run_slice(const std::shared_ptr<Shared>& shared, bool links) noexcept {
  links = links || shared->waiting() >= link_threshold;
  const bool more = links && shared->link(link_slice);
  if (more || shared->measure()) {
    try {
      if (shared->runner.submit([shared, more] { run_slice(shared, more); })) return;
    } catch (const std::bad_alloc&) {
      // The next append will try again.
    }
  }
  shared->scheduled.store(false);
}

void PatternIndex::link_appended() noexcept {
  if (!shared_->has_work()) return;
  if (!shared_->runner.is_inline()) {
    if (shared_->scheduled.exchange(true)) return;
    try {
      if (shared_->runner.submit([shared = shared_] { run_slice(shared, false); })) return;
    } catch (const std::bad_alloc&) {
      shared_->scheduled.store(false);
      return;
    }
    shared_->scheduled.store(false);
  }
  if (shared_->waiting() < link_threshold) return;
  while (shared_->waiting() >= link_threshold && shared_->link(link_slice)) {
  }
  for (std::size_t i = 0; i < inline_steps && shared_->measure(); ++i) {
  }
}

void PatternIndex::keep_pace(std::size_t changes) noexcept {
  if (changes == 0 || shared_->waiting() <= most_waiting) return;
  keep_pace(changes, std::chrono::steady_clock::now() + longest_hold);
}

void PatternIndex::keep_pace(std::size_t changes,
                             std::chrono::steady_clock::time_point latest) noexcept {
  using Clock = std::chrono::steady_clock;
  Shared& shared = *shared_;
  const auto steps = [&shared] {
    const std::lock_guard lock(shared.mutex);
    return shared.steps;
  };
  std::uint64_t taken = steps();
  const std::uint64_t enough = taken + changes * steps_per_change;
  while (taken < enough && shared.waiting() > most_waiting && Clock::now() < latest) {
    if (!shared.link_or_wait(std::min<std::size_t>(link_slice, enough - taken), latest)) return;
    taken = steps();
  }
}

std::size_t PatternIndex::linked() const noexcept { return view()->core.linked(); }
std::size_t PatternIndex::bytes() const noexcept { return view()->core.bytes(); }

void PatternIndex::close() noexcept {
  shared_->stopped.store(true);
  const std::lock_guard lock(shared_->link_mutex);  // Waits for the slice that runs.
  if (!shared_->broken) shared_->save();
}

bool normalise(std::span<const float> vector, std::span<float> unit) noexcept {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * value;
  if (!(squares > 0) || !std::isfinite(squares)) {
    std::fill(unit.begin(), unit.end(), 0.0F);
    return false;
  }
  const double scale = 1.0 / std::sqrt(squares);
  for (std::size_t i = 0; i < vector.size(); ++i) unit[i] = static_cast<float>(vector[i] * scale);
  return true;
}

}  // namespace frys::detail
