// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/index_core.hpp"

#include <algorithm>
#include <string>

#include "index/graph_repair.hpp"

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

IndexCore::IndexCore(const VectorIndexOptions& options, std::uint64_t seed, const LinkHelp& help)
    : seed_(seed),
      options_(options),
      space_(options.metric, options.codes, options.dimension),
      codes_(space_),
      linker_(graph_, codes_, retired_, options.links, options.build_effort, seed, help),
      searcher_(space_, vectors_, codes_, graph_, hidden_),
      prepared_(options.dimension) {
  codes_.make_stored(prepared_.data(), code_);
}

Status IndexCore::open() noexcept {
  Status status = codes_.create(options_.max_vectors);
  if (status.ok()) status = graph_.create(options_.links, options_.max_vectors);
  if (status.ok()) status = hidden_.create(options_.max_vectors);
  if (status.ok()) status = retired_.create(options_.max_vectors);
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

Status IndexCore::check_room(std::size_t more) const noexcept try {
  const std::size_t held = size();
  if (more <= options_.max_vectors - held) return {};
  return Status(ErrorCode::failed_precondition,
                "the index holds " + std::to_string(held) + " vectors and was made for at most " +
                    std::to_string(options_.max_vectors) + " (max_vectors): " +
                    std::to_string(more) + " more do not fit, and none was added");
} catch (const std::bad_alloc&) {
  return Status::out_of_memory();
}

Result<std::uint32_t> IndexCore::add(std::span<const float> rows) {
  Status status = check_rows(rows);
  const std::size_t first = size();
  if (status.ok()) status = check_room(rows.size() / dimension());
  for (std::size_t at = 0; status.ok() && at < rows.size(); at += dimension()) {
    status = reserve(1);
    if (!status.ok()) break;
    append(rows.data() + at);
    link_all();
  }
  if (!status.ok()) return status;
  return static_cast<std::uint32_t>(first);
}

Status IndexCore::reserve(std::size_t more) noexcept {
  Status status = check_room(more);
  const std::size_t rows = size() + more;
  if (status.ok()) status = hidden_.reserve(rows);
  if (status.ok()) status = retired_.reserve(rows);
  if (!status.ok()) return status;
  return space_.keeps_vectors() ? vectors_.reserve(rows) : codes_.reserve(rows);
}

void IndexCore::append(const float* vector) noexcept {
  const std::size_t row = size_.load(std::memory_order_relaxed);
  const auto node = static_cast<std::uint32_t>(row);
  if (space_.keeps_vectors()) {
    space_.prepare(vector, vectors_.row<float>(node));
  } else {
    space_.prepare(vector, prepared_.data());
    codes_.make_stored(prepared_.data(), code_);
    codes_.write(node, code_);
  }
  size_.store(row + 1, std::memory_order_release);
}

// ---- linking ---------------------------------------------------------------------------------

/// In whole batches, so that it makes no difference in which portions vectors are added. Where
/// memory runs out, searches go on comparing, and the next addition goes on here.
void IndexCore::link_all() noexcept {
  try {
    while (can_link() && next_batch() <= size()) {
      if (!link_next().ok()) return;
    }
  } catch (const std::bad_alloc&) {
  }
}

Status IndexCore::link_next(std::size_t end) {
  const std::size_t begin = linked();
  end = std::min(end, next_batch());
  Status status = graph_.reserve(end);
  if (status.ok() && space_.keeps_vectors()) {
    status = codes_.reserve(std::max(end, graph_begins));
  }
  if (!status.ok()) return status;
  if (!learned_) learn();
  if (space_.keeps_vectors()) write_codes(begin, end);
  linker_.link(static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end));
  linked_.store(end, std::memory_order_release);
  return {};
}

/// From the first vectors only, so that it makes no difference when they are linked.
void IndexCore::learn() {
  std::vector<float> first(graph_begins * dimension());
  SearchScratch scratch;
  for (std::uint32_t node = 0; node < graph_begins; ++node) {
    std::copy_n(searcher_.vector_of(node, scratch), dimension(), first.data() + node * dimension());
  }
  space_.learn(first);
  // Searches that compare all may be reading the rows that are completed here.
  for (std::uint32_t node = 0; !space_.keeps_vectors() && node < graph_begins; ++node) {
    codes_.make_stored(first.data() + node * dimension(), link_code_);
    codes_.write_learned(node, link_code_);
  }
  learned_ = true;
}

/// Of vectors [begin, end), for whose codes there is room.
void IndexCore::write_codes(std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    const auto node = static_cast<std::uint32_t>(i);
    codes_.make_stored(vectors_.row<float>(node), link_code_);
    codes_.write(node, link_code_);
  }
}

/// Takes `from` without the nodes that `rows` has no number for.
Status IndexCore::adopt(const Graph& from, const CodeSpace::Learned& learned,
                        std::span<const std::uint32_t> rows) {
  const auto left = static_cast<std::size_t>(
      std::ranges::count_if(rows, [](std::uint32_t row) { return row != nobody; }));
  Status status = graph_.reserve(left);
  if (status.ok()) status = graph_.reserve_blocks(from.blocks());
  if (status.ok()) status = codes_.reserve(std::max(left, graph_begins));
  if (!status.ok()) return status;
  if (!space_.take(learned)) return Status(ErrorCode::corruption, "the codes' scale is none");
  write_codes(0, left);
  learned_ = true;
  GraphRepair(from, graph_, codes_, linker_, rows).run();
  linked_.store(left, std::memory_order_release);
  return {};
}

Status IndexCore::take_graph(const IndexCore& from, std::span<const std::uint32_t> rows) {
  return adopt(from.graph_, from.space_.learned(), rows);
}

std::size_t IndexCore::bytes() const noexcept {
  const std::size_t vectors = size();
  return vectors * (codes_.row_bytes() + vectors_.row_bytes()) + graph_.bytes(vectors);
}

// ---- searching -------------------------------------------------------------------------------

Result<std::size_t> IndexCore::search(const SearchRequest& request,
                                      std::span<VectorNeighbour> out) const {
  if (request.query.size() != dimension() || out.size() < request.count) {
    return Status(ErrorCode::invalid_argument,
                  "a query of " + std::to_string(request.query.size()) + " numbers and room for " +
                      std::to_string(out.size()) + " answers; the index needs " +
                      std::to_string(dimension()) + " and " + std::to_string(request.count));
  }
  if (const char* why = space_.refusal(request.query, false); why != nullptr) {
    return Status(ErrorCode::invalid_argument, std::string("the query has ") + why);
  }
  if (request.count == 0) return std::size_t{0};
  std::unique_ptr<SearchScratch> scratch = scratches_.take();
  scratch->query.resize(dimension());
  space_.prepare(request.query.data(), scratch->query.data());
  // What is linked is not less than this when its vectors are read.
  const std::size_t linked = this->linked();
  searcher_.search(request, linked, size(), *scratch);
  std::ranges::copy(scratch->nearest, out.begin());
  const std::size_t found = scratch->nearest.size();
  scratches_.give_back(std::move(scratch));
  return found;
}

}  // namespace frys::index
