// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/searcher.hpp"

#include <algorithm>
#include <numeric>

#include "simd/dispatch.hpp"

namespace frys::index {
namespace {

// Coarse distances blur: more than the answers are kept.
constexpr std::size_t kept_per_answer = 2;
constexpr std::size_t codes_at_once = 64;

bool nearer(const VectorNeighbour& a, const VectorNeighbour& b) noexcept {
  return a.distance < b.distance || (a.distance == b.distance && a.ordinal > b.ordinal);
}

/// Keeps `nearest` sorted, and at most `count` of them.
void offer(std::vector<VectorNeighbour>& nearest, std::size_t count, VectorNeighbour found) {
  if (nearest.size() == count) {
    if (!nearer(found, nearest.back())) return;
    nearest.pop_back();
  }
  nearest.insert(std::ranges::upper_bound(nearest, found, nearer), found);
}

/// Whether a walk keeps to what is marked: where much is let through, one that does not is faster.
bool keeps_to_marks(const SearchRequest& request, std::size_t listed, std::size_t linked) noexcept {
  constexpr std::size_t widest = 3;  // A third, measured on 100,000 vectors of 128 numbers.
  return request.filter != nullptr && !request.filter->marks.words.empty() &&
         listed < linked / widest;
}

/// Of what any other walk finds, only the share that is let through can be answers: half as much
/// again, and some, so that there are `wanted` nearly always.
std::size_t walk_effort(std::size_t wanted, std::size_t listed, std::size_t linked) noexcept {
  if (listed == linked) return wanted;
  return std::min((wanted + wanted / 2 + 8) * linked / listed, linked);
}

}  // namespace

const float* Searcher::vector_of(std::uint32_t node, SearchScratch& scratch) const {
  if (space_.keeps_vectors()) return vectors_.row<float>(node);
  scratch.whole.resize(codes_.code_bytes());
  scratch.decoded.resize(space_.dimension());
  space_.decode(codes_.code(node, scratch.whole.data()), scratch.decoded.data());
  return scratch.decoded.data();
}

void Searcher::search(const SearchRequest& request, std::size_t linked, std::size_t size,
                      SearchScratch& scratch) const {
  scratch.nearest.clear();
  // Of those that are hidden, some may not be linked yet.
  const std::size_t shown = linked - std::min(hidden_.size(), linked > 0 ? linked - 1 : 0);
  const std::size_t listed =
      request.filter == nullptr ? shown : std::min(request.filter->listed, shown);
  if (listed > 0) {
    codes_.make_query(scratch.query.data(), scratch.code);
    const std::size_t wanted = std::min(std::max(request.effort, request.count), linked);
    const bool marked = keeps_to_marks(request, listed, linked);
    const std::size_t effort = marked ? wanted : walk_effort(wanted, listed, linked);
    // Each step of a marked walk looks at the lists of several nodes.
    const bool walks = listed > (marked ? 2 : 1) * compared_per_effort * effort;
    if (walks) {
      walk(request, marked, effort, linked, scratch);
      refine(request, linked, scratch);
    }
    // Less may be let through than the list has, or farther from here.
    const std::size_t enough = marked ? std::max(request.count, wanted / 4 * 3) : wanted;
    const bool too_few = (request.filter != nullptr || shown < linked) &&
                         scratch.found.size() < std::min(enough, shown);
    if (!walks || too_few) {
      compare_codes(request, wanted, linked, scratch);
      refine(request, linked, scratch);
    }
    rank(request, wanted, linked, scratch);
  }
  compare_vectors(request, linked, size, scratch);
}

// ---- candidates ------------------------------------------------------------------------------

void Searcher::walk(const SearchRequest& request, bool marked, std::size_t effort,
                    std::size_t linked, SearchScratch& scratch) const {
  walker_.descend(scratch.code, graph_.entry(), 0, effort, linked, scratch.walk);
  if (request.avoided < linked) scratch.walk.visited.mark(request.avoided);
  if (marked) {
    walker_.beam_marked(scratch.code, request.filter->marks, effort, scratch.walk);
  } else {
    walker_.beam(scratch.code, 0, scratch.walk);
  }
  scratch.with_twins = true;
  scratch.found.clear();
  const CandidatePool& pool = scratch.walk.pool;
  for (std::size_t i = 0; i < pool.size(); ++i) scratch.found.push_back(pool[i]);
}

void Searcher::compare_codes(const SearchRequest& request, std::size_t wanted, std::size_t linked,
                             SearchScratch& scratch) const {
  scratch.sieve.reset(std::min(std::max(wanted, kept_per_answer * request.count), linked));
  Batch& batch = scratch.walk.batches[0];
  const std::span<std::uint32_t> nodes(batch.nodes, codes_at_once);
  for (std::size_t from = 0; from < linked;) {
    std::size_t listed = std::min(codes_at_once, linked - from);
    if (request.filter == nullptr) {
      std::iota(nodes.begin(), nodes.end(), static_cast<std::uint32_t>(from));
    } else {
      listed = request.filter->list(from, nodes);
      if (listed == 0) break;
    }
    from += listed;
    batch.count = listed;
    if (request.filter != nullptr || hidden_.size() > 0) {
      batch.count = 0;
      for (const std::uint32_t node : nodes.first(listed)) {
        batch.nodes[batch.count] = node;
        batch.count += node < linked && accepts(request, node) ? 1 : 0;
      }
      for (const std::uint32_t node : batch.view()) codes_.prefetch(node);
    }
    codes_.coarse(scratch.code, batch.view(), batch.distances);
    scratch.sieve.offer(batch);
  }
  scratch.with_twins = false;
  const std::span<const Candidate> nearest = scratch.sieve.take();
  scratch.found.assign(nearest.begin(), nearest.end());
}

void Searcher::compare_vectors(const SearchRequest& request, std::size_t begin, std::size_t end,
                               SearchScratch& scratch) const {
  for (std::size_t i = begin; i < end; ++i) {
    const auto node = static_cast<std::uint32_t>(i);
    if (!accepts(request, node)) continue;
    const float distance = space_.distance(scratch.query.data(), vector_of(node, scratch));
    offer(scratch.nearest, request.count, {node, distance});
  }
}

// ---- refinement ------------------------------------------------------------------------------

/// Drops the candidates that can't be answers, and sorts the others by fine distances.
void Searcher::refine(const SearchRequest& request, std::size_t linked,
                      SearchScratch& scratch) const {
  std::vector<Candidate>& found = scratch.found;
  std::erase_if(found, [&](Candidate candidate) {
    std::uint32_t node = node_of(candidate);
    if (!scratch.with_twins) return node >= linked;
    // Others with its code may be accepted though it is not.
    for (; node != nobody; node = graph_.twin(node)) {
      if (node < linked && accepts(request, node)) return false;
    }
    return true;
  });
  if (!codes_.cut()) {
    if (!scratch.with_twins) std::ranges::sort(found);
    return;
  }
  std::vector<std::uint32_t>& nodes = scratch.nodes;
  nodes.clear();
  for (const Candidate candidate : found) {
    nodes.push_back(node_of(candidate));
    codes_.prefetch_fine(node_of(candidate));
  }
  scratch.distances.resize(nodes.size());
  codes_.fine(scratch.code.fine.data(), nodes, scratch.distances.data());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    found[i] = make_candidate(scratch.distances[i], nodes[i]);
  }
  if (scratch.with_twins) return sort_candidates(found);
  std::ranges::sort(found);
}

