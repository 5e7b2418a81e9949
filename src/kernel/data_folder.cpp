// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "kernel/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/file.hpp"

namespace frys::detail {
namespace {

Status make_folder(const std::string& path) {
  if (path.empty()) {
    return {ErrorCode::invalid_argument,
            "KernelOptions::data_dir is empty; name the folder that shall hold the data"};
  }
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  if (errno != EEXIST) return io_error("cannot create the data folder", path, errno);
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return io_error("cannot look at", path, errno);
  if (!S_ISDIR(found.st_mode)) {
    return {ErrorCode::invalid_argument,
            "the data folder " + path + " is not a folder; move that file away or name another"};
  }
  return {};
}

// What the holder wrote; its first instant of holding the lock may find the file still empty.
std::string holder(const std::string& lock_path) {
  std::string text = read_small_file(lock_path).value_or("");
  const std::size_t end = text.find_first_not_of("0123456789");
  text.resize(std::min(end, text.size()));
  return text.empty() ? "another process" : "process " + text;
}

Status write_holder(int descriptor, const std::string& lock_path) {
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) != 0 ||
      ::pwrite(descriptor, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return io_error("cannot write", lock_path, errno);
  }
  return {};
}

}  // namespace

Result<DataFolder> DataFolder::acquire(const std::string& path) {
  if (Status status = make_folder(path); !status.ok()) return status;
  const std::string lock_path = path + "/LOCK";
  const int descriptor = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return io_error("cannot open", lock_path, errno);
  DataFolder folder(path, descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io_error("cannot lock", lock_path, errno);
    return Status(ErrorCode::already_open, "the data folder " + path + " is held by " +
                                               holder(lock_path) +
                                               "; close it there or open another folder");
  }
  if (Status status = write_holder(descriptor, lock_path); !status.ok()) return status;
  return folder;
}

DataFolder::DataFolder(std::string path, int descriptor) noexcept
    : path_(std::move(path)), descriptor_(descriptor), owner_(::getpid()) {}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      owner_(other.owner_) {}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(owner_, other.owner_);
  return *this;
}

DataFolder::~DataFolder() {
  // A process forked meanwhile shares the lock, and would keep it held. The file stays: removing it
  // would race with a process that has just opened it.
  if (descriptor_ < 0) return;
  if (owner_ == ::getpid()) ::flock(descriptor_, LOCK_UN);
  ::close(descriptor_);
}

}  // namespace frys::detail
