// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What one walk through the graph writes to: the candidates found so far, and which nodes were
// looked at.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

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

/// The nearest candidates, sorted, and a cursor before which all were expanded (the linear pool of
/// NSG: Fu et al., 2019). Short enough that moving beats a heap.
class CandidatePool {
 public:
  /// Empty, for the `capacity` nearest. Throws bad_alloc.
  void reset(std::size_t capacity) {
    if (words_.size() < capacity + 1) words_.resize(capacity + 1);
    capacity_ = capacity;
    size_ = 0;
    cursor_ = 0;
  }

  /// A distance that is as large as this does not come in.
  [[nodiscard]] std::uint32_t bound() const noexcept {
    return size_ < capacity_ ? 0xffffffff : distance_of(words_[size_ - 1]);
  }

  /// False when it is too far. A node is offered once.
  bool offer(std::uint32_t distance, std::uint32_t node) noexcept {
    if (distance >= bound()) return false;
    // Bit 31 of the node says that it was expanded; ids have 31 bits.
    const Candidate candidate = make_candidate(distance, node);
    Candidate* const words = words_.data();
    std::size_t low = 0;
    for (std::size_t length = size_; length > 0;) {
      const std::size_t half = length / 2;
      const bool after = (words[low + half] & ~expanded) < candidate;
      low = after ? low + half + 1 : low;
      length = after ? length - half - 1 : half;
    }
    const std::size_t last = size_ < capacity_ ? size_++ : size_ - 1;
    std::memmove(words + low + 1, words + low, (last - low) * sizeof(Candidate));
    words[low] = candidate;
    cursor_ = std::min(cursor_, low);
    return true;
  }

  /// The nearest that was not expanded, marked as expanded; call when there is one.
  [[nodiscard]] std::uint32_t take_next() noexcept {
    words_[cursor_] |= expanded;
    const std::uint32_t node = node_of(words_[cursor_] & ~expanded);
    while (cursor_ < size_ && (words_[cursor_] & expanded) != 0) ++cursor_;
    return node;
  }
  [[nodiscard]] bool has_next() const noexcept { return cursor_ < size_; }
  /// What `take_next` will return, if nothing nearer is offered before.
  [[nodiscard]] std::uint32_t peek_next() const noexcept { return node_of(words_[cursor_]); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Candidate operator[](std::size_t at) const noexcept {
    return words_[at] & ~expanded;
  }

 private:
  static constexpr Candidate expanded = std::uint64_t{1} << 31;

  std::vector<Candidate> words_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t cursor_ = 0;
};

/// A bit a node, and a list of those that are set, by which they are cleared again: a walk looks at
/// hundreds of nodes of maybe millions, and the bits of 100,000 stay in the nearest cache.
class VisitedSet {
 public:
  /// Empty, for nodes [0, nodes). Throws bad_alloc.
  void reset(std::size_t nodes) {
    for (const std::uint32_t node : touched_) bits_[node / 64] = 0;
    touched_.clear();
    if (bits_.size() * 64 < nodes) bits_.resize(nodes / 64 + nodes / 512 + 1024);
  }
  /// Nodes it has room for.
  [[nodiscard]] std::size_t limit() const noexcept { return bits_.size() * 64; }
  /// Marks the node; false when it was marked.
  bool insert(std::uint32_t node) {
    std::uint64_t& word = bits_[node / 64];
    const std::uint64_t bit = std::uint64_t{1} << (node % 64);
    if ((word & bit) != 0) return false;
    word |= bit;
    touched_.push_back(node);
    return true;
  }

 private:
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint32_t> touched_;
};

/// Lent to one walk at a time.
struct WalkScratch {
  CandidatePool pool;
  VisitedSet visited;
  std::vector<std::uint32_t> fresh;      ///< Neighbours not looked at before.
  std::vector<std::uint32_t> distances;  ///< Theirs.
};

}  // namespace frys::index
