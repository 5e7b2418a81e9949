// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/segment.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t header_bytes = round_up(sizeof(Segment), alignof(PageRun));

std::size_t index_bytes(std::size_t page_count) {
  return round_up(page_count * sizeof(std::uint32_t), alignof(PageRun));
}

}  // namespace

std::size_t Segment::metadata_bytes_for(std::size_t page_count) noexcept {
  return header_bytes + index_bytes(page_count) + (page_count + 1) * sizeof(PageRun);
}

Segment* Segment::make(std::byte* base, std::uint32_t page_count, SystemCallCount& calls) noexcept {
  const std::size_t bytes = metadata_bytes_for(page_count);
  void* raw = map_pages(bytes, alignof(PageRun), calls);
  if (raw == nullptr) return nullptr;
  // The records are sparse: a huge page would take memory for many that are not used.
  advise_huge(raw, round_up(bytes, heap_page_bytes), false, calls);
  auto* segment = std::construct_at(static_cast<Segment*>(raw));
  auto* after = static_cast<std::byte*>(raw) + header_bytes;
  segment->base = base;
  segment->page_count = page_count;
  segment->metadata_bytes = bytes;
  segment->index = reinterpret_cast<std::uint32_t*>(after);
  segment->runs = reinterpret_cast<PageRun*>(after + index_bytes(page_count));
  return segment;
}

void Segment::destroy(Segment* segment, SystemCallCount& calls) noexcept {
  const std::size_t bytes = segment->metadata_bytes;
  unmap_pages(segment, bytes, calls);
}

}  // namespace frys::detail
