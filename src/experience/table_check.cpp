// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The layout is RocksDB's block-based table, format versions 1 to 5 ("Rocksdb BlockBasedTable
// Format" in its wiki):
//
//   block    content, u8 compression, u32 checksum of both
//   footer   u8 checksum's kind, handles of metaindex and index padded to 40 bytes, u32, u64
//   handle   offset and size of a block's content, as varints
//
// The content of a metaindex: entries of three varints (bytes shared with the key before, the other
// bytes of the key, bytes of the value), key and value; then places where nothing is shared, u32
// each, and their number, u32.

#include "experience/table_check.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/crc32c.hpp"
#include "experience/bytes.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t footer_bytes = 53;
constexpr std::size_t trailer_bytes = 5;
constexpr std::size_t usual_bytes = 2048;  // Footer, metaindex and properties are hardly more.
constexpr char crc32c_kind = 1;

struct Handle {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

/// Takes a varint of at most 64 bits off the front of `bytes`.
bool take_varint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

/// A handle of a block that lies before `end`.
bool take_handle(std::string_view& bytes, std::uint64_t end, Handle& handle) {
  if (!take_varint(bytes, handle.offset) || !take_varint(bytes, handle.size)) return false;
  return handle.offset <= end && end - handle.offset >= trailer_bytes &&
         handle.size <= end - handle.offset - trailer_bytes;
}

/// The end of a file, further to the front as need be.
class Tail {
 public:
  Tail(const rocksdb::FSRandomAccessFile& file, std::uint64_t file_bytes)
      : file_(file), end_(file_bytes), begin_(file_bytes) {}

  /// `bytes` from `offset` on, which are in the file; valid until the next call. Empty: unreadable.
  std::string_view read(std::uint64_t offset, std::size_t bytes) {
    if (offset < begin_ && !load(offset)) return {};
    return std::string_view(bytes_).substr(offset - begin_, bytes);
  }
  rocksdb::IOStatus status;

 private:
  bool load(std::uint64_t offset) {
    begin_ = std::min(offset, end_ - std::min<std::uint64_t>(end_, usual_bytes));
    bytes_.resize(end_ - begin_);
    rocksdb::Slice read;
    status = file_.Read(begin_, bytes_.size(), rocksdb::IOOptions(), &read, bytes_.data(), nullptr);
    if (!status.ok()) return false;
    if (read.size() != bytes_.size()) return false;
    if (read.data() != bytes_.data()) bytes_.assign(read.data(), read.size());
    return true;
  }

  const rocksdb::FSRandomAccessFile& file_;
  const std::uint64_t end_;
  std::uint64_t begin_;
  std::string bytes_;
};

/// RocksDB keeps checksums of what may hold checksums in another form (its util/crc32c.h).
std::uint32_t masked(std::uint32_t crc) noexcept {
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8U;
}

/// The content of a block whose checksum is right.
std::optional<std::string_view> read_block(Tail& tail, const Handle& handle) {
  const std::string_view block = tail.read(handle.offset, handle.size + trailer_bytes);
  if (block.size() != handle.size + trailer_bytes) return std::nullopt;
  const std::string_view covered = block.substr(0, handle.size + 1);
  ByteReader trailer(block.substr(covered.size()));
  std::uint32_t stored = 0;
  if (!trailer.take(stored) || masked(crc32c(as_byte_span(covered))) != stored) return std::nullopt;
  return block.substr(0, handle.size);
}

/// What the metaindex says of the properties; nothing when it does not name them.
bool find_properties(std::string_view metaindex, std::uint64_t end, Handle& handle) {
  if (metaindex.size() < 4) return false;
  std::uint32_t places = 0;
  (void)ByteReader(metaindex.substr(metaindex.size() - 4)).take(places);
  if (places > metaindex.size() / 4 - 1) return false;
  metaindex.remove_suffix((std::size_t{places} + 1) * 4);
  std::string key;
  while (!metaindex.empty()) {
    std::uint64_t shared = 0;
    std::uint64_t more = 0;
    std::uint64_t value = 0;
    if (!take_varint(metaindex, shared) || !take_varint(metaindex, more) ||
        !take_varint(metaindex, value) || shared > key.size() || more > metaindex.size() ||
        value > metaindex.size() - more) {
      return false;
    }
    key.resize(shared);
    key += metaindex.substr(0, more);
    std::string_view content = metaindex.substr(more, value);
    if (key == "rocksdb.properties") return take_handle(content, end, handle);
    metaindex.remove_prefix(more + value);
  }
  return false;
}

}  // namespace

rocksdb::IOStatus check_table_end(const rocksdb::FSRandomAccessFile& file, const std::string& name,
                                  std::uint64_t file_bytes) {
  const auto corruption = [&](const char* what) {
    return rocksdb::IOStatus::Corruption(name + ": its " + what);
  };
  if (file_bytes < footer_bytes) return corruption("footer is missing");
  const std::uint64_t end = file_bytes - footer_bytes;
  Tail tail(file, file_bytes);
  std::string_view footer = tail.read(end, footer_bytes);
  if (!tail.status.ok()) return tail.status;
  if (footer.empty()) return corruption("footer can't be read");
  const char kind = footer.front();
  footer.remove_prefix(1);
  Handle metaindex;
  Handle index;
  if (!take_handle(footer, end, metaindex) || !take_handle(footer, end, index)) {
    return corruption("footer points outside of it");
  }
  if (kind != crc32c_kind) return rocksdb::IOStatus::OK();
  const std::optional<std::string_view> entries = read_block(tail, metaindex);
  if (!tail.status.ok()) return tail.status;
  if (!entries) return corruption("metaindex has another checksum");
  Handle properties;
  if (!find_properties(*entries, end, properties)) return corruption("properties are missing");
  if (read_block(tail, properties)) return rocksdb::IOStatus::OK();
  return tail.status.ok() ? corruption("properties have another checksum") : tail.status;
}

}  // namespace frys::detail
