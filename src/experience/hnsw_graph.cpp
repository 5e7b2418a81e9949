// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The one file that includes hnswlib. hnswlib defines functions that are not inline, and its tests
// for instruction sets are the compiler's: here it gets the baseline, names of our own, so that a
// host may link its own hnswlib too, and our distances, which choose at run time.

#include "experience/hnsw_graph.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <queue>
#include <shared_mutex>

#include "simd/dispatch.hpp"

#define NO_MANUAL_VECTORIZATION  // Else it defines global functions: cpuid, xgetbv, AVXCapable.
#define hnswlib frys_private_hnswlib
#include <hnswlib/hnswlib.h>
#undef hnswlib
#undef NO_MANUAL_VECTORIZATION

namespace frys::detail {
namespace {

namespace hnsw = ::frys_private_hnswlib;
using Builder = hnsw::HierarchicalNSW<float>;
using Candidates =
    std::priority_queue<std::pair<float, hnsw::tableint>,
                        std::vector<std::pair<float, hnsw::tableint>>, Builder::CompareByFirst>;

constexpr std::size_t first_capacity = 1024;

/// What hnswlib stores of a vector is where it is. A node is its links (4 + 8 × M bytes), this, and
/// an 8-byte label that hnswlib takes as such: the four bytes more keep the label aligned.
struct Slot {
  const float* vector;
  std::uint32_t padding;
};
constexpr std::size_t slot_bytes = sizeof(const float*) + 4;

const float* stored_vector(const void* slot) noexcept {
  const float* vector;
  std::memcpy(&vector, slot, sizeof(vector));
  return vector;
}

class PointerSpace final : public hnsw::SpaceInterface<float> {
 public:
  explicit PointerSpace(std::size_t dimension) noexcept
      : metric_{simd::kernels().dot_f32, dimension} {}

  size_t get_data_size() override { return slot_bytes; }
  hnsw::DISTFUNC<float> get_dist_func() override { return &distance; }
  void* get_dist_func_param() override { return &metric_; }

 private:
  struct Metric {
    float (*dot)(const float*, const float*, std::size_t);
    std::size_t dimension;
  };
  static float distance(const void* a, const void* b, const void* parameter) {
    const auto& metric = *static_cast<const Metric*>(parameter);
    return 1.0F - metric.dot(stored_vector(a), stored_vector(b), metric.dimension);
  }
  Metric metric_;
};

/// A shared mutex whose exclusive side is let in before shared ones that come later; the standard
/// one of glibc lets a steady flow of readers starve it.
class GrowthLock {
 public:
  GrowthLock() noexcept {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock_, &attributes);
    pthread_rwlockattr_destroy(&attributes);
  }
  ~GrowthLock() { pthread_rwlock_destroy(&lock_); }
  GrowthLock(const GrowthLock&) = delete;
  GrowthLock& operator=(const GrowthLock&) = delete;

