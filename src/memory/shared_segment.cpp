// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The reader's side. Nothing that comes from the other process is believed twice: the header is
// read once, and what it says is checked against the file and kept; descriptors are checked
// against that.

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "frys/core/machine.hpp"
#include "frys/memory/shared.hpp"
#include "memory/shared_file.hpp"

namespace frys {
namespace detail {

struct SharedMapping {
  SharedHeader header;
  std::byte* mapping = nullptr;
  std::size_t mapping_bytes = 0;
  Access access = Access::read_only;

  SharedMapping() noexcept = default;
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;
  ~SharedMapping() {
    if (mapping != nullptr) ::munmap(mapping, mapping_bytes);
  }

  [[nodiscard]] std::byte* data() const noexcept { return mapping + header.data_offset; }
  /// Precondition: the offset is within bounds.
  [[nodiscard]] const SharedEntry& entry(std::uint64_t offset) const noexcept {
    const auto* table = reinterpret_cast<const SharedEntry*>(mapping + shared_table_offset);
    return table[offset / shared_line_bytes];
  }
  [[nodiscard]] bool contains(const MemoryDescriptor& block) const noexcept {
    return block.segment == header.id && block.offset % shared_line_bytes == 0 &&
           block.offset < header.data_bytes && block.size_bytes <= header.data_bytes - block.offset;
  }
  /// Precondition: `contains`.
  [[nodiscard]] bool has(const MemoryDescriptor& block) const noexcept {
    const SharedEntry& found = entry(block.offset);
    return block.generation != 0 &&
           found.generation.load(std::memory_order_acquire) == block.generation &&
           found.size_bytes.load(std::memory_order_relaxed) == block.size_bytes;
  }
};

}  // namespace detail

namespace {

using detail::SharedMapping;

Status not_a_segment(const char* why) noexcept { return {ErrorCode::invalid_argument, why}; }

// A file that can be mapped without ever meeting its end, nor a lack of its pages of 2 MiB.
Status check_file(int fd, std::size_t& size_bytes) noexcept {
  struct stat file{};
  struct statfs system{};
  if (::fstat(fd, &file) != 0 || ::fstatfs(fd, &system) != 0) {
    return not_a_segment("the descriptor of a segment is not an open file");
  }
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (!S_ISREG(file.st_mode) || system.f_type != TMPFS_MAGIC || seals < 0) {
    return not_a_segment("the descriptor is not of a file in memory that segment_fd gave");
  }
  if ((seals & F_SEAL_SHRINK) == 0) {
    return not_a_segment(
        "the file is not sealed against shrinking: its owner could cut it short "
        "while it is read");
  }
  size_bytes = static_cast<std::size_t>(file.st_size);
  return {};
}

// What the owner wrote, against the size of the file.
bool is_sound(const detail::SharedHeader& header, std::size_t size_bytes) noexcept {
  return header.magic == detail::shared_file_magic &&
         header.data_bytes <= detail::max_request_bytes && header.data_bytes != 0 &&
         header.data_bytes % detail::shared_line_bytes == 0 &&
         header.data_offset == detail::shared_data_offset(header.data_bytes) &&
         header.data_offset + header.data_bytes == size_bytes;
}

Status map_segment(int fd, SharedMapping& segment) noexcept {
  const int protection = segment.access == Access::read_write ? PROT_READ | PROT_WRITE : PROT_READ;
  void* mapped =
      ::mmap(nullptr, segment.mapping_bytes, protection, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (mapped != MAP_FAILED) {
    segment.mapping = static_cast<std::byte*>(mapped);
    return {};
  }
  if (errno == EACCES || errno == EPERM) {
    return {ErrorCode::failed_precondition,
            "the segment's descriptor is for reading only; ask its owner for one by "
            "segment_fd(segment, Access::read_write)"};
  }
  return Status::out_of_memory();
}

Status no_longer() noexcept {
  return {ErrorCode::not_found,
          "the described block was freed by its owner, or never was; ask for a new descriptor"};
}

}  // namespace

SharedSegment::SharedSegment(std::shared_ptr<const SharedMapping> mapping) noexcept
    : mapping_(std::move(mapping)) {}

Result<SharedSegment> SharedSegment::open(int fd, Access access) noexcept {
  std::size_t size_bytes = 0;
  if (Status status = check_file(fd, size_bytes); !status.ok()) return status;
  try {
    auto segment = std::make_shared<SharedMapping>();
    if (::pread(fd, &segment->header, sizeof(segment->header), 0) != sizeof(segment->header) ||
        !is_sound(segment->header, size_bytes)) {
      return not_a_segment("the file does not begin as a segment of this library's version does");
    }
    segment->access = access;
    segment->mapping_bytes = size_bytes;
    if (Status status = map_segment(fd, *segment); !status.ok()) return status;
    return SharedSegment(std::move(segment));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

SegmentId SharedSegment::id() const noexcept { return mapping_->header.id; }

std::size_t SharedSegment::size_bytes() const noexcept { return mapping_->header.data_bytes; }

Result<std::span<const std::byte>> SharedSegment::resolve(
    const MemoryDescriptor& block) const noexcept {
  if (!mapping_->contains(block)) {
    return Status(ErrorCode::invalid_argument,
                  block.segment == mapping_->header.id
                      ? "the descriptor leads out of its segment"
                      : "the descriptor is of another segment; ask its owner for segment_fd");
  }
  if (!mapping_->has(block)) return no_longer();
  return std::span<const std::byte>(mapping_->data() + block.offset, block.size_bytes);
}

Result<Storage> SharedSegment::storage(const MemoryDescriptor& block) const noexcept {
  if (Result<std::span<const std::byte>> bytes = resolve(block); !bytes) return bytes.error();
  try {
    return Storage::wrap(
        mapping_->data() + block.offset, block.size_bytes, Device{}, [mapping = mapping_] {},
        mapping_->access);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

bool SharedSegment::is_current(const MemoryDescriptor& block) const noexcept {
  // Before: whatever the caller read, as the reader of a sequence lock does it.
  std::atomic_thread_fence(std::memory_order_acquire);
  return mapping_->contains(block) && mapping_->has(block);
}

}  // namespace frys
