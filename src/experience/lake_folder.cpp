// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <vector>

namespace frys::detail {
namespace {

Status folder_error(const std::string& path, int error_number) {
  return Status(ErrorCode::io_error,
                "experience store " + path +
                    ": the folder can't be made or opened: " + std::strerror(error_number) +
                    "; check that its parent exists and may be written to");
}

/// The names in a folder; `error` is set when it can't be read to its end.
std::vector<std::string> names_in(const std::string& path, std::error_code& error) {
  std::vector<std::string> names;
  std::filesystem::directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  return names;
}

/// The paths of the write-ahead logs, oldest first: their numbers have leading zeros.
std::vector<std::string> logs_in(const std::string& path, std::error_code& error) {
  std::vector<std::string> logs = names_in(path, error);
  std::erase_if(logs, [](const std::string& name) { return !name.ends_with(".log"); });
  std::sort(logs.begin(), logs.end());
  for (std::string& log : logs) log.insert(0, path + "/");
  return logs;
}

bool empty(const std::string& file) noexcept {
  struct stat info{};
  return ::stat(file.c_str(), &info) == 0 && info.st_size == 0;
}

/// 0 or the reason, an errno.
int sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = ::fdatasync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

}  // namespace

Result<std::string> prepare_folder(const std::string& path) {
  if (path.empty()) {
    return Status(ErrorCode::invalid_argument, "experience store: path is empty; name a folder");
  }
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return folder_error(path, errno);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return folder_error(path, errno);
  if (!S_ISDIR(info.st_mode)) {
    return Status(ErrorCode::invalid_argument,
                  "experience store " + path + ": this is a file; name a folder");
  }
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(path.c_str(), nullptr), std::free);
  if (real == nullptr) return folder_error(path, errno);
  return std::string(real.get());
}

bool holds_store(const std::string& path) {
  std::error_code error;
  const std::vector<std::string> names = names_in(path, error);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "CURRENT" || name.ends_with(".sst") || name.starts_with("MANIFEST-");
  });
}

bool has_tables(const std::string& path) {
  std::error_code error;
  const std::vector<std::string> names = names_in(path, error);
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.ends_with(".sst"); });
}

Status check_not_headless(const std::string& path) {
  std::error_code error;
  const std::vector<std::string> names = names_in(path, error);
  if (error) return folder_error(path, error.value());
  if (std::find(names.begin(), names.end(), "CURRENT") != names.end()) return {};
  for (const std::string& name : names) {
    if (name.ends_with(".sst") || (name.starts_with("MANIFEST-") && name != "MANIFEST-000001")) {
      return Status(ErrorCode::corruption,
                    "experience store " + path + ": it holds " + name +
                        " but no file CURRENT, which names the manifest in use: restore CURRENT "
                        "(one line, MANIFEST-<number>) or a backup");
    }
  }
  return {};
}

Result<std::size_t> sync_logs(const std::string& path) {
  std::error_code listing;
  std::vector<std::string> logs = logs_in(path, listing);
  if (listing) return folder_error(path, listing.value());
  const auto count = static_cast<std::size_t>(
      std::count_if(logs.begin(), logs.end(), [](const std::string& log) { return !empty(log); }));
  if (count > 0) logs.push_back(path);  // Their names.
  for (const std::string& log : logs) {
    const int error = sync_path(log);
    if (error == 0) continue;
    return Status(ErrorCode::io_error, "experience store " + path + ": " + log +
                                           " can't be put on the device: " + std::strerror(error));
  }
  return count;
}

void remove_empty_logs(const std::string& path) noexcept try {
  std::error_code ignored;
  std::vector<std::string> logs = logs_in(path, ignored);
  if (logs.empty()) return;
  logs.pop_back();
  for (const std::string& log : logs) {
    if (empty(log)) ::unlink(log.c_str());
  }
} catch (const std::bad_alloc&) {
  // They stay until the next time.
}

std::string lock_holder(const std::string& path, const std::string& rocksdb_message) {
  if (rocksdb_message.find("current process") != std::string::npos) return "this process";
  const int fd = ::open((path + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "another process";
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  const bool known = ::fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0;
  ::close(fd);
  return known ? "process " + std::to_string(lock.l_pid) : "another process";
}

Status probe_folder(const std::string& path) {
  const std::string name = path + "/frys-probe";
  const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return folder_error(path, errno);
  const std::string room(std::size_t{256} << 10, '\0');
  const bool written = ::write(fd, room.data(), room.size()) == static_cast<ssize_t>(room.size()) &&
                       ::fdatasync(fd) == 0;
  const int error = written ? 0 : (errno != 0 ? errno : ENOSPC);
  ::close(fd);
  ::unlink(name.c_str());
  if (written) return {};
  return Status(ErrorCode::io_error, "experience store " + path +
                                         ": an earlier write failed, and a "
                                         "trial write still does: " +
                                         std::strerror(error) +
                                         "; what is stored can be read; make room and store again");
}

}  // namespace frys::detail
