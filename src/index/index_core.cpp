// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/index_core.hpp"

#include <algorithm>
#include <string>

#include "simd/dispatch.hpp"

namespace frys::index {

std::unique_ptr<SearchScratch> ScratchPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      std::unique_ptr<SearchScratch> scratch = std::move(free_.back());
      free_.pop_back();
      return scratch;
    }
  }
  return std::make_unique<SearchScratch>();
}

void ScratchPool::give_back(std::unique_ptr<SearchScratch> scratch) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(scratch));
}

IndexCore::IndexCore(const VectorIndexOptions& options, std::uint64_t seed)
    : options_(options),
      space_(options.metric, options.codes, options.dimension),
      codes_(space_),
      linker_(graph_, codes_, options.links, options.build_effort, seed),
      prepared_(options.dimension) {}

Status IndexCore::open() noexcept {
  Status status = codes_.create(options_.max_vectors);
  if (status.ok()) status = graph_.create(options_.links, options_.max_vectors);
  if (status.ok() && space_.keeps_vectors()) {
    status = vectors_.create(dimension() * sizeof(float), options_.max_vectors);
  }
  return status;
}

// ---- adding ----------------------------------------------------------------------------------

Status IndexCore::check_rows(std::span<const float> rows) const {
  if (rows.size() % dimension() != 0) {
    return Status(ErrorCode::invalid_argument, std::to_string(rows.size()) +
                                                   " numbers are no whole number of vectors of " +
                                                   std::to_string(dimension()));
  }
  for (std::size_t at = 0; at < rows.size(); at += dimension()) {
    const char* why = space_.refusal(rows.subspan(at, dimension()), true);
    if (why == nullptr) continue;
    return Status(ErrorCode::invalid_argument,
                  "vector " + std::to_string(at / dimension()) + " of those to add has " + why);
  }
  return {};
}

Status IndexCore::check_room(std::size_t more) const {
  const std::size_t held = size();
  if (more <= options_.max_vectors - held) return {};
  return Status(ErrorCode::failed_precondition,
                "the index holds " + std::to_string(held) + " vectors and was made for at most " +
                    std::to_string(options_.max_vectors) + " (max_vectors): " +
                    std::to_string(more) + " more do not fit, and none was added");
}

Result<std::uint32_t> IndexCore::add(std::span<const float> rows) {
  Status status = check_rows(rows);
  const std::size_t first = size();
  if (status.ok()) status = check_room(rows.size() / dimension());
  for (std::size_t at = 0; status.ok() && at < rows.size(); at += dimension()) {
    status = add_one(rows.data() + at);
  }
  if (!status.ok()) return status;
  return static_cast<std::uint32_t>(first);
}

Status IndexCore::add_one(const float* vector) {
  const std::size_t row = size_.load(std::memory_order_relaxed);
  Status status = codes_.reserve(row + 1);
  if (status.ok()) status = graph_.reserve(row + 1);
  if (status.ok() && space_.keeps_vectors()) status = vectors_.reserve(row + 1);
  if (!status.ok()) return status;
  const auto node = static_cast<std::uint32_t>(row);
  space_.prepare(vector, prepared_.data());
  if (space_.keeps_vectors()) std::ranges::copy(prepared_, vectors_.row<float>(node));
  if (learned_ || !space_.keeps_vectors()) {
    codes_.make_stored(prepared_.data(), code_);
    codes_.write(node, code_);
  }
  const bool in_graph = linked_ == row && learned_;
  if (in_graph) {
    linker_.link(node, code_);
    ++linked_;
  }
  size_.store(row + 1, std::memory_order_release);
  if (!in_graph && row + 1 >= graph_begins) begin_graph();
  return {};
}

/// Links all there are. Where memory runs out, searches go on comparing all, and the next addition
/// goes on here.
void IndexCore::begin_graph() noexcept {
  try {
    if (!learned_) learn();
    for (const std::size_t size = this->size(); linked_ < size; ++linked_) {
      if (!graph_.reserve(size).ok()) return;
      const auto node = static_cast<std::uint32_t>(linked_);
      codes_.load_stored(node, code_);
      linker_.link(node, code_);
    }
    graph_ready_.store(true, std::memory_order_release);
  } catch (const std::bad_alloc&) {
  }
}

/// Searches that compare all may be reading the rows that are completed here.
void IndexCore::learn() {
  const std::size_t rows = size();
  std::vector<float> first(rows * dimension());
  SearchScratch scratch;
  for (std::uint32_t node = 0; node < rows; ++node) {
    std::copy_n(vector_of(node, scratch), dimension(), first.data() + node * dimension());
  }
  space_.learn(first);
  for (std::uint32_t node = 0; node < rows; ++node) {
    codes_.make_stored(first.data() + node * dimension(), code_);
    codes_.write_learned(node, code_);
  }
  learned_ = true;
}

std::size_t IndexCore::bytes() const noexcept {
  const std::size_t vectors = size();
  return vectors * (codes_.row_bytes() + vectors_.row_bytes()) + graph_.bytes(vectors);
}

// ---- searching -------------------------------------------------------------------------------

namespace {

bool nearer(const VectorNeighbour& a, const VectorNeighbour& b) noexcept {
  return a.distance < b.distance || (a.distance == b.distance && a.ordinal < b.ordinal);
}

/// Keeps `nearest` sorted, and at most `count` of them.
void offer(std::vector<VectorNeighbour>& nearest, std::size_t count, VectorNeighbour found) {
  if (nearest.size() == count) {
    if (!nearer(found, nearest.back())) return;
    nearest.pop_back();
  }
  nearest.insert(std::ranges::upper_bound(nearest, found, nearer), found);
}

}  // namespace

