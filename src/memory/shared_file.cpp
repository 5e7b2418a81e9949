// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/shared_file.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>

#include "memory/short_lock.hpp"

namespace frys::detail {
namespace {

constinit ShortLock files_lock;
constinit std::atomic<SharedFile*> first_file{nullptr};
constinit std::uint64_t last_generation = 0;  // under the lock

// The child has none of the mappings, and must not touch its parent's files. It is alone, and the
// list is whole at any instant, so it needs no lock; who held it is not here to give it back.
void disown_in_child() noexcept {
  for (SharedFile* file = first_file.exchange(nullptr); file != nullptr;) {
    const std::unique_ptr<SharedFile> gone(file);
    file = file->next.load();
    ::close(gone->descriptor);
  }
  std::construct_at(&files_lock);
}

// To be told twice, where two threads come first, changes nothing.
bool follows_forks() noexcept {
  static constinit std::atomic<bool> follows{false};
  if (!follows && ::pthread_atfork(nullptr, nullptr, &disown_in_child) == 0) follows = true;
  return follows;
}

// To exceed it would end the process by a signal (SIGXFSZ).
bool within_file_limit(std::size_t bytes) noexcept {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 && bytes <= limit.rlim_cur;
}

void count(SystemCallCount& calls) noexcept { calls.fetch_add(1, std::memory_order_relaxed); }

// A sealed file of so many bytes, or −1.
int make_file(std::size_t bytes, SystemCallCount& calls) noexcept {
  if (!within_file_limit(bytes)) return -1;
  count(calls);
  const int file = ::memfd_create("frys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return -1;
  if (::ftruncate(file, static_cast<off_t>(bytes)) == 0 &&
      ::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
    return file;
  }
  ::close(file);
  return -1;
}

// Maps the file where a multiple of the alignment is free. Null when refused.
std::byte* map_file(int file, std::size_t bytes, SystemCallCount& calls) noexcept {
  constexpr std::size_t alignment = shared_data_alignment;
  count(calls);
  void* space = ::mmap(nullptr, bytes + alignment, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return nullptr;
  auto* start = static_cast<std::byte*>(space);
  auto* aligned =
      reinterpret_cast<std::byte*>(round_up(reinterpret_cast<std::uintptr_t>(space), alignment));
  count(calls);
  void* mapped = ::mmap(aligned, bytes, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_FIXED | MAP_NORESERVE, file, 0);
  if (mapped == MAP_FAILED || ::madvise(mapped, bytes, MADV_DONTFORK) != 0) {
    ::munmap(space, bytes + alignment);
    return nullptr;
  }
  if (aligned != start) ::munmap(start, static_cast<std::size_t>(aligned - start));
  if (std::byte* end = aligned + bytes; end != start + bytes + alignment) {
    ::munmap(end, static_cast<std::size_t>(start + bytes + alignment - end));
  }
  return aligned;
}

// Under the lock.
SharedFile* file_of(const void* address) noexcept {
  const auto* at = static_cast<const std::byte*>(address);
  SharedFile* file = first_file.load(std::memory_order_relaxed);
  while (file != nullptr && (at < file->data || at >= file->data + file->data_bytes)) {
    file = file->next.load(std::memory_order_relaxed);
  }
  return file;
}

}  // namespace

SharedFile* SharedFile::make(std::size_t data_bytes, SystemCallCount& calls) noexcept {
  std::unique_ptr<SharedFile> file(new (std::nothrow) SharedFile);
  if (file == nullptr) return nullptr;
  std::uint64_t random[2];
  if (::getrandom(random, sizeof(random), 0) != sizeof(random)) return nullptr;
  file->id = {random[0], random[1]};
  const std::size_t data_offset = shared_data_offset(data_bytes);
  file->mapping_bytes = data_offset + data_bytes;
  file->descriptor = make_file(file->mapping_bytes, calls);
  if (file->descriptor < 0) return nullptr;
  const SharedHeader header{.id = file->id, .data_offset = data_offset, .data_bytes = data_bytes};
  // By a call, which is refused where touching the page would be a fault.
  if (::pwrite(file->descriptor, &header, sizeof(header), 0) == sizeof(header)) {
    file->mapping = map_file(file->descriptor, file->mapping_bytes, calls);
  }
  if (file->mapping == nullptr) {
    ::close(file->descriptor);
    return nullptr;
  }
  file->data = file->mapping + data_offset;
  file->data_bytes = data_bytes;
  return file.release();
}

void SharedFile::destroy(SharedFile* file, SystemCallCount& calls) noexcept {
  unmap_pages(file->mapping, file->mapping_bytes, calls);
  ::close(file->descriptor);
  delete file;
}

namespace shared_files {

bool add(SharedFile* file) noexcept {
  if (!follows_forks()) return false;
  const std::lock_guard lock(files_lock);
  file->next.store(first_file.load(std::memory_order_relaxed), std::memory_order_relaxed);
  first_file.store(file, std::memory_order_release);
  return true;
}

SharedFile* remove(const void* data) noexcept {
  const std::lock_guard lock(files_lock);
  for (std::atomic<SharedFile*>* link = &first_file; SharedFile* file = link->load();
       link = &file->next) {
    if (file->data != data) continue;
    link->store(file->next.load());
    return file;
  }
  return nullptr;
}

SharedFile* find(const void* address) noexcept {
  const std::lock_guard lock(files_lock);
  return file_of(address);
}

int duplicate(const SegmentId& id, Access access) noexcept {
  const std::lock_guard lock(files_lock);
  SharedFile* file = first_file.load(std::memory_order_relaxed);
  while (file != nullptr && file->id != id) file = file->next.load(std::memory_order_relaxed);
  if (file == nullptr) {
    errno = ENOENT;
    return -1;
  }
  if (access == Access::read_write) return ::fcntl(file->descriptor, F_DUPFD_CLOEXEC, 0);
  // A duplicate could be mapped for writing; opening the file once more leaves that out.
  char path[32] = "/proc/self/fd/";
  std::to_chars(path + std::strlen(path), path + sizeof(path) - 1, file->descriptor);
  const int opened = ::open(path, O_RDONLY | O_CLOEXEC);
  if (opened < 0 && errno == ENOENT) errno = ENOSYS;
  return opened;
}

SharedFile* describe(const void* block, std::size_t bytes, std::uint64_t& generation) noexcept {
  const std::lock_guard lock(files_lock);
  SharedFile* file = file_of(block);
  if (file == nullptr) return nullptr;
  SharedEntry& entry = file->entry_of(block);
  generation = entry.generation.load(std::memory_order_relaxed);
  if (generation != 0) return file;
  generation = ++last_generation;
  entry.size_bytes.store(bytes, std::memory_order_relaxed);
  // Who sees the generation sees the size, and the bytes that were written before.
  entry.generation.store(generation, std::memory_order_release);
  return file;
}

void forget(const void* block) noexcept {
  const std::lock_guard lock(files_lock);
  SharedFile* file = file_of(block);
  if (file == nullptr) return;
  file->entry_of(block).generation.store(0, std::memory_order_relaxed);
  // Before whatever the next owner writes, as the writer of a sequence lock does it.
  std::atomic_thread_fence(std::memory_order_seq_cst);
}

}  // namespace shared_files
}  // namespace frys::detail
