// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/pattern_index.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <optional>

#include "experience/background_runner.hpp"
#include "experience/graph_checkpoint.hpp"
#include "index/index_core.hpp"
#include "simd/dispatch.hpp"

namespace frys::detail {
namespace {

// The graph is caught up when so many wait: to compare them costs a tenth of a search.
constexpr std::size_t link_threshold = 256;
// Vectors linked in one task: some ten milliseconds.
constexpr std::size_t link_slice = 64;
// Addresses are reserved for the most; for fewer where the process may not have so many.
constexpr std::size_t most_vectors = std::size_t{1} << 26;
constexpr std::size_t fewest_vectors = std::size_t{1} << 18;
// The graph is saved when it has grown by so many, and by half: that is a few milliseconds for what
// took seconds to link.
constexpr std::size_t least_growth = 16384;

}  // namespace

/// What tasks share with the index, and may outlive it in a queue.
struct PatternIndex::Shared {
  Shared(const VectorIndexOptions& options, const std::string& folder,
         const Environment& index_environment)
      : environment(index_environment),
        core(options, index_environment.seed),
        runner(*index_environment.executor) {
    if (!folder.empty()) checkpoint.emplace(folder, environment);
  }

  const Environment environment;
  index::IndexCore core;
  BackgroundRunner runner;
  std::mutex link_mutex;
  std::atomic<bool> scheduled{false};
  std::atomic<bool> stopped{false};
  // Under link_mutex.
  bool broken = false;  // Nothing is linked any more.
  std::optional<GraphCheckpoint> checkpoint;
  std::size_t saved =
      0;  // Vectors that the newest checkpoint links, or one that failed would have.

  [[nodiscard]] std::size_t waiting() const noexcept {
    const std::size_t linked = core.linked();
    return core.size() - linked;
  }
  bool link(std::size_t at_most) noexcept;
  void save() noexcept;
};

/// Under link_mutex. A graph that can't be saved is made again.
void PatternIndex::Shared::save() noexcept try {
  if (!checkpoint || core.linked() <= saved) return;
  saved = core.linked();
  const Status status = checkpoint->save(core);
  if (!status.ok()) {
    environment.write_log(LogLevel::warning, "experience",
                          "the search graph is not saved: " + status.to_string());
  }
} catch (const std::bad_alloc&) {
  environment.write_log(LogLevel::warning, "experience",
                        "the search graph is not saved: out of memory");
}

/// Links some vectors. False when there is nothing more to do, now or ever.
bool PatternIndex::Shared::link(std::size_t at_most) noexcept {
  const std::lock_guard lock(link_mutex);
  if (stopped.load() || broken) return false;
  Status status;
  try {
    for (std::size_t i = 0; status.ok() && i < at_most && core.can_link(); ++i) {
      status = core.link_next();
    }
  } catch (const std::bad_alloc&) {
    status = Status::out_of_memory();
  }
  if (!status.ok()) {
    broken = true;
    environment.write_log(LogLevel::error, "experience",
                          "the search graph can't grow any more (" + status.to_string() +
                              "); later experiences are found by scanning until the store is "
                              "opened again");
  }
  if (!broken && core.linked() >= saved + std::max(least_growth, saved / 2)) save();
  return !broken && core.can_link();
}

PatternIndex::PatternIndex(std::shared_ptr<Shared> shared) noexcept : shared_(std::move(shared)) {}
PatternIndex::~PatternIndex() { close(); }

Result<std::unique_ptr<PatternIndex>> PatternIndex::create(const PatternIndexOptions& options,
                                                           const Environment& environment) {
  try {
    VectorIndexOptions own{.dimension = options.dimension,
                           .metric = Metric::cosine,
                           .links = options.links,
                           .build_effort = options.build_effort};
    for (own.max_vectors = most_vectors;; own.max_vectors /= 4) {
      auto shared = std::make_shared<Shared>(own, options.folder, environment);
      const Status status = shared->core.open();
      if (status.ok()) return std::unique_ptr<PatternIndex>(new PatternIndex(std::move(shared)));
      if (own.max_vectors == fewest_vectors) return status;
    }
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

void PatternIndex::load_graph() noexcept try {
  const std::lock_guard lock(shared_->link_mutex);
  if (!shared_->checkpoint) return;
  shared_->checkpoint->load(shared_->core);
  shared_->saved = shared_->core.linked();
} catch (const std::bad_alloc&) {
  // It is linked anew.
}

Status PatternIndex::reserve(std::size_t additional) noexcept {
  return shared_->core.reserve(additional);
}

void PatternIndex::append(const float* unit_vector) noexcept { shared_->core.append(unit_vector); }

/// One slice, then the next task. `scheduled` is held from the first to the last.
void PatternIndex::run_slice(const std::shared_ptr<Shared>& shared) noexcept {
  const bool more = shared->link(link_slice);
  if (more) {
    try {
      if (shared->runner.submit([shared] { run_slice(shared); })) return;
    } catch (const std::bad_alloc&) {
      // The next append will try again.
    }
  }
  shared->scheduled.store(false);
}

void PatternIndex::link_appended() noexcept {
  if (shared_->waiting() < link_threshold || !shared_->core.can_link()) return;
  if (!shared_->runner.is_inline()) {
    if (shared_->scheduled.exchange(true)) return;
    try {
      if (shared_->runner.submit([shared = shared_] { run_slice(shared); })) return;
    } catch (const std::bad_alloc&) {
      shared_->scheduled.store(false);
      return;
    }
    shared_->scheduled.store(false);
  }
  while (shared_->waiting() >= link_threshold && shared_->link(link_slice)) {
  }
}

std::vector<Neighbour> PatternIndex::search(const index::SearchRequest& request) const {
  std::vector<VectorNeighbour> nearest(std::min(request.count, size()));
  index::SearchRequest wanted = request;
  wanted.count = nearest.size();
  const Result<std::size_t> found = shared_->core.search(wanted, nearest);
  std::vector<Neighbour> neighbours;
  neighbours.reserve(found.value_or(0));
  for (const VectorNeighbour& n : std::span(nearest).first(found.value_or(0))) {
    neighbours.push_back({1 - n.distance, n.ordinal});
  }
  return neighbours;
}

float PatternIndex::similarity(const float* unit_vector, std::uint32_t ordinal) const noexcept {
  const index::IndexCore& core = shared_->core;
  return simd::kernels().dot_f32(unit_vector, core.vector(ordinal), core.dimension());
}

std::size_t PatternIndex::size() const noexcept { return shared_->core.size(); }
std::size_t PatternIndex::linked() const noexcept { return shared_->core.linked(); }
std::size_t PatternIndex::bytes() const noexcept { return shared_->core.bytes(); }

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
