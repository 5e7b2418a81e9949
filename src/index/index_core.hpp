// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What stands behind `VectorIndex`: the tables, the graph, and the order in which they are written
// and read. Vectors are compared one by one until they are linked. Linking begins when there are
// `graph_begins`, from which the scale of the codes is learned.

#pragma once

#include <memory>
#include <mutex>

#include "frys/index/vector_index.hpp"
#include "index/code_space.hpp"
#include "index/graph_file.hpp"
#include "index/linker.hpp"
#include "index/searcher.hpp"

namespace frys::index {

/// Lends scratches out. Threads: safe.
class ScratchPool {
 public:
  /// Throws bad_alloc.
  std::unique_ptr<SearchScratch> take();
  void give_back(std::unique_ptr<SearchScratch> scratch);

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<SearchScratch>> free_;
};

/// Vectors are appended, and linked into the graph then or later, by whoever has the time; a search
/// sees what is appended.
///
/// Threads: `add` one at a time, or `reserve` and `append` one at a time beside `link_next` one at
/// a time, where the codes do not keep the vectors; the rest at any time.
class IndexCore {
 public:
  IndexCore(const VectorIndexOptions& options, std::uint64_t seed, const LinkHelp& help = {});
  IndexCore(const IndexCore&) = delete;
  IndexCore& operator=(const IndexCore&) = delete;

  /// Reserves the tables. Errors: out_of_memory.
  Status open() noexcept;

  /// As `VectorIndex`. Throw bad_alloc.
  Result<std::uint32_t> add(std::span<const float> rows);
  Result<std::size_t> search(const SearchRequest& request, std::span<VectorNeighbour> out) const;

  /// Makes room for `more` vectors. Errors: failed_precondition (more than `max_vectors`),
  /// out_of_memory.
  Status reserve(std::size_t more) noexcept;
  /// Adds a vector that there is room for.
  void append(const float* vector) noexcept;
  /// Whether there is a vector to link, and enough of them for a graph.
  [[nodiscard]] bool can_link() const noexcept {
    return size() >= graph_begins && linked() < size();
  }
  /// Links the first vectors that are not: up to `next_batch`, or to `end` where that comes first.
  /// The same vectors and ends make the same graph. Errors: out_of_memory. Throws bad_alloc.
  Status link_next(std::size_t end);
  Status link_next() { return link_next(size()); }
  /// How many are linked once the next whole batch is.
  [[nodiscard]] std::size_t next_batch() const noexcept {
    return (linked() / Linker::most_at_once + 1) * Linker::most_at_once;
  }

  /// Has no search answer `node` any more; beside whoever links. False: it was hidden already.
  bool hide(std::uint32_t node) noexcept { return hidden_.insert(node); }
  [[nodiscard]] bool hidden(std::uint32_t node) const noexcept { return hidden_.contains(node); }
  [[nodiscard]] std::size_t hidden() const noexcept { return hidden_.size(); }
  /// Has nothing that is linked from now on linked to `node`; not beside `link_next`.
  void retire(std::uint32_t node) noexcept { retired_.insert(node); }
  [[nodiscard]] bool retired(std::uint32_t node) const noexcept { return retired_.contains(node); }
  [[nodiscard]] std::size_t retired() const noexcept { return retired_.size(); }
  /// Takes the graph of `from`, whose vectors were appended here, and nothing else: all but those
  /// of which `rows`, which has their numbers here, ascending, says `nobody`. Not beside
  /// `link_next` of either; where the codes do not keep the vectors. Errors: out_of_memory.
  /// Throws bad_alloc.
  Status take_graph(const IndexCore& from, std::span<const std::uint32_t> rows);

  /// What a vector is known by outside: ascending with its number.
  using KeyOf = FunctionRef<std::uint64_t(std::uint32_t node)>;
  /// Passes the graph of the linked vectors, without them, to `sink` part by part. Not beside
  /// `link_next`; where the codes do not keep the vectors. Errors: those of `sink`. Throws
  /// bad_alloc.
  Status save_graph(KeyOf key_of, FunctionRef<Status(std::span<const std::byte>)> sink) const;
  /// Takes a graph that was saved: the first vectors appended are those that it links, but for some
  /// that may be gone, and none is linked yet. Errors, where nothing is taken: corruption (which
  /// part), failed_precondition (of other options, or of other vectors), out_of_memory. Throws
  /// bad_alloc.
  Status load_graph(std::span<const std::byte> saved, KeyOf key_of);
  /// Whether what begins with `head`, and has so many bytes, may be a graph for this index.
  /// Errors: as `load_graph`.
  [[nodiscard]] Status check_saved(std::span<const std::byte> head, std::size_t bytes) const;
  /// What a saved graph of all vectors takes at most.
  [[nodiscard]] std::size_t most_saved_bytes() const noexcept;

  [[nodiscard]] std::size_t dimension() const noexcept { return space_.dimension(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  [[nodiscard]] std::size_t linked() const noexcept {
    return linked_.load(std::memory_order_acquire);
  }
  [[nodiscard]] std::size_t bytes() const noexcept;
  /// The prepared vector `node`; where the codes do not keep it.
  [[nodiscard]] const float* vector(std::uint32_t node) const noexcept {
    return vectors_.row<float>(node);
  }

  static constexpr std::size_t graph_begins = 1024;

 private:
  Status check_rows(std::span<const float> rows) const;
  [[nodiscard]] Status check_room(std::size_t more) const noexcept;
  void link_all() noexcept;
  void learn();
  Status adopt(const Graph& from, const CodeSpace::Learned& learned,
               std::span<const std::uint32_t> rows);
  void write_codes(std::size_t begin, std::size_t end);
  [[nodiscard]] std::uint32_t sum_of(std::uint32_t node) const noexcept;
  [[nodiscard]] GraphFileHeader make_header() const noexcept;
  Status read_header(std::span<const std::byte> saved, std::size_t bytes,
                     GraphFileHeader& header) const;
  [[nodiscard]] GraphFileSizes section_sizes(const GraphFileHeader& header) const noexcept;
  Status take_sections(const GraphFileHeader& header, const GraphFileSections& sections,
                       KeyOf key_of);
  Result<std::vector<std::uint32_t>> match_rows(const GraphFileSections& sections,
                                                KeyOf key_of) const;

  const std::uint64_t seed_;
  const VectorIndexOptions options_;
  CodeSpace space_;
  GrowingTable vectors_;  ///< Prepared ones, where the codes do not keep them.
  CodeStore codes_;
  Graph graph_;
  NodeSet hidden_;
  NodeSet retired_;
  Linker linker_;
  Searcher searcher_;
  std::vector<float> prepared_;  ///< Of the vector that is being added.
  CodeQuery code_;               ///< The same.
  CodeQuery link_code_;          ///< Of the one that is being linked.
  bool learned_ = false;         ///< Codes are on their scale.
  std::atomic<std::size_t> size_{0};
  std::atomic<std::size_t> linked_{0};  ///< Vectors in the graph.
  mutable ScratchPool scratches_;
};

}  // namespace frys::index