  void lock() noexcept { pthread_rwlock_wrlock(&lock_); }
  void unlock() noexcept { pthread_rwlock_unlock(&lock_); }
  void lock_shared() noexcept { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() noexcept { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_;
};

/// Orders a heap so that its front is the nearest.
bool frontier_order(const Neighbour& a, const Neighbour& b) noexcept { return nearer(b, a); }

class Graph final : public HnswGraph {
 public:
  Graph(const SegmentedTable<float>& vectors, const IndexOptions& options)
      : vectors_(vectors),
        dimension_(options.dimension),
        dot_(simd::kernels().dot_f32),
        prefetch_bytes_(std::min<std::size_t>(options.dimension * sizeof(float), 512)),
        space_(options.dimension),
        twins_(1),
        builder_(std::make_unique<Builder>(&space_, first_capacity, options.links,
                                           options.build_effort)) {}

  Status link_next() noexcept override;
  std::size_t linked() const noexcept override { return linked_.load(std::memory_order_acquire); }
  std::size_t bytes() const noexcept override {
    const std::shared_lock lock(growth_);
    // Lists, locks, levels, twins and upper lists (of one node in M).
    return builder_->max_elements_ * sizeof(std::atomic<std::uint32_t>) +
           builder_->max_elements_ *
               (builder_->size_data_per_element_ + sizeof(std::mutex) + sizeof(int) +
                sizeof(char*) + builder_->size_links_per_element_ / builder_->M_);
  }
  bool search(const IndexQuery& query, std::size_t effort, std::size_t limit,
              GraphScratch& scratch) const override;

 private:
  /// Where a search starts, in one word so that it is read whole.
  struct Entry {
    std::uint32_t node;
    std::int32_t level;
  };

  /// No node: the end of a list of twins.
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

  void grow();
  void link(std::uint32_t node);
  void place(std::uint32_t node, int level);
  bool is_zero(std::uint32_t node) const noexcept;
  std::uint32_t find_equal(std::uint32_t node) const noexcept;
  void add_twin(std::uint32_t linked, std::uint32_t twin) noexcept;
  Neighbour descend(const IndexQuery& query, Entry entry, int to_level,
                    GraphScratch& scratch) const;
  /// Where a walk goes, and what it keeps.
  struct Walk {
    int level;
    std::size_t effort;
    std::size_t limit;  // Nodes from it on do not count.
    bool with_twins;
  };
  bool walk(const IndexQuery& query, Neighbour start, const Walk& how, GraphScratch& scratch) const;
  void read_neighbours(std::uint32_t node, int level, std::vector<std::uint32_t>& out) const;
  std::uint32_t twin_of(std::uint32_t node) const noexcept {
    return __atomic_load_n(twins_.row(node), __ATOMIC_ACQUIRE);
  }
  float similarity(const IndexQuery& query, std::uint32_t node) const noexcept {
    return dot_(query.vector, vectors_.row(node), dimension_);
  }

  const SegmentedTable<float>& vectors_;
  std::size_t dimension_;
  float (*dot_)(const float*, const float*, std::size_t);
  std::size_t prefetch_bytes_;
  PointerSpace space_;
  /// Of a linked node its newest twin, of a twin the next older one.
  SegmentedTable<std::uint32_t> twins_;
  std::unique_ptr<Builder> builder_;
  GraphScratch scratch_;  // The linker's.
  mutable GrowthLock growth_;
  std::atomic<std::size_t> linked_{0};
  std::atomic<Entry> entry_{Entry{0, -1}};
};

void Graph::grow() {
  const std::unique_lock lock(growth_);
  try {
    builder_->resizeIndex(builder_->max_elements_ * 2);
  } catch (...) {
    // It may have freed its pool of visited lists without having made another.
    builder_->visited_list_pool_ = nullptr;
    throw;
  }
}

Status Graph::link_next() noexcept {
  const auto node = static_cast<std::uint32_t>(linked_.load(std::memory_order_relaxed));
  try {
    if (node >= builder_->max_elements_) grow();
    link(node);
    linked_.store(node + std::size_t{1}, std::memory_order_release);
    return {};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  } catch (const std::exception& error) {
    return Status(ErrorCode::internal, std::string("hnswlib: ") + error.what());
  }
}

/// Writes a node without links, as `addPoint` begins.
void Graph::place(std::uint32_t node, int level) {
  char* element = builder_->data_level0_memory_ + node * builder_->size_data_per_element_;
  std::memset(element, 0, builder_->size_data_per_element_);
  builder_->setExternalLabel(node, node);
  const Slot slot{vectors_.row(node), 0};
  std::memcpy(builder_->getDataByInternalId(node), &slot, slot_bytes);
  if (level > 0) {
    const std::size_t bytes = builder_->size_links_per_element_ * static_cast<std::size_t>(level);
    builder_->linkLists_[node] = static_cast<char*>(std::calloc(1, bytes + 1));
    if (builder_->linkLists_[node] == nullptr) throw std::bad_alloc();
  }
  builder_->element_levels_[node] = level;
  builder_->cur_element_count = node + std::size_t{1};
}

bool Graph::is_zero(std::uint32_t node) const noexcept {
  const float* vector = vectors_.row(node);
  return std::all_of(vector, vector + dimension_, [](float value) { return value == 0; });
}

/// Among the nodes that the last walk found, the one that has the same vector.
std::uint32_t Graph::find_equal(std::uint32_t node) const noexcept {
  const float* vector = vectors_.row(node);
  const auto same = [&](const Neighbour& n) {
    return n.similarity > 0.999F &&  // As equal vectors of length 1 are; spares a look at the rest.
           std::memcmp(vector, vectors_.row(n.ordinal), dimension_ * sizeof(float)) == 0;
  };
  const auto found = std::find_if(scratch_.best.begin(), scratch_.best.end(), same);
  return found == scratch_.best.end() ? nobody : found->ordinal;
}

void Graph::add_twin(std::uint32_t linked, std::uint32_t twin) noexcept {
  *twins_.row(twin) = *twins_.row(linked);
  __atomic_store_n(twins_.row(linked), twin, __ATOMIC_RELEASE);
}

/// `addPoint`, with our search in place of `searchBaseLayer`, which neither knows where the vectors
/// lie nor fetches them ahead; choosing and linking neighbours is hnswlib's.
void Graph::link(std::uint32_t node) {
  if (!twins_.reserve(node + std::size_t{1}).ok()) throw std::bad_alloc();
  *twins_.row(node) = nobody;
  if (is_zero(node)) return;
  const int level = builder_->getRandomLevel(builder_->mult_);
  const Entry entry = entry_.load(std::memory_order_relaxed);
  const int top = std::min(level, entry.level);  // −1 without an entry.
  std::vector<Candidates> candidates(static_cast<std::size_t>(top + 1));
  if (entry.level >= 0) {
    const IndexQuery query{vectors_.row(node), 0, builder_->ef_construction_};
    Neighbour nearest = descend(query, entry, top, scratch_);
    for (int l = top; l >= 0; --l) {
      walk(query, nearest, {l, query.effort, node, false}, scratch_);
      for (const Neighbour& n : scratch_.best)
        candidates[l].emplace(1.0F - n.similarity, n.ordinal);
      nearest = *std::min_element(scratch_.best.begin(), scratch_.best.end(), nearer);
    }
    const std::uint32_t equal = find_equal(node);
    if (equal != nobody) return add_twin(equal, node);
  }
  const std::lock_guard own(builder_->link_list_locks_[node]);
  place(node, level);
  for (int l = top; l >= 0; --l) {
    builder_->mutuallyConnectNewElement(nullptr, node, candidates[l], l, false);
  }
  if (level > entry.level) {
    builder_->enterpoint_node_ = node;
    builder_->maxlevel_ = level;
    entry_.store({node, level}, std::memory_order_release);
  }
}

/// Copies a node's list. Waits while the node itself is being linked: its list then is all there is
/// to lead on to nodes that dropped a neighbour for it.
void Graph::read_neighbours(std::uint32_t node, int level, std::vector<std::uint32_t>& out) const {
  const std::lock_guard lock(builder_->link_list_locks_[node]);
  const hnsw::linklistsizeint* list = builder_->get_linklist_at_level(node, level);
  const std::size_t count = builder_->getListCount(const_cast<hnsw::linklistsizeint*>(list));
  out.resize(count);
  if (count > 0) std::memcpy(out.data(), list + 1, count * sizeof(std::uint32_t));
}

/// Greedy steps through the levels above `to_level`: the nearest node found there.
Neighbour Graph::descend(const IndexQuery& query, Entry entry, int to_level,
                         GraphScratch& scratch) const {
  Neighbour nearest{similarity(query, entry.node), entry.node};
  for (int level = entry.level; level > to_level; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      read_neighbours(nearest.ordinal, level, scratch.neighbours);
      for (const std::uint32_t node : scratch.neighbours) {
        const float found = similarity(query, node);
        if (found > nearest.similarity) {
          nearest = {found, node};
          moved = true;
        }
      }
    }
  }
  return nearest;
}

/// The beam search of one level (algorithm 2 of Malkov and Yashunin): leaves in `scratch.best` what
/// it found. Nodes that do not count are walked through all the same. False: it gave up.
bool Graph::walk(const IndexQuery& query, Neighbour start, const Walk& how,
                 GraphScratch& scratch) const {
  std::vector<Neighbour>& best = scratch.best;
  std::vector<Neighbour>& frontier = scratch.frontier;
  best.clear();
  frontier.clear();
  if (scratch.visited.size() < builder_->max_elements_ || ++scratch.epoch == 0) {
    scratch.visited.assign(builder_->max_elements_, 0);
    scratch.epoch = 1;
  }
  std::size_t looked_at = 0;
  const auto tired = [&] { return best.size() < how.effort && looked_at > query.patience; };
  // These two are the heart of every search and link: left to itself, the compiler calls them.
  /// False: neither it nor what is older and as similar is among the best.
  const auto offer = [&](const Neighbour& found) __attribute__((always_inline)) {
    if (best.size() == how.effort && !nearer(found, best.front())) return false;
    ++looked_at;
    if (found.ordinal >= how.limit) return true;
    if (query.accept != nullptr && !(*query.accept)(found.ordinal)) return true;
    best.push_back(found);
    std::push_heap(best.begin(), best.end(), nearer);
    if (best.size() > how.effort) {
      std::pop_heap(best.begin(), best.end(), nearer);
      best.pop_back();
    }
    return true;
  };
  const auto consider = [&](const Neighbour& found) __attribute__((always_inline)) {
    // The newest of its twins is the nearest of them.
    std::uint32_t twin = how.with_twins ? twin_of(found.ordinal) : nobody;
    const Neighbour newest{found.similarity, twin == nobody ? found.ordinal : twin};
    if (best.size() == how.effort && !nearer(newest, best.front())) return;
    frontier.push_back(found);
    std::push_heap(frontier.begin(), frontier.end(), frontier_order);
    while (twin != nobody && offer({found.similarity, twin}) && !tired()) twin = twin_of(twin);
    offer(found);
  };
  scratch.visited[start.ordinal] = scratch.epoch;
  consider(start);
  while (!frontier.empty()) {
    const Neighbour next = frontier.front();
    if (best.size() == how.effort && best.front().similarity > next.similarity) break;
    if (tired()) return false;
    std::pop_heap(frontier.begin(), frontier.end(), frontier_order);
    frontier.pop_back();
    read_neighbours(next.ordinal, how.level, scratch.neighbours);
    std::size_t fresh = 0;
    for (const std::uint32_t node : scratch.neighbours) {
      if (scratch.visited[node] == scratch.epoch) continue;
      scratch.visited[node] = scratch.epoch;
      scratch.neighbours[fresh++] = node;
      const char* vector = reinterpret_cast<const char*>(vectors_.row(node));
      for (std::size_t i = 0; i < prefetch_bytes_; i += 64) __builtin_prefetch(vector + i);
    }
    for (std::size_t i = 0; i < fresh; ++i) {
      const std::uint32_t node = scratch.neighbours[i];
      consider({similarity(query, node), node});
    }
  }
  return !tired();
}

bool Graph::search(const IndexQuery& query, std::size_t effort, std::size_t limit,
                   GraphScratch& scratch) const {
  const std::shared_lock lock(growth_);
  const Entry entry = entry_.load(std::memory_order_acquire);
  scratch.best.clear();
  if (entry.level < 0) return true;
  return walk(query, descend(query, entry, 0, scratch), {0, effort, limit, true}, scratch);
}

}  // namespace

Result<std::unique_ptr<HnswGraph>> HnswGraph::create(const SegmentedTable<float>& vectors,
                                                     const IndexOptions& options) {
  try {
    return std::unique_ptr<HnswGraph>(std::make_unique<Graph>(vectors, options));
  } catch (...) {
    return Status::out_of_memory();
  }
}

}  // namespace frys::detail
