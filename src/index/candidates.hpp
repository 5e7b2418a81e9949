// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one walk through the graph writes to: the candidates found so far, and which nodes were
// looked at.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/graph.hpp"

namespace frys::index {

/// A node and its code distance in one word that sorts by distance, then by node.
using Candidate = std::uint64_t;

constexpr Candidate make_candidate(std::uint32_t distance, std::uint32_t node) noexcept {
  return std::uint64_t{distance} << 32 | node;
}
constexpr std::uint32_t node_of(Candidate candidate) noexcept {
  return static_cast<std::uint32_t>(candidate);
}
constexpr std::uint32_t distance_of(Candidate candidate) noexcept {
  return static_cast<std::uint32_t>(candidate >> 32);
}

/// Sorts what is nearly sorted already, as by coarse distances, or short.
inline void sort_candidates(std::span<Candidate> candidates) noexcept {
  constexpr std::size_t longest_to_insert = 512;
  if (candidates.size() > longest_to_insert) {
    std::ranges::sort(candidates);
    return;
  }
  for (std::size_t i = 1; i < candidates.size(); ++i) {
    const Candidate candidate = candidates[i];
    std::size_t at = i;
    for (; at > 0 && candidates[at - 1] > candidate; --at) candidates[at] = candidates[at - 1];
    candidates[at] = candidate;
  }
}

/// Neighbours of one node that were not looked at before, and their distances.
struct Batch {
  static constexpr std::size_t most = 128;  ///< Links of a node.

  [[nodiscard]] std::span<const std::uint32_t> view() const noexcept { return {nodes, count}; }

  std::size_t count = 0;
  std::uint32_t nodes[most];
  std::uint32_t distances[most];
};

/// The nearest candidates, sorted, and a cursor before which all were expanded (the linear pool of
/// NSG: Fu et al., 2019). Short enough that moving beats a heap.
class CandidatePool {
 public:
  /// Empty, for the `capacity` nearest. Throws bad_alloc.
  void reset(std::size_t capacity) {
    const std::size_t words = 1 + capacity + Batch::most;
    if (words_.size() < words) words_.resize(words);
    capacity_ = capacity;
    size_ = 0;
    cursor_ = 1;
  }

  /// Takes those of the batch that are near enough. A node is offered once.
  void offer(const Batch& batch) noexcept {
    // Most are too far: they go without a branch that would be guessed wrong.
    const Candidate bound = size_ < capacity_ ? ~Candidate{0} : words_[size_];
    std::size_t near = 0;
    for (std::size_t i = 0; i < batch.count; ++i) {
      const Candidate candidate = make_candidate(batch.distances[i], batch.nodes[i]);
      near_[near] = candidate;
      near += candidate < bound ? 1 : 0;
    }
    if (near > 0) merge(near);
  }

  /// The nearest that was not expanded, marked as expanded; call when there is one.
  [[nodiscard]] std::uint32_t take_next() noexcept {
    words_[cursor_] |= expanded;
    const std::uint32_t node = node_of(words_[cursor_] & ~expanded);
    while (cursor_ <= size_ && (words_[cursor_] & expanded) != 0) ++cursor_;
    return node;
  }
  [[nodiscard]] bool has_next() const noexcept { return cursor_ <= size_; }
  /// What will be taken next, and likely after it; `nobody` where there is none.
  [[nodiscard]] std::uint32_t likely_next(std::size_t ahead) const noexcept {
    const std::size_t at = cursor_ + ahead;
    return at <= size_ ? node_of(words_[at] & ~expanded) : nobody;
  }
  /// None was expanded.
  void restart() noexcept {
    for (std::size_t i = 1; i <= size_; ++i) words_[i] &= ~expanded;
    cursor_ = 1;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Candidate operator[](std::size_t at) const noexcept {
    return words_[at + 1] & ~expanded;
  }

 private:
  /// Of a word: ids have 31 bits.
  static constexpr Candidate expanded = std::uint64_t{1} << 31;

  /// Sorts the first `count` of `near_` and merges them into the words, from behind.
  void merge(std::size_t count) noexcept {
    sort_candidates({near_, count});
    Candidate* const words = words_.data();
    std::size_t from = size_;  // words[0] is less than every candidate.
    std::size_t to = size_ + count;
    for (std::size_t i = count; i-- > 0; --to) {
      const Candidate candidate = near_[i];
      for (; words[from] > candidate; --from, --to) words[to] = words[from];
      words[to] = candidate;
    }
    size_ = std::min(size_ + count, capacity_);
    cursor_ = std::min(cursor_, to + 1);
  }

  std::vector<Candidate> words_;  ///< From 1 on.
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t cursor_ = 1;
  Candidate near_[Batch::most];
};

/// A bit a node, set for those that may be answers. Who holds it may read while one thread sets
/// more.
struct NodeMarks {
  [[nodiscard]] bool has(std::uint32_t node) const noexcept {
    return node / 64 < words.size() &&
           (__atomic_load_n(&words[node / 64], __ATOMIC_RELAXED) >> (node % 64) & 1) != 0;
  }

