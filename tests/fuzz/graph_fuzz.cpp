// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Saved graphs. What an index takes for one it can search, go on from, and save again.

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/crc32c.hpp"
#include "fuzz/fuzz.hpp"
#include "index/graph_file.hpp"
#include "index/index_core.hpp"

namespace frys::fuzz {
namespace {

using index::GraphFileHeader;
using index::IndexCore;

constexpr std::size_t dimension = 2;
constexpr std::size_t vectors = IndexCore::graph_begins + 60;
constexpr std::size_t links = 4;
constexpr std::size_t most_bytes = std::size_t{1} << 17;

/// An index that holds the vectors, some of them twice, and links none.
std::unique_ptr<IndexCore> unlinked() {
  auto core = std::make_unique<IndexCore>(VectorIndexOptions{.dimension = dimension,
                                                             .metric = Metric::cosine,
                                                             .links = links,
                                                             .build_effort = 8,
                                                             .max_vectors = 2 * vectors},
                                          1);
  require(core->open().ok() && core->reserve(vectors).ok(), "there is memory");
  SeededRandom random(1);
  for (std::size_t i = 0; i < vectors; ++i) {
    const float x = static_cast<float>(random.next_below(600)) / 600;
    const float vector[dimension] = {x, 1 - x};
    core->append(vector);
  }
  return core;
}

constexpr auto key_of = [](std::uint32_t node) { return std::uint64_t{node}; };

std::string saved(const IndexCore& core) {
  std::string bytes;
  const Status status = core.save_graph(key_of, [&](std::span<const std::byte> part) {
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
    return Status();
  });
  require(status.ok(), "a graph can be saved");
  return bytes;
}

Status load(IndexCore& core, std::string_view bytes) {
  return core.load_graph(std::as_bytes(std::span(bytes)), key_of);
}

void link_up_to(IndexCore& core, std::size_t count) {
  while (core.linked() < count) require(core.link_next().ok(), "a vector can be linked");
}

const std::string& graph_of(std::size_t more) {
  static std::string graphs[3];
  std::string& graph = graphs[more];
  if (graph.empty()) {
    const std::unique_ptr<IndexCore> core = unlinked();
    link_up_to(*core, IndexCore::graph_begins + 25 * more);
    graph = saved(*core);
  }
  return graph;
}

void check_searches(const IndexCore& core) {
  for (const float x : {0.0F, 0.31F, 1.0F}) {
    const float query[dimension] = {x, 1 - x};
    std::vector<VectorNeighbour> nearest(10);
    const Result<std::size_t> found =
        core.search({.query = query, .count = nearest.size(), .effort = 20}, nearest);
    require(found.has_value() && *found <= nearest.size(), "a graph can be searched");
    for (std::size_t i = 0; i < *found; ++i) {
      require(nearest[i].ordinal < vectors, "an answer is a vector");
      require(i == 0 || nearest[i - 1].distance <= nearest[i].distance, "answers are in order");
    }
  }
}

std::uint32_t crc_of(std::string_view bytes) {
  return detail::crc32c(std::as_bytes(std::span(bytes)));
}

}  // namespace

std::string make(SeededRandom& random) { return graph_of(random.next_below(3)); }

/// The header fits the index, the length fits the header, and all checksums are right.
void mend(std::string& input) {
  GraphFileHeader header{};
  GraphFileHeader own{};
  if (input.size() < sizeof(header)) return;
  std::memcpy(&header, input.data(), sizeof(header));
  std::memcpy(&own, graph_of(0).data(), sizeof(own));
  std::memcpy(&header, &own, offsetof(GraphFileHeader, nodes));
  std::size_t sizes[] = {dimension * sizeof(float), header.nodes * 8, header.nodes * 4,
                         header.nodes * 8,          header.nodes,     header.nodes * 8 * links,
                         header.blocks * 4 * links};
  std::size_t wanted = sizeof(header);
  for (const std::size_t size : sizes) wanted += std::min(size, most_bytes) + sizeof(header.crc);
  if (wanted > most_bytes) return;
  const std::string_view head(reinterpret_cast<const char*>(&header), sizeof(header));
  header.crc = crc_of(head.substr(0, offsetof(GraphFileHeader, crc)));
  input.resize(wanted);
  input.replace(0, sizeof(header), head);
  std::size_t at = sizeof(header);
  for (const std::size_t size : sizes) {
    const std::uint32_t crc = crc_of(std::string_view(input).substr(at, size));
    std::memcpy(input.data() + at + size, &crc, sizeof(crc));
    at += size + sizeof(crc);
  }
}

void check(std::string_view input) {
  static std::unique_ptr<IndexCore> core = unlinked();
  const AllocationMeter meter;
  const Status status = load(*core, input);
  require(meter.bytes() <= input.size() + 4096, "a graph allocates what it holds");
  if (!status.ok()) {
    require(status == ErrorCode::corruption || status == ErrorCode::failed_precondition,
            "a graph that is none is corrupt, or of others");
    require(core->linked() == 0, "nothing of it is taken");
    return;
  }
  check_searches(*core);
  const std::string again = saved(*core);
  const std::unique_ptr<IndexCore> other = unlinked();
  require(load(*other, again).ok() && saved(*other) == again, "a graph is read as it was saved");
  link_up_to(*core, vectors);
  check_searches(*core);
  core = unlinked();
}

}  // namespace frys::fuzz
