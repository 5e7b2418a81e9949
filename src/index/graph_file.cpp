// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Saving and loading are members of IndexCore: all that it holds takes part.

#include "index/graph_file.hpp"

#include <algorithm>
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

template <typename T>
T load(Bytes table, std::size_t at) noexcept {
  T value;
  std::memcpy(&value, table.data() + at * sizeof(T), sizeof(T));
  return value;
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

std::uint32_t IndexCore::sum_of(std::uint32_t node) const noexcept {
  return detail::crc32c(std::as_bytes(std::span(vectors_.row<float>(node), dimension())));
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
  header.entry_node = entry.node;
  header.entry_level = entry.level;
  header.longest_square = learned.longest_square;
  header.step = learned.step;
  header.crc = crc_of(header);
  return header;
}

Status IndexCore::save_graph(KeyOf key_of,
                             FunctionRef<Status(std::span<const std::byte>)> sink) const {
  const GraphFileHeader header = make_header();
  const Graph::Tables tables = graph_.tables(linked());
  std::vector<std::uint64_t> keys(linked());
  std::vector<std::uint32_t> sums(linked());
  for (std::uint32_t node = 0; node < keys.size(); ++node) {
    keys[node] = key_of(node);
    sums[node] = sum_of(node);
  }
  const GraphFileSections sections = {std::as_bytes(space_.learned().means),
                                      std::as_bytes(std::span(keys)),
                                      std::as_bytes(std::span(sums)),
                                      tables.nodes,
                                      tables.levels,
                                      tables.links,
                                      tables.blocks};
  Status status = sink(header_bytes(header));
  for (const Bytes section : sections) {
    const std::uint32_t crc = detail::crc32c(section);
    if (status.ok()) status = sink(section);
    if (status.ok()) status = sink(std::as_bytes(std::span(&crc, 1)));
  }
  return status;
}

Status IndexCore::check_saved(std::span<const std::byte> head, std::size_t bytes) const {
  GraphFileHeader header;
  return read_header(head, bytes, header);
}

/// Compares the header with what this index is, and the length with what the header says.
Status IndexCore::read_header(std::span<const std::byte> saved, std::size_t bytes,
                              GraphFileHeader& header) const {
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
  if (header.nodes == 0 || header.nodes > bytes) return damaged("its header is");
  if (header.blocks > header.nodes * Graph::max_level) return damaged("its header is");
  std::size_t wanted = sizeof(header);
  for (const std::size_t section : section_sizes(header)) {
    wanted += section + sizeof(std::uint32_t);
  }
  return bytes == wanted ? Status() : damaged("its length is");
}

GraphFileSizes IndexCore::section_sizes(const GraphFileHeader& header) const noexcept {
  return {dimension() * sizeof(float),
          header.nodes * sizeof(std::uint64_t),
          header.nodes * sizeof(std::uint32_t),
          graph_.node_bytes(header.nodes),
          header.nodes,
          graph_.link_bytes(header.nodes),
          header.blocks * graph_.block_bytes()};
}

std::size_t IndexCore::most_saved_bytes() const noexcept {
  GraphFileHeader header{};
  header.nodes = size();
  header.blocks = header.nodes * Graph::max_level;
  std::size_t bytes = sizeof(header);
  for (const std::size_t section : section_sizes(header)) bytes += section + sizeof(std::uint32_t);
  return bytes;
}

Status IndexCore::load_graph(std::span<const std::byte> saved, KeyOf key_of) {
  GraphFileHeader header;
  Status status = read_header(saved, saved.size(), header);
  if (!status.ok()) return status;
  const GraphFileSizes sizes = section_sizes(header);
  GraphFileSections sections;
  Bytes rest = saved.subspan(sizeof(header));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::optional<Bytes> section = take_section(rest, sizes[i]);
    if (!section) return damaged("a table is");
    sections[i] = *section;
  }
  return take_sections(header, sections, key_of);
}

/// The number here of each node that was saved; `nobody` where its vector is gone. All that come
/// before the last of them here must have been saved, too.
Result<std::vector<std::uint32_t>> IndexCore::match_rows(const GraphFileSections& sections,
                                                         KeyOf key_of) const {
  const std::size_t nodes = sections[section_sums].size() / sizeof(std::uint32_t);
  std::vector<std::uint32_t> rows(nodes, nobody);
  std::uint32_t row = 0;
  for (std::size_t node = 0; node < nodes && row < size(); ++node) {
    const std::uint64_t key = load<std::uint64_t>(sections[section_keys], node);
    if (key_of(row) > key) continue;
    if (key_of(row) < key || sum_of(row) != load<std::uint32_t>(sections[section_sums], node)) {
      return Status(ErrorCode::failed_precondition, "a saved graph links other vectors than these");
    }
    rows[node] = row++;
  }
  if (row >= graph_begins) return rows;
  return Status(ErrorCode::failed_precondition, "a saved graph links " + std::to_string(nodes) +
                                                    " vectors, of which " + std::to_string(row) +
                                                    " are left");
}

Status IndexCore::take_sections(const GraphFileHeader& header, const GraphFileSections& sections,
                                KeyOf key_of) {
  const Result<std::vector<std::uint32_t>> rows = match_rows(sections, key_of);
  if (!rows) return rows.error();
  std::vector<float> means(dimension());
  std::memcpy(means.data(), sections[section_means].data(), sections[section_means].size());
  const CodeSpace::Learned learned{header.longest_square, header.step, means};
  const Graph::Tables tables{sections[section_nodes], sections[section_levels],
                             sections[section_links], sections[section_blocks]};
  const std::size_t nodes = header.nodes;
  const bool is_whole = std::ranges::find(*rows, nobody) == rows->end();
  Graph saved;
  Graph& target = is_whole ? graph_ : saved;
  Status status = is_whole ? Status() : saved.create(options_.links, nodes + 1);
  if (status.ok()) status = target.reserve(nodes);
  if (status.ok()) status = target.reserve_blocks(header.blocks);
  if (status.ok()) status = codes_.reserve(std::max(nodes, graph_begins));
  if (!status.ok()) return status;
  if (is_whole && !space_.take(learned)) return damaged("what it says is");
  if (!target.take(tables, nodes, {header.entry_node, header.entry_level})) {
    return damaged("what it says is");
  }
  if (!is_whole) return adopt(saved, learned, *rows);
  write_codes(0, nodes);
  learned_ = true;
  linked_.store(nodes, std::memory_order_release);
  return {};
}

}  // namespace frys::index