// ---- ranking ---------------------------------------------------------------------------------

void Searcher::rank(const SearchRequest& request, std::size_t wanted, std::size_t linked,
                    SearchScratch& scratch) const {
  if (space_.is_distance() && space_.keeps_whole(scratch.query.data())) {
    return take_in_order(request, linked, scratch);
  }
  const bool codes_order = space_.codes() == VectorCodes::f32 || space_.codes() == VectorCodes::f16;
  rank_again(request, codes_order ? request.count : wanted + request.count, linked, scratch);
}

/// Calls visit(node) for those that `node` stands for, while it answers true; whether it always
/// did.
template <typename Visit>
bool Searcher::visit_twins(const SearchRequest& request, std::uint32_t node, std::size_t linked,
                           const SearchScratch& scratch, Visit&& visit) const {
  if (!scratch.with_twins) return visit(node);
  for (; node != nobody; node = graph_.twin(node)) {
    if (node < linked && accepts(request, node) && !visit(node)) return false;
  }
  return true;
}

/// The nearest by the distances of their codes.
void Searcher::take_in_order(const SearchRequest& request, std::size_t linked,
                             SearchScratch& scratch) const {
  for (const Candidate candidate : scratch.found) {
    const float distance = space_.distance_of(distance_of(candidate));
    const auto take = [&](std::uint32_t node) {
      scratch.nearest.push_back({node, distance});
      return scratch.nearest.size() < request.count;
    };
    if (!visit_twins(request, node_of(candidate), linked, scratch, take)) return;
  }
}

/// The nearest by the distances of the vectors, of `at_most` that are nearest by their codes.
void Searcher::rank_again(const SearchRequest& request, std::size_t at_most, std::size_t linked,
                          SearchScratch& scratch) const {
  const float* query = scratch.query.data();
  const float query_square = simd::kernels().dot_f32(query, query, space_.dimension());
  if (space_.keeps_vectors()) {
    for (std::size_t i = 0; i < std::min(request.count, scratch.found.size()); ++i) {
      prefetch_bytes(vectors_.row<void>(node_of(scratch.found[i])), 1);
    }
  }
  std::uint32_t reach = 0xffffffff;
  const auto compare = [&](std::uint32_t node) {
    offer(scratch.nearest, request.count, {node, space_.distance(query, vector_of(node, scratch))});
    return --at_most > 0;
  };
  for (const Candidate candidate : scratch.found) {
    if (space_.keeps_vectors() && distance_of(candidate) >= reach) return;
    if (!visit_twins(request, node_of(candidate), linked, scratch, compare)) return;
    if (scratch.nearest.size() == request.count) {
      reach = space_.reach(scratch.nearest.back().distance, query_square);
    }
  }
}

}  // namespace frys::index
