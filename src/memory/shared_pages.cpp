// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/shared_pages.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>

#include "memory/shared_file.hpp"

namespace frys::detail {
namespace {

// Gives the pages their memory, and leaves alone what they hold. False when there is too little.
bool allocate_in_file(SharedFile& file, void* pages, std::size_t bytes,
                      SystemCallCount& calls) noexcept {
  const auto offset = static_cast<off_t>(static_cast<std::byte*>(pages) - file.mapping);
  int rc = 0;
  do {
    calls.fetch_add(1, std::memory_order_relaxed);
    rc = ::fallocate(file.descriptor, 0, offset, static_cast<off_t>(bytes));
  } while (rc != 0 && errno == EINTR);
  return rc == 0;
}

}  // namespace

void* SharedPages::map(std::size_t bytes, std::size_t alignment) noexcept {
  if (alignment > shared_data_alignment) return nullptr;
  SharedFile* file = SharedFile::make(bytes, calls());
  if (file == nullptr) return nullptr;
  if (shared_files::add(file)) return file->data;
  SharedFile::destroy(file, calls());
  return nullptr;
}

void SharedPages::unmap(void* pages, std::size_t) noexcept {
  if (SharedFile* file = shared_files::remove(pages)) SharedFile::destroy(file, calls());
}

void SharedPages::decommit(void* pages, std::size_t bytes) noexcept {
  SharedFile* file = shared_files::find(pages);
  if (file == nullptr) return;
  calls().fetch_add(1, std::memory_order_relaxed);
  const auto offset = static_cast<off_t>(static_cast<std::byte*>(pages) - file->mapping);
  ::fallocate(file->descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
              static_cast<off_t>(bytes));
}

bool SharedPages::populate(void* pages, std::size_t bytes) noexcept {
  SharedFile* file = shared_files::find(pages);
  if (file == nullptr || !allocate_in_file(*file, pages, bytes, calls())) return false;
  // There is memory for every page now, so that mapping them in cannot be refused for lack of it.
  return populate_pages(pages, bytes, calls());
}

bool SharedPages::commit(void* pages, std::size_t bytes) noexcept {
  if (overcommits()) return true;
  SharedFile* file = shared_files::find(pages);
  return file != nullptr && allocate_in_file(*file, pages, bytes, calls());
}

}  // namespace frys::detail
