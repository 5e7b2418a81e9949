// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Saving and loading are members of IndexCore: all that it holds takes part.

#include "index/graph_file.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "core/crc32c.hpp"
#include "index/index_core.hpp"

namespace frys::index {
namespace {

using Bytes = std::span<const std::byte>;

Bytes header_bytes(const GraphFileHeader& header) noexcept {
  return std::as_bytes(std::span(&header, 1));
}
std::uint32_t crc_of(const GraphFileHeader& header) noexcept {
  return detail::crc32c(header_bytes(header).first(offsetof(GraphFileHeader, crc)));
}

Status damaged(const char* what) {
  return Status(ErrorCode::corruption, std::string("a saved graph: ") + what + " damaged");
}

/// Cuts a section off the front; nothing when its check sum is another.
std::optional<Bytes> take_section(Bytes& rest, std::size_t bytes) noexcept {
  const Bytes section = rest.first(bytes);
  std::uint32_t crc = 0;
  std::memcpy(&crc, rest.data() + bytes, sizeof(crc));
  rest = rest.subspan(bytes + sizeof(crc));
  if (detail::crc32c(section) != crc) return std::nullopt;
  return section;
}

}  // namespace

/// Multiplies words of eight bytes in: FNV-1a's step on words, at several bytes a nanosecond.
void IndexCore::digest(std::uint32_t node) noexcept {
  constexpr std::uint64_t prime = 0x100000001b3;
  const float* vector = vectors_.row<float>(node);
  std::size_t i = 0;
  std::uint64_t word = 0;
  for (; i + 2 <= dimension(); i += 2) {
    std::memcpy(&word, vector + i, sizeof(word));
    digest_ = (digest_ ^ word) * prime;
    digest_ ^= digest_ >> 32;
  }
  word = 0;
  if (i < dimension()) std::memcpy(&word, vector + i, sizeof(float));
  digest_ = (digest_ ^ word) * prime;
  digest_ ^= digest_ >> 32;
}

GraphFileHeader IndexCore::make_header() const noexcept {
  const std::size_t nodes = linked();
  const Graph::Entry entry = graph_.entry();
  const CodeSpace::Learned learned = space_.learned();
  GraphFileHeader header{};
  std::memcpy(header.magic, GraphFileHeader::right_magic, sizeof(header.magic));
  header.version = GraphFileHeader::right_version;
  header.dimension = static_cast<std::uint32_t>(options_.dimension);
  header.metric = static_cast<std::uint32_t>(options_.metric);
  header.codes = static_cast<std::uint32_t>(options_.codes);
  header.links = static_cast<std::uint32_t>(options_.links);
  header.build_effort = static_cast<std::uint32_t>(options_.build_effort);
  header.seed = seed_;
  header.nodes = nodes;
  header.blocks = graph_.tables(nodes).blocks.size() / graph_.block_bytes();
  header.digest = digest_;
  header.entry_node = entry.node;
  header.entry_level = entry.level;
  header.longest_square = learned.longest_square;
  header.step = learned.step;
  header.crc = crc_of(header);
  return header;
}

Status IndexCore::save_graph(FunctionRef<Status(std::span<const std::byte>)> sink) const {
  const GraphFileHeader header = make_header();
  const Graph::Tables tables = graph_.tables(linked());
  Status status = sink(header_bytes(header));
  for (const Bytes section :
       {std::as_bytes(space_.learned().means), tables.nodes, tables.links, tables.blocks}) {
    const std::uint32_t crc = detail::crc32c(section);
    if (status.ok()) status = sink(section);
    if (status.ok()) status = sink(std::as_bytes(std::span(&crc, 1)));
  }
  return status;
}

/// Compares the header with what this index is, and the length with what the header says.
Status IndexCore::read_header(std::span<const std::byte> saved, GraphFileHeader& header) const {
  if (saved.size() < sizeof(header)) return damaged("its header is");
  std::memcpy(&header, saved.data(), sizeof(header));
  const GraphFileHeader own = make_header();
  if (std::memcmp(header.magic, own.magic, sizeof(own.magic)) != 0 ||
      header.crc != crc_of(header)) {
    return damaged("its header is");
  }
  // From the version to the seed: what a graph must share with this index.
  constexpr std::size_t shared = offsetof(GraphFileHeader, version);
  if (std::memcmp(&header.version, &own.version, offsetof(GraphFileHeader, nodes) - shared) != 0) {
    return Status(ErrorCode::failed_precondition,
                  "a saved graph was made with other options, or by another version");
  }
  if (header.nodes < graph_begins || header.nodes > size()) {
    return Status(ErrorCode::failed_precondition, "a saved graph links " +
                                                      std::to_string(header.nodes) +
                                                      " vectors of " + std::to_string(size()));
  }
  if (header.blocks > header.nodes * Graph::max_level) return damaged("its header is");
  std::size_t wanted = sizeof(header);
  for (const std::size_t bytes : section_sizes(header)) wanted += bytes + sizeof(std::uint32_t);
  return saved.size() == wanted ? Status() : damaged("its length is");
}

GraphFileSizes IndexCore::section_sizes(const GraphFileHeader& header) const noexcept {
  return {dimension() * sizeof(float), graph_.node_bytes(header.nodes),
          graph_.link_bytes(header.nodes), header.blocks * graph_.block_bytes()};
}

std::size_t IndexCore::most_saved_bytes() const noexcept {
  GraphFileHeader header{};
  header.nodes = size();
  header.blocks = header.nodes * Graph::max_level;
  std::size_t bytes = sizeof(header);
  for (const std::size_t section : section_sizes(header)) bytes += section + sizeof(std::uint32_t);
  return bytes;
}

Status IndexCore::load_graph(std::span<const std::byte> saved) {
  GraphFileHeader header;
  Status status = read_header(saved, header);
  if (!status.ok()) return status;
  const GraphFileSizes sizes = section_sizes(header);
  GraphFileSections sections;
  Bytes rest = saved.subspan(sizeof(header));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::optional<Bytes> section = take_section(rest, sizes[i]);
    if (!section) return damaged("a table is");
    sections[i] = *section;
  }
  for (std::uint32_t node = 0; node < header.nodes; ++node) digest(node);
  if (digest_ != header.digest) {
    status = Status(ErrorCode::failed_precondition, "a saved graph links other vectors than these");
  }
  if (status.ok()) status = take_sections(header, sections);
  if (!status.ok()) digest_ = 0;
  return status;
}

Status IndexCore::take_sections(const GraphFileHeader& header, const GraphFileSections& sections) {
  const std::size_t nodes = header.nodes;
  std::vector<float> means(dimension());
  std::memcpy(means.data(), sections[0].data(), sections[0].size());
  Status status = graph_.reserve(nodes);
  if (status.ok()) status = graph_.reserve_blocks(header.blocks);
  if (status.ok()) status = codes_.reserve(nodes);
  if (!status.ok()) return status;
  if (!space_.take({header.longest_square, header.step, means}) ||
      !graph_.take({sections[1], sections[2], sections[3]}, nodes,
                   {header.entry_node, header.entry_level})) {
    return damaged("what it says is");
  }
  for (std::uint32_t node = 0; node < nodes; ++node) {
    codes_.make_stored(vectors_.row<float>(node), link_code_);
    codes_.write(node, link_code_);
  }
  learned_ = true;
  linked_.store(nodes, std::memory_order_release);
  return {};
}

}  // namespace frys::index
