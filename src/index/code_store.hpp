// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The codes of all vectors, and their distances: coarse ones, by which the graph is walked, and
// fine ones, by which what the walk found is ranked. What a walk costs is the memory it fetches, so
// codes of bytes are cut in two: the upper halves lie in a table of their own, of half the size,
// and make the coarse distances; with the lower halves, in another, they make the fine ones. Other
// codes have one table, and one distance.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "index/code_space.hpp"
#include "index/growing_table.hpp"
#include "index/prefetch.hpp"
#include "simd/dispatch.hpp"

namespace frys::index {

/// A vector as codes are compared with it.
struct CodeQuery {
  std::vector<std::byte> fine;    ///< Its whole code.
  std::vector<std::byte> coarse;  ///< Of bytes: 6 bits of each. Empty otherwise.
};

/// Threads: writing one at a time, a row before others know of it; the rest is safe.
class CodeStore {
 public:
  explicit CodeStore(const CodeSpace& space) noexcept;

  /// Errors: out_of_memory.
  Status create(std::size_t max_rows) noexcept;
  Status reserve(std::size_t rows) noexcept;
  [[nodiscard]] std::size_t row_bytes() const noexcept {
    return high_.row_bytes() + low_.row_bytes();
  }

  /// Takes the whole code of `node` from `query`.
  void write(std::uint32_t node, const CodeQuery& query) noexcept;
  /// Takes only what `CodeSpace::learn` has changed; readers of the rest are not disturbed.
  void write_learned(std::uint32_t node, const CodeQuery& query) noexcept;
  /// Of a vector that is searched for; of one that is to be kept, the whole code only. Throw
  /// bad_alloc.
  void make_query(const float* prepared, CodeQuery& query) const;
  void make_stored(const float* prepared, CodeQuery& query) const;
  /// Of one that is kept.
  void load_stored(std::uint32_t node, CodeQuery& query) const;

  void prefetch(std::uint32_t node) const noexcept {
    prefetch_bytes(high_.row<void>(node), high_.row_bytes());
  }
  /// Of the lower halves.
  void prefetch_fine(std::uint32_t node) const noexcept {
    prefetch_bytes(low_.row<void>(node), low_.row_bytes());
  }
  void coarse(const CodeQuery& query, std::span<const std::uint32_t> nodes,
              std::uint32_t* out) const noexcept {
    coarse_kernel_(out, cut_ ? query.coarse.data() : query.fine.data(), rows(nodes));
  }
  void fine(const void* code, std::span<const std::uint32_t> nodes,
            std::uint32_t* out) const noexcept {
    fine_kernel_(out, code, rows(nodes));
  }
  /// Whether fine distances tell more than coarse ones.
  [[nodiscard]] bool cut() const noexcept { return cut_; }
  /// The whole code of `node`; `buffer`, of `code_bytes`, is where it is put together if need be.
  const void* code(std::uint32_t node, std::byte* buffer) const noexcept;
  [[nodiscard]] std::size_t code_bytes() const noexcept { return space_.code_bytes(); }
  [[nodiscard]] bool equal(std::uint32_t a, std::uint32_t b) const noexcept;

 private:
  [[nodiscard]] simd::CodeRows rows(std::span<const std::uint32_t> nodes) const noexcept {
    return {high_.base(),    low_.base(),  high_.row_bytes(),
            space_.length(), nodes.data(), nodes.size()};
  }
  void make_coarse(CodeQuery& query) const;

  const CodeSpace& space_;
  const bool cut_;
  simd::L2OfRows coarse_kernel_;
  simd::L2OfRows fine_kernel_;
  GrowingTable high_;  ///< Upper halves, or whole codes.
  GrowingTable low_;
};

}  // namespace frys::index
