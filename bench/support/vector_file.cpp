// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/vector_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace frys::bench {
namespace {

static_assert(std::endian::native == std::endian::little);

/// A file, unpacked while it is read. zlib hands through what is not packed.
class Source {
 public:
  static Result<Source> open(const std::string& path, bool packed) {
    errno = 0;
    Source source(path, gzopen(path.c_str(), "rb"));
    if (source.file_ == nullptr) {
      return Status(ErrorCode::io_error, path + " can't be opened: " + std::strerror(errno));
    }
    gzbuffer(source.file_.get(), 1u << 18);
    if (packed && gzdirect(source.file_.get()) != 0) {
      return source.wrong("is named .gz, but gzip did not pack it");
    }
    return source;
  }

  /// Reads `size` bytes, fewer only at the end of the file.
  Result<std::size_t> read(void* to, std::size_t size) {
    const int got = gzread(file_.get(), to, static_cast<unsigned>(size));
    if (got >= 0 && static_cast<std::size_t>(got) == size) return size;
    int code = Z_OK;
    const char* said = gzerror(file_.get(), &code);
    if (code == Z_ERRNO) return Status(ErrorCode::io_error, path_ + " can't be read: " + said);
    if (code == Z_BUF_ERROR) return wrong("ends within what gzip packed");
    if (got < 0 || code != Z_OK) return wrong(std::string("can't be unpacked: ") + said);
    return static_cast<std::size_t>(got);
  }
  /// Reads `size` bytes, or says that the file ended before `what` did.
  Status read_whole(void* to, std::size_t size, const std::string& what) {
    const Result<std::size_t> got = read(to, size);
    if (!got) return got.error();
    if (*got == size) return {};
    return wrong("ends within " + what + ": " + std::to_string(*got) + " of " +
                 std::to_string(size) + " bytes are there");
  }
  [[nodiscard]] Status wrong(const std::string& what) const {
    return Status(ErrorCode::corruption, path_ + " " + what);
  }

 private:
  struct Close {
    void operator()(gzFile file) const { gzclose_r(file); }
  };
  Source(std::string path, gzFile file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<std::remove_pointer_t<gzFile>, Close> file_;
};

std::string row_name(std::size_t row) { return "row " + std::to_string(row); }

/// Appends the bytes of one row as values.
template <typename Stored, typename Value>
Status append_row(const Source& source, const std::vector<unsigned char>& bytes, std::size_t row,
                  std::vector<Value>& values) {
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(Stored)) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i, sizeof(stored));
    if constexpr (std::is_floating_point_v<Stored>) {
      if (!std::isfinite(stored)) {
        return source.wrong("holds no finite number in " + row_name(row) + " at " +
                            std::to_string(i / sizeof(Stored)));
      }
    }
    values.push_back(static_cast<Value>(stored));
  }
  return {};
}

/// .fvecs and its like: each row says its length.
template <typename Stored, typename Value>
Status read_rows(Source& source, std::size_t max_rows, Table<Value>& table) {
  std::vector<unsigned char> bytes;
  for (std::size_t row = 0; row < max_rows; ++row) {
    std::int32_t columns = 0;
    const Result<std::size_t> got = source.read(&columns, sizeof(columns));
    if (!got) return got.error();
    if (*got == 0) break;
    if (*got < sizeof(columns)) return source.wrong("ends within the length of " + row_name(row));
    if (columns < 1 || static_cast<std::size_t>(columns) > max_columns) {
      return source.wrong("gives " + row_name(row) + " the length " + std::to_string(columns) +
                          "; lengths are from 1 to " + std::to_string(max_columns));
    }
    if (row == 0) table.columns = static_cast<std::size_t>(columns);
    if (static_cast<std::size_t>(columns) != table.columns) {
      return source.wrong("gives " + row_name(row) + " the length " + std::to_string(columns) +
                          ", and the rows before it " + std::to_string(table.columns));
    }
    bytes.resize(table.columns * sizeof(Stored));
    Status status = source.read_whole(bytes.data(), bytes.size(), row_name(row));
    if (status.ok()) status = append_row<Stored>(source, bytes, row, table.values);
    if (!status.ok()) return status;
  }
  return table.values.empty() ? source.wrong("holds no row") : Status();
}

struct IdxHeader {
  ElementType element = ElementType::u8;
  std::size_t rows = 0;
  std::size_t columns = 1;
};

