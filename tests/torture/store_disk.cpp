// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "torture/store_disk.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "frys/core/random.hpp"

namespace frys::torture {
namespace {

Disk* the_disk = nullptr;
bool is_watched = false;

[[noreturn]] void end_now() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

}  // namespace

Disk& Disk::shared() {
  if (the_disk == nullptr) {
    void* memory =
        ::mmap(nullptr, sizeof(Disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::fputs("no memory to share\n", stderr);
      std::exit(1);
    }
    the_disk = new (memory) Disk();
  }
  return *the_disk;
}

void Disk::watch() noexcept { is_watched = true; }
bool Disk::watched() noexcept { return is_watched; }

void Disk::kill_at(std::uint64_t nth, StepEnd end, std::uint64_t seed) noexcept {
  part_seed_ = seed;
  end_ = end;
  last_step_ = steps_ + nth;
}

void Disk::refuse(std::uint64_t nth, std::uint64_t times, std::uint8_t changes,
                  int error) noexcept {
  refuse_changes_ = changes;
  refuse_error_ = error;
  refuse_from_ = steps_ + nth;
  refuse_before_ = refuse_from_ + times;
}

void Disk::be_good() noexcept {
  refuse_before_ = 0;
  last_step_ = 0;
}

void Disk::clear() noexcept {
  for (File& file : files_) file.inode = 0, file.bytes = 0;
}

Disk::File* Disk::find(ino_t inode, bool add) noexcept {
  for (std::size_t tries = 0, at = mix64(inode); tries < most_files; ++tries, ++at) {
    File& file = files_[at % most_files];
    ino_t there = file.inode.load();
    if (there == 0 && !add) return nullptr;
    if (there == 0 && file.inode.compare_exchange_strong(there, inode)) return &file;
    if (there == inode) return &file;
  }
  return nullptr;
}

void Disk::note(ino_t inode, off_t bytes) noexcept {
  if (File* file = find(inode, true)) file->bytes = bytes;
}

void Disk::cut(ino_t inode, off_t bytes) noexcept {
  File* file = find(inode, false);
  if (file != nullptr && file->bytes > bytes) file->bytes = bytes;
}

// The inode may soon be another file's.
void Disk::forget(const char* path) noexcept {
  struct stat info{};
  if (::stat(path, &info) == 0 && info.st_nlink == 1) cut(info.st_ino, 0);
}

off_t Disk::on_device(ino_t inode) const noexcept {
  const File* file = const_cast<Disk*>(this)->find(inode, false);
  return file == nullptr ? 0 : file->bytes.load();
}

void Disk::go_down(const std::string& folder) const {
  std::error_code none_yet;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, none_yet)) {
    struct stat info{};
    if (::stat(entry.path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    const off_t kept = on_device(info.st_ino);
    if (kept < info.st_size) std::filesystem::resize_file(entry.path(), kept);
  }
}

/// `call(n)` does the step with `n` of its `bytes`.
template <typename Call>
long Disk::change(Change kind, std::size_t bytes, Call&& call) noexcept {
  const std::uint64_t step = ++steps_;
  const bool last = step == last_step_;
  const auto part = [&] { return bytes == 0 ? 0 : mix64(part_seed_ + step) % bytes; };
  if (last && (end_ == StepEnd::before || (end_ == StepEnd::within && part() == 0))) end_now();
  if (last && end_ == StepEnd::within) {
    (void)call(part());
    end_now();
  }
  if (step >= refuse_from_ && step < refuse_before_ && (kind & refuse_changes_) != 0) {
    ++refused_;
    const bool first = step == refuse_from_;
    if (first && refuse_error_ == ENOSPC && part() > 0) return call(part());
    errno = refuse_error_;
    return -1;
  }
  const long result = call(bytes);
  if (last) end_now();
  return result;
}

namespace {

int sync_file(int fd, long number) {
  if (!Disk::watched()) return static_cast<int>(::syscall(number, fd));
  Disk& disk = Disk::shared();
  struct stat info{};
  const bool known = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  return static_cast<int>(disk.change(change_sync, 0, [&](std::size_t) {
    const long result = ::syscall(number, fd);
    if (result == 0 && known) disk.note(info.st_ino, info.st_size);
    return result;
  }));
}

template <typename Call>
ssize_t write_bytes(int fd, std::size_t bytes, Call&& call) {
  if (!Disk::watched() || fd <= STDERR_FILENO) return call(bytes);
  return Disk::shared().change(change_bytes, bytes, call);
}

template <typename Call>
int change_name(const char* gone, Call&& call) {
  if (!Disk::watched()) return static_cast<int>(call());
  Disk& disk = Disk::shared();
  return static_cast<int>(disk.change(change_names, 0, [&](std::size_t) {
    disk.forget(gone);
    return call();
  }));
}

}  // namespace
}  // namespace frys::torture

extern "C" {

using namespace frys::torture;  // NOLINT: these are the C library's names.

ssize_t write(int fd, const void* data, size_t bytes) {
  return write_bytes(fd, bytes, [&](size_t n) { return ::syscall(SYS_write, fd, data, n); });
}

ssize_t pwrite(int fd, const void* data, size_t bytes, off_t at) {
  return write_bytes(fd, bytes, [&](size_t n) { return ::syscall(SYS_pwrite64, fd, data, n, at); });
}

int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }
int fsync(int fd) { return sync_file(fd, SYS_fsync); }

int ftruncate(int fd, off_t bytes) noexcept {
  struct stat info{};
  if (Disk::watched() && ::fstat(fd, &info) == 0) Disk::shared().cut(info.st_ino, bytes);
  return static_cast<int>(
      write_bytes(fd, 0, [&](size_t) { return ::syscall(SYS_ftruncate, fd, bytes); }));
}

int unlink(const char* path) noexcept {
  return change_name(path, [&] { return ::syscall(SYS_unlinkat, AT_FDCWD, path, 0); });
}

int rename(const char* from, const char* to) noexcept {
  return change_name(to, [&] { return ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); });
}

}  // extern "C"
