// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reads the files in which sets of vectors are passed around. The name says what a file holds:
//
//   .fvecs .bvecs .i8vecs   rows of an int32 dimension, the same in each, and as many f32, u8, i8
//   .ivecs                  the same of int32: ids or distances (TEXMEX,
//   http://corpus-texmex.irisa.fr) .idx, -idx3-ubyte       a header that says type and extents,
//   then all values, of u8, i8 or f32;
//                           the first extent counts rows (MNIST, http://yann.lecun.com/exdb/mnist)
//
// All of the first kinds are little-endian, idx is big-endian; each may be packed by gzip, with .gz
// at the end of its name. Memory grows with what was read, never with what a header promises.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::bench {

/// What one value took in the file.
enum class ElementType { f32, u8, i8 };

/// Rows of one length, one after the other.
template <typename Value>
struct Table {
  std::size_t columns = 0;
  std::vector<Value> values;

  [[nodiscard]] std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
  [[nodiscard]] const Value* row(std::size_t i) const { return values.data() + i * columns; }
};

struct VectorTable : Table<float> {
  ElementType element = ElementType::f32;
};

/// The longest row that is read.
inline constexpr std::size_t max_columns = 65'536;

/// The first `max_rows` vectors of the file, each value finite.
/// Errors name the file, the row and what is wrong: invalid_argument (a name that says no format),
/// io_error (can't be opened or read), corruption (all else).
Result<VectorTable> read_vectors(const std::string& path, std::size_t max_rows = SIZE_MAX);

/// The first `max_rows` rows of an .ivecs file. Errors: as of read_vectors.
Result<Table<std::int32_t>> read_integers(const std::string& path, std::size_t max_rows = SIZE_MAX);

}  // namespace frys::bench