  std::span<const std::uint64_t> words;
};

/// A bit a node, and a list of those that are set, by which they are cleared again: a walk looks at
/// hundreds of nodes of maybe millions, and the bits of 100,000 stay in the nearest cache. A walk
/// that looks at more than the list holds has all bits cleared after it.
class VisitedSet {
 public:
  /// Empty, for nodes [0, nodes). Throws bad_alloc.
  void reset(std::size_t nodes) {
    if (count_ > listed) {
      std::ranges::fill(bits_, 0);
    } else {
      for (std::size_t i = 0; i < count_; ++i) bits_[list_[i] / 64] = 0;
    }
    count_ = 0;
    if (limit() < nodes) bits_.resize(nodes / 64 + nodes / 512 + 1024);
    if (list_.empty()) list_.resize(listed);
  }
  /// Marks the nodes of `links`, and writes to `batch` those that were not marked before. Nodes
  /// that came later than the last `reset` may be passed over.
  void visit(std::span<const std::uint32_t> links, Batch& batch) noexcept {
    std::uint64_t* const bits = bits_.data();
    const std::size_t end = limit();
    std::size_t count = 0;
    for (const std::uint32_t& link : links) {
      const std::uint32_t node = load_id(link);
      if (node >= end) {
        if (node == nobody) break;
        continue;
      }
      const std::uint64_t word = bits[node / 64];
      bits[node / 64] = word | std::uint64_t{1} << (node % 64);
      batch.nodes[count] = node;
      count += ~word >> (node % 64) & 1;
    }
    batch.count = count;
    if (count_ + count <= listed) std::copy_n(batch.nodes, count, list_.data() + count_);
    count_ += count;
  }

  /// The same under a filter: `batch` gets those of `links` that `may` be answers, and
  /// `passed_over` the others, which are not taken for visited. Returns how many these are.
  template <typename May>
  std::size_t visit_some(std::span<const std::uint32_t> links, May may, Batch& batch,
                         std::uint32_t* passed_over) noexcept {
    std::size_t others = 0;
    batch.count = 0;
    for (const std::uint32_t& link : links) {
      const std::uint32_t node = load_id(link);
      if (node == nobody) break;
      if (node >= limit() || visited(node)) continue;
      if (may(node)) {
        batch.nodes[batch.count++] = node;
        mark(node);
      } else {
        passed_over[others++] = node;
      }
    }
    return others;
  }
  /// Adds those of `links` to `batch` that `may` be answers, until it has `enough`.
  template <typename May>
  void add_some(std::span<const std::uint32_t> links, May may, std::size_t enough,
                Batch& batch) noexcept {
    for (const std::uint32_t& link : links) {
      const std::uint32_t node = load_id(link);
      if (node == nobody || batch.count >= enough) break;
      if (node >= limit() || !may(node) || visited(node)) continue;
      batch.nodes[batch.count++] = node;
      mark(node);
    }
  }
  void mark(std::uint32_t node) noexcept {
    bits_[node / 64] |= std::uint64_t{1} << (node % 64);
    if (count_ < listed) list_[count_] = node;
    ++count_;
  }

 private:
  static constexpr std::size_t listed = 8192;

  [[nodiscard]] std::size_t limit() const noexcept { return bits_.size() * 64; }
  [[nodiscard]] bool visited(std::uint32_t node) const noexcept {
    return (bits_[node / 64] >> (node % 64) & 1) != 0;
  }

  std::vector<std::uint64_t> bits_;
  std::vector<std::uint32_t> list_;
  std::size_t count_ = 0;  ///< Nodes marked; more than `listed` are not all in the list.
};

/// Lent to one walk at a time.
struct WalkScratch {
  CandidatePool pool;
  VisitedSet visited;
  Batch batches[2];
  std::uint32_t passed_over[Batch::most];  ///< Neighbours of one node that are not marked.
};

}  // namespace frys::index