/// The prepared vector, read from its code if need be.
const float* IndexCore::vector_of(std::uint32_t node, SearchScratch& scratch) const {
  if (space_.keeps_vectors()) return vectors_.row<float>(node);
  scratch.whole.resize(codes_.code_bytes());
  scratch.decoded.resize(dimension());
  space_.decode(codes_.code(node, scratch.whole.data()), scratch.decoded.data());
  return scratch.decoded.data();
}

void IndexCore::scan(std::size_t count, SearchScratch& scratch) const {
  const auto size = static_cast<std::uint32_t>(this->size());
  for (std::uint32_t node = 0; node < size; ++node) {
    const float distance = space_.distance(scratch.query.data(), vector_of(node, scratch));
    offer(scratch.nearest, count, {node, distance});
  }
}

void IndexCore::walk(std::size_t count, std::size_t effort, SearchScratch& scratch) const {
  codes_.make_query(scratch.query.data(), scratch.code);
  const Walker walker(graph_, codes_);
  walker.descend(scratch.code, graph_.entry(), 0, effort, size(), scratch.walk);
  walker.beam(scratch.code, 0, scratch.walk);
  refine(scratch);
  if (space_.is_distance() && space_.keeps_whole(scratch.query.data())) {
    return take_in_order(count, scratch);
  }
  const bool codes_order = space_.codes() == VectorCodes::f32 || space_.codes() == VectorCodes::f16;
  rank_again(count, codes_order ? count : effort + count, scratch);
}

/// Sorts what the walk found by fine distances.
void IndexCore::refine(SearchScratch& scratch) const {
  const CandidatePool& pool = scratch.walk.pool;
  std::vector<Candidate>& found = scratch.found;
  found.clear();
  for (std::size_t i = 0; i < pool.size(); ++i) found.push_back(pool[i]);
  if (!codes_.cut()) return;
  std::vector<std::uint32_t>& nodes = scratch.nodes;
  std::vector<std::uint32_t>& distances = scratch.distances;
  nodes.clear();
  for (const Candidate candidate : found) {
    nodes.push_back(node_of(candidate));
    codes_.prefetch_fine(node_of(candidate));
  }
  distances.resize(nodes.size());
  codes_.fine(scratch.code.fine.data(), nodes, distances.data());
  for (std::size_t i = 0; i < nodes.size(); ++i) found[i] = make_candidate(distances[i], nodes[i]);
  sort_candidates(found);
}

/// The nearest by the distances of their codes.
void IndexCore::take_in_order(std::size_t count, SearchScratch& scratch) const {
  for (const Candidate candidate : scratch.found) {
    const float distance = space_.distance_of(distance_of(candidate));
    for (std::uint32_t node = node_of(candidate); node != nobody; node = graph_.twin(node)) {
      if (scratch.nearest.size() == count) return;
      scratch.nearest.push_back({node, distance});
    }
  }
}

/// The nearest by the distances of the vectors, of `at_most` that are nearest by their codes.
void IndexCore::rank_again(std::size_t count, std::size_t at_most, SearchScratch& scratch) const {
  const float* query = scratch.query.data();
  const float query_square = simd::kernels().dot_f32(query, query, dimension());
  if (space_.keeps_vectors()) {
    for (std::size_t i = 0; i < std::min(count, scratch.found.size()); ++i) {
      __builtin_prefetch(vectors_.row<float>(node_of(scratch.found[i])));
    }
  }
  std::uint32_t reach = 0xffffffff;
  for (const Candidate candidate : scratch.found) {
    if (space_.keeps_vectors() && distance_of(candidate) >= reach) return;
    for (std::uint32_t node = node_of(candidate); node != nobody; node = graph_.twin(node)) {
      if (at_most-- == 0) return;
      offer(scratch.nearest, count, {node, space_.distance(query, vector_of(node, scratch))});
    }
    if (scratch.nearest.size() == count) {
      reach = space_.reach(scratch.nearest.back().distance, query_square);
    }
  }
}

Result<std::size_t> IndexCore::search(std::span<const float> query, std::size_t count,
                                      std::size_t effort, std::span<VectorNeighbour> out) const {
  if (query.size() != dimension() || out.size() < count) {
    return Status(ErrorCode::invalid_argument,
                  "a query of " + std::to_string(query.size()) + " numbers and room for " +
                      std::to_string(out.size()) + " answers; the index needs " +
                      std::to_string(dimension()) + " and " + std::to_string(count));
  }
  if (const char* why = space_.refusal(query, false); why != nullptr) {
    return Status(ErrorCode::invalid_argument, std::string("the query has ") + why);
  }
  if (count == 0) return std::size_t{0};
  std::unique_ptr<SearchScratch> scratch = scratches_.take();
  scratch->query.resize(dimension());
  scratch->nearest.clear();
  space_.prepare(query.data(), scratch->query.data());
  if (graph_ready_.load(std::memory_order_acquire)) {
    walk(count, std::min(std::max(effort, count), size()), *scratch);
  } else {
    scan(count, *scratch);
  }
  std::ranges::copy(scratch->nearest, out.begin());
  const std::size_t found = scratch->nearest.size();
  scratches_.give_back(std::move(scratch));
  return found;
}

}  // namespace frys::index
