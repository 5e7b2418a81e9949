// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A search among the vectors of an index, in three steps:
//
//   candidates   by coarse distances of codes: a walk through the graph, or, where they are so few
//                that it costs less, a comparison of all;
//   refinement   of the candidates, by fine distances;
//   ranking      of the nearest of these, by distances of the vectors.
//
// Vectors that are not in the graph yet are compared one by one.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "frys/core/function.hpp"
#include "frys/index/vector_index.hpp"
#include "index/candidate_sieve.hpp"
#include "index/code_space.hpp"
#include "index/code_store.hpp"
#include "index/node_set.hpp"
#include "index/walk.hpp"

namespace frys::index {

/// So many codes for each candidate that is kept, or fewer, are compared in less time than a walk
/// takes: it looks at some ten to twenty for each, and waits for memory where a comparison of codes
/// that lie one after another does not. Measured on 2,000 to 5,000 vectors of 128 and 384 numbers.
inline constexpr std::size_t compared_per_effort = 48;

/// Which nodes may be answers.
struct NodeFilter {
  FunctionRef<bool(std::uint32_t)> accepts;
  /// Copies nodes, ascending, from the `from`th on; all that are accepted are among them. Returns
  /// how many were copied; 0 at the end.
  FunctionRef<std::size_t(std::size_t from, std::span<std::uint32_t> out)> list;
  std::size_t listed;  ///< About how many these are.
  /// All that are on the list; none where it is not known so.
  NodeMarks marks = {};
};

struct SearchRequest {
  std::span<const float> query;  ///< As a host gives it.
  std::size_t count;
  std::size_t effort;
  const NodeFilter* filter = nullptr;  ///< Null: any node.
  std::uint32_t avoided = nobody;      ///< A node whose links lead a walk nowhere; it may be found.
};

/// What one search writes to.
struct SearchScratch {
  WalkScratch walk;
  CandidateSieve sieve;
  std::vector<float> query;      ///< Prepared.
  CodeQuery code;                ///< Its code.
  std::vector<std::byte> whole;  ///< Another code, and the vector it keeps.
  std::vector<float> decoded;
  std::vector<std::uint32_t> nodes;  ///< Candidates.
  std::vector<std::uint32_t> distances;
  std::vector<Candidate> found;  ///< Refined.
  bool with_twins = false;       ///< A candidate stands for all with its code.
  std::vector<VectorNeighbour> nearest;
};

/// Threads: safe beside one that adds.
class Searcher {
 public:
  Searcher(const CodeSpace& space, const GrowingTable& vectors, const CodeStore& codes,
           const Graph& graph, const NodeSet& hidden) noexcept
      : space_(space),
        vectors_(vectors),
        codes_(codes),
        graph_(graph),
        hidden_(hidden),
        walker_(graph, codes) {}

  /// Leaves the nearest of the first `size` vectors, of which `linked` are in the graph, in
  /// `scratch.nearest`; its `query` is prepared. Throws bad_alloc.
  void search(const SearchRequest& request, std::size_t linked, std::size_t size,
              SearchScratch& scratch) const;
  /// The prepared vector of `node`, read from its code if need be.
  const float* vector_of(std::uint32_t node, SearchScratch& scratch) const;

 private:
  [[nodiscard]] bool accepts(const SearchRequest& request, std::uint32_t node) const {
    return !(hidden_.size() > 0 && hidden_.contains(node)) &&
           (request.filter == nullptr || request.filter->accepts(node));
  }
  void walk(const SearchRequest& request, bool marked, std::size_t effort, std::size_t linked,
            SearchScratch& scratch) const;
  void compare_codes(const SearchRequest& request, std::size_t wanted, std::size_t linked,
                     SearchScratch& scratch) const;
  void compare_vectors(const SearchRequest& request, std::size_t begin, std::size_t end,
                       SearchScratch& scratch) const;
  void refine(const SearchRequest& request, std::size_t linked, SearchScratch& scratch) const;
  void rank(const SearchRequest& request, std::size_t wanted, std::size_t linked,
            SearchScratch& scratch) const;
  void take_in_order(const SearchRequest& request, std::size_t linked,
                     SearchScratch& scratch) const;
  void rank_again(const SearchRequest& request, std::size_t at_most, std::size_t linked,
                  SearchScratch& scratch) const;
  template <typename Visit>
  bool visit_twins(const SearchRequest& request, std::uint32_t node, std::size_t linked,
                   const SearchScratch& scratch, Visit&& visit) const;

  const CodeSpace& space_;
  const GrowingTable& vectors_;  ///< Prepared ones, where the codes do not keep them.
  const CodeStore& codes_;
  const Graph& graph_;
  const NodeSet& hidden_;
  const Walker walker_;
};

}  // namespace frys::index
