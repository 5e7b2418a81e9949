// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The first form of the index: all vectors in one table, the older ones linked into hnswlib's
// graph, the younger ones scanned. So a write is visible at once and costs the copy of a vector,
// and after opening every search is right while the graph is still being made.
//
//   table    [0 … linked)          found through the graph
//            [linked … published)  compared one by one
//
// Linking runs in slices on the background class; one slice at a time holds `link_mutex`.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "experience/background_runner.hpp"
#include "experience/hnsw_graph.hpp"
#include "experience/pattern_index.hpp"
#include "experience/segmented_table.hpp"
#include "simd/dispatch.hpp"

namespace frys::detail {
namespace {

// Up to so many vectors a scan beats the graph, and finds exactly.
constexpr std::size_t scan_limit = 1024;
// The graph is caught up when so many wait: a scan of them costs a tenth of a search.
constexpr std::size_t link_threshold = 256;
// Nodes linked in one task: some ten milliseconds.
constexpr std::size_t link_slice = 64;
constexpr std::size_t max_vectors = std::size_t{1} << 31;

/// Keeps the `count` nearest of those offered.
class Nearest {
 public:
  explicit Nearest(std::size_t count) : count_(count) {
    heap_.reserve(std::min<std::size_t>(count, 1024));
  }
  void offer(const Neighbour& neighbour) {
    if (heap_.size() == count_) {
      if (!nearer(neighbour, heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end(), nearer);
      heap_.back() = neighbour;
    } else {
      heap_.push_back(neighbour);
    }
    std::push_heap(heap_.begin(), heap_.end(), nearer);
  }
  std::vector<Neighbour> take() {
    std::sort_heap(heap_.begin(), heap_.end(), nearer);
    return std::move(heap_);
  }

 private:
  std::size_t count_;
  std::vector<Neighbour> heap_;
};

/// What searches write to, lent out and given back.
class ScratchPool {
 public:
  std::unique_ptr<GraphScratch> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        std::unique_ptr<GraphScratch> scratch = std::move(free_.back());
        free_.pop_back();
        return scratch;
      }
    }
    return std::make_unique<GraphScratch>();
  }
  void give_back(std::unique_ptr<GraphScratch> scratch) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(scratch));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<GraphScratch>> free_;
};

/// The part that tasks share with the index, and may outlive it in a queue.
struct Core {
  Core(const IndexOptions& index_options, const Environment& index_environment)
      : options(index_options),
        environment(index_environment),
        stride((index_options.dimension + 15) / 16 * 16),
        vectors(stride),
        runner(*index_environment.executor) {}

  const IndexOptions options;
  const Environment environment;
  const std::size_t stride;  // Floats from one vector to the next: whole cache lines.
  SegmentedTable<float> vectors;
  std::atomic<std::size_t> published{0};
  mutable ScratchPool scratches;

  BackgroundRunner runner;
  std::mutex link_mutex;
  std::unique_ptr<HnswGraph> graph_owner;        // Made by the first link, under link_mutex.
  std::atomic<const HnswGraph*> graph{nullptr};  // The same, for searches.
  std::atomic<bool> scheduled{false};
  std::atomic<bool> stopped{false};
  bool broken = false;  // Under link_mutex: the graph must not be linked to any more.

  [[nodiscard]] std::size_t linked() const noexcept {
    const HnswGraph* g = graph.load(std::memory_order_acquire);
    return g == nullptr ? 0 : g->linked();
  }
  [[nodiscard]] std::size_t waiting() const noexcept {
    const std::size_t done = linked();
    return published.load(std::memory_order_acquire) - done;
  }

  bool link(std::size_t at_most) noexcept;
  void scan(const IndexQuery& query, std::size_t begin, std::size_t end, Nearest& nearest) const;
};

/// Links some nodes. False when there is nothing more to do, now or ever.
bool Core::link(std::size_t at_most) noexcept {
  const std::lock_guard lock(link_mutex);
  if (stopped.load() || broken) return false;
  Status status;
  if (graph_owner == nullptr) {
    Result<std::unique_ptr<HnswGraph>> made = HnswGraph::create(vectors, options);
    if (made) {
      graph_owner = std::move(*made);
      graph.store(graph_owner.get(), std::memory_order_release);
    }
    status = made.status();
  }
  const std::size_t end = published.load(std::memory_order_acquire);
  for (std::size_t i = 0; status.ok() && i < at_most && graph_owner->linked() < end; ++i) {
    status = graph_owner->link_next();
  }
  if (!status.ok()) {
    broken = true;
    environment.write_log(LogLevel::error, "experience",
                          "the search graph can't grow any more (" + status.to_string() +
                              "); later experiences are found by scanning until the store is "
                              "opened again");
  }
  return !broken && graph_owner->linked() < published.load(std::memory_order_acquire);
}

