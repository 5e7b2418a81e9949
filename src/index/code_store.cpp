// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "index/code_store.hpp"

#include <cstring>

namespace frys::index {
namespace {

bool is_cut(VectorCodes codes) noexcept {
  return codes == VectorCodes::u8 || codes == VectorCodes::exact_u8;
}

/// Rows begin on cache lines, but for the shortest.
std::size_t padded(std::size_t bytes) noexcept { return bytes <= 32 ? 32 : (bytes + 63) / 64 * 64; }

}  // namespace

CodeStore::CodeStore(const CodeSpace& space) noexcept : space_(space), cut_(is_cut(space.codes())) {
  const simd::Kernels& kernels = simd::kernels();
  fine_kernel_ = space.codes() == VectorCodes::f32   ? kernels.l2_rows_f32
                 : space.codes() == VectorCodes::f16 ? kernels.l2_rows_f16
                                                     : kernels.l2_rows_u8;
  coarse_kernel_ = cut_ ? kernels.l2_rows_u4 : fine_kernel_;
}

Status CodeStore::create(std::size_t max_rows) noexcept {
  const std::size_t bytes = padded(cut_ ? code_bytes() / 2 : code_bytes());
  Status status = high_.create(bytes, max_rows);
  if (status.ok() && cut_) status = low_.create(bytes, max_rows);
  return status;
}

Status CodeStore::reserve(std::size_t rows) noexcept {
  Status status = high_.reserve(rows);
  if (status.ok() && cut_) status = low_.reserve(rows);
  return status;
}

void CodeStore::write(std::uint32_t node, const CodeQuery& query) noexcept {
  if (cut_) {
    simd::kernels().split_u8(high_.row<std::uint8_t>(node), low_.row<std::uint8_t>(node),
                             reinterpret_cast<const std::uint8_t*>(query.fine.data()),
                             space_.length());
  } else {
    std::memcpy(high_.row<void>(node), query.fine.data(), code_bytes());
  }
}

void CodeStore::write_learned(std::uint32_t node, const CodeQuery& query) noexcept {
  const std::size_t from = space_.learned_from();
  if (from == code_bytes()) return;
  if (cut_) return write(node, query);
  std::memcpy(high_.row<std::byte>(node) + from, query.fine.data() + from, code_bytes() - from);
}

/// An upper half h stands for the middle of 16 × h to 16 × h + 15, the kernel takes it for 4 × h:
/// 7.5 less than a byte, rounded, in units of 4.
void CodeStore::make_coarse(CodeQuery& query) const {
  if (!cut_) return;
  query.coarse.resize(code_bytes());
  for (std::size_t i = 0; i < code_bytes(); ++i) {
    const auto byte = static_cast<unsigned>(query.fine[i]);
    query.coarse[i] = static_cast<std::byte>(byte < 6 ? 0 : (byte - 6) / 4);
  }
}

void CodeStore::make_query(const float* prepared, CodeQuery& query) const {
  query.fine.resize(code_bytes());
  space_.encode_query(prepared, query.fine.data());
  make_coarse(query);
}

void CodeStore::make_stored(const float* prepared, CodeQuery& query) const {
  query.fine.resize(code_bytes());
  space_.encode(prepared, query.fine.data());
}

void CodeStore::load_stored(std::uint32_t node, CodeQuery& query) const {
  query.fine.resize(code_bytes());
  const void* whole = code(node, query.fine.data());
  if (!cut_) std::memcpy(query.fine.data(), whole, code_bytes());
  make_coarse(query);
}

const void* CodeStore::code(std::uint32_t node, std::byte* buffer) const noexcept {
  if (!cut_) return high_.row<const void>(node);
  simd::kernels().join_u8(reinterpret_cast<std::uint8_t*>(buffer), high_.row<std::uint8_t>(node),
                          low_.row<std::uint8_t>(node), space_.length());
  return buffer;
}

bool CodeStore::equal(std::uint32_t a, std::uint32_t b) const noexcept {
  const auto same = [&](const GrowingTable& table) {
    return std::memcmp(table.row<std::byte>(a), table.row<std::byte>(b), table.row_bytes()) == 0;
  };
  return same(high_) && (!cut_ || same(low_));
}

}  // namespace frys::index