Result<IdxHeader> read_idx_header(Source& source) {
  unsigned char magic[4];
  Status status = source.read_whole(magic, sizeof(magic), "its header");
  if (!status.ok()) return status;
  constexpr unsigned char u8 = 0x08, i8 = 0x09, f32 = 0x0D;
  if (magic[0] != 0 || magic[1] != 0) return source.wrong("does not begin as an idx file does");
  if (magic[2] != u8 && magic[2] != i8 && magic[2] != f32) {
    return source.wrong("holds values of the idx type " + std::to_string(magic[2]) +
                        "; 8 (u8), 9 (i8) and 13 (f32) are read");
  }
  if (magic[3] < 2) return source.wrong("has fewer than the two extents that rows need");
  IdxHeader header;
  header.element = magic[2] == u8   ? ElementType::u8
                   : magic[2] == i8 ? ElementType::i8
                                    : ElementType::f32;
  for (int i = 0; i < magic[3]; ++i) {
    unsigned char bytes[4];
    status = source.read_whole(bytes, sizeof(bytes), "its header");
    if (!status.ok()) return status;
    const std::size_t extent =
        std::size_t{bytes[0]} << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
    if (i == 0) {
      header.rows = extent;
    } else if (extent == 0 || extent > max_columns / header.columns) {
      return source.wrong("has rows whose length is not from 1 to " + std::to_string(max_columns));
    } else {
      header.columns *= extent;
    }
  }
  if (header.rows == 0) return source.wrong("holds no row");
  return header;
}

void swap_words(std::vector<unsigned char>& bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                 bytes.begin() + static_cast<std::ptrdiff_t>(i + 4));
  }
}

Status read_idx(Source& source, std::size_t max_rows, VectorTable& table) {
  const Result<IdxHeader> header = read_idx_header(source);
  if (!header) return header.error();
  table.element = header->element;
  table.columns = header->columns;
  const bool wide = header->element == ElementType::f32;
  std::vector<unsigned char> bytes(header->columns * (wide ? 4 : 1));
  for (std::size_t row = 0; row < std::min(max_rows, header->rows); ++row) {
    Status status = source.read_whole(bytes.data(), bytes.size(),
                                      row_name(row) + " of " + std::to_string(header->rows));
    if (!status.ok()) return status;
    if (wide) swap_words(bytes);
    status = wide ? append_row<float>(source, bytes, row, table.values)
             : header->element == ElementType::u8
                 ? append_row<std::uint8_t>(source, bytes, row, table.values)
                 : append_row<std::int8_t>(source, bytes, row, table.values);
    if (!status.ok()) return status;
  }
  if (max_rows < header->rows) return {};
  unsigned char more = 0;
  const Result<std::size_t> rest = source.read(&more, 1);
  if (!rest) return rest.error();
  return *rest == 0 ? Status() : source.wrong("goes on after its last row");
}

/// The name without its folder and .gz, and whether it had one.
std::pair<std::string_view, bool> plain_name(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);  // npos + 1 is 0.
  const bool packed = path.ends_with(".gz");
  if (packed) path.remove_suffix(3);
  return {path, packed};
}

}  // namespace

Result<VectorTable> read_vectors(const std::string& path, std::size_t max_rows) {
  const auto [name, packed] = plain_name(path);
  Status (*read)(Source&, std::size_t, VectorTable&) = nullptr;
  if (name.ends_with(".fvecs")) {
    read = [](Source& source, std::size_t rows, VectorTable& table) {
      return read_rows<float>(source, rows, table);
    };
  } else if (name.ends_with(".bvecs")) {
    read = [](Source& source, std::size_t rows, VectorTable& table) {
      table.element = ElementType::u8;
      return read_rows<std::uint8_t>(source, rows, table);
    };
  } else if (name.ends_with(".i8vecs")) {
    read = [](Source& source, std::size_t rows, VectorTable& table) {
      table.element = ElementType::i8;
      return read_rows<std::int8_t>(source, rows, table);
    };
  } else if (name.ends_with(".idx") || name.find("-idx") != std::string_view::npos) {
    read = read_idx;
  } else {
    return Status(ErrorCode::invalid_argument,
                  path +
                      ": vectors are read from .fvecs, .bvecs, .i8vecs, .idx and -idx3-ubyte, "
                      "each also with .gz");
  }
  Result<Source> source = Source::open(path, packed);
  if (!source) return source.error();
  VectorTable table;
  const Status status = read(*source, max_rows, table);
  if (!status.ok()) return status;
  return table;
}

Result<Table<std::int32_t>> read_integers(const std::string& path, std::size_t max_rows) {
  const auto [name, packed] = plain_name(path);
  if (!name.ends_with(".ivecs")) {
    return Status(ErrorCode::invalid_argument,
                  path + ": integers are read from .ivecs, also with .gz");
  }
  Result<Source> source = Source::open(path, packed);
  if (!source) return source.error();
  Table<std::int32_t> table;
  const Status status = read_rows<std::int32_t>(*source, max_rows, table);
  if (!status.ok()) return status;
  return table;
}

}  // namespace frys::bench