void Core::scan(const IndexQuery& query, std::size_t begin, std::size_t end,
                Nearest& nearest) const {
  const auto dot = simd::kernels().dot_f32;
  for (std::size_t i = begin; i < end; ++i) {
    const auto ordinal = static_cast<std::uint32_t>(i);
    if (query.accept != nullptr && !(*query.accept)(ordinal)) continue;
    nearest.offer({dot(query.vector, vectors.row(i), options.dimension), ordinal});
  }
}

/// One slice, then the next task. `scheduled` is held from the first to the last.
void run_slice(const std::shared_ptr<Core>& core) noexcept {
  const bool more = core->link(link_slice);
  if (more) {
    try {
      if (core->runner.submit([core] { run_slice(core); })) return;
    } catch (const std::bad_alloc&) {
      // The next append will try again.
    }
  }
  core->scheduled.store(false);
}

class HnswIndex final : public PatternIndex {
 public:
  HnswIndex(const IndexOptions& options, const Environment& environment)
      : core_(std::make_shared<Core>(options, environment)) {}
  ~HnswIndex() override { close(); }

  Status reserve(std::size_t additional) noexcept override {
    const std::size_t rows = core_->published.load(std::memory_order_relaxed) + additional;
    if (rows > max_vectors) return Status::out_of_memory();
    return core_->vectors.reserve(rows);
  }

  void append(const float* unit_vector) noexcept override {
    const std::size_t ordinal = core_->published.load(std::memory_order_relaxed);
    float* row = core_->vectors.row(ordinal);
    std::copy_n(unit_vector, core_->options.dimension, row);
    std::fill(row + core_->options.dimension, row + core_->stride, 0.0F);
    core_->published.store(ordinal + 1, std::memory_order_release);
  }

  void link_appended() noexcept override;
  std::optional<std::vector<Neighbour>> search(const IndexQuery& query) const override;
  float similarity(const float* unit_vector, std::uint32_t ordinal) const noexcept override {
    return simd::kernels().dot_f32(unit_vector, core_->vectors.row(ordinal),
                                   core_->options.dimension);
  }

  std::size_t size() const noexcept override {
    return core_->published.load(std::memory_order_acquire);
  }
  std::size_t linked() const noexcept override { return core_->linked(); }
  std::size_t bytes() const noexcept override {
    const HnswGraph* graph = core_->graph.load(std::memory_order_acquire);
    return size() * core_->stride * sizeof(float) + (graph == nullptr ? 0 : graph->bytes());
  }
  void close() noexcept override {
    core_->stopped.store(true);
    const std::lock_guard lock(core_->link_mutex);  // Waits for the slice that runs.
  }

 private:
  std::shared_ptr<Core> core_;
};

void HnswIndex::link_appended() noexcept {
  if (core_->waiting() < link_threshold) return;
  if (core_->published.load(std::memory_order_relaxed) <= scan_limit) return;
  if (!core_->runner.is_inline()) {
    if (core_->scheduled.exchange(true)) return;
    try {
      if (core_->runner.submit([core = core_] { run_slice(core); })) return;
    } catch (const std::bad_alloc&) {
      core_->scheduled.store(false);
      return;
    }
    core_->scheduled.store(false);
  }
  while (core_->waiting() >= link_threshold && core_->link(link_slice)) {
  }
}

std::optional<std::vector<Neighbour>> HnswIndex::search(const IndexQuery& query) const {
  const std::size_t linked = core_->linked();
  const std::size_t published = core_->published.load(std::memory_order_acquire);
  Nearest nearest(query.count);
  if (linked == 0 || published <= scan_limit) {
    core_->scan(query, 0, published, nearest);
    return nearest.take();
  }
  std::unique_ptr<GraphScratch> scratch = core_->scratches.take();
  const bool found = core_->graph.load(std::memory_order_acquire)
                         ->search(query, std::max(query.effort, query.count), linked, *scratch);
  for (const Neighbour& neighbour : scratch->best) nearest.offer(neighbour);
  core_->scratches.give_back(std::move(scratch));
  if (!found) return std::nullopt;
  core_->scan(query, linked, published, nearest);
  return nearest.take();
}

}  // namespace

Result<std::unique_ptr<PatternIndex>> make_hnsw_index(const IndexOptions& options,
                                                      const Environment& environment) {
  try {
    return std::unique_ptr<PatternIndex>(std::make_unique<HnswIndex>(options, environment));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
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
