// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "core/file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace frys::detail {
namespace {

std::string_view advice(int error_number) noexcept {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space or choose another disk";
    case EROFS:
    case EACCES:
    case EPERM:
      return "; choose a place this user may write to";
    case ENOENT:
      return "; create the folder first";
    case EMFILE:
    case ENFILE:
      return "; raise the limit of open files";
    default:
      return "";
  }
}

}  // namespace

Status io_error(std::string_view what, const std::string& path, int error_number) {
  std::string message(what);
  message.append(" ").append(path).append(": ");
  message.append(std::system_category().message(error_number));
  message.append(advice(error_number));
  return {ErrorCode::io_error, message};
}

Status write_all(int descriptor, const std::string& path, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return io_error("cannot write", path, errno);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status sync_path(const std::string& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) return io_error("cannot open", path, errno);
  return ::fsync(file.descriptor()) == 0 ? Status() : io_error("cannot sync", path, errno);
}

Status check_file_limit(const std::string& path, std::uint64_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || bytes <= limit.rlim_cur) return {};
  return io_error("cannot write", path, EFBIG);
}

File::File(const std::string& path, int flags) noexcept
    : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status write_file(const std::string& path, std::string_view content) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return io_error("cannot create", path, errno);
  Status status = write_all(descriptor, path, content);
  if (::close(descriptor) != 0 && status.ok()) status = io_error("cannot close", path, errno);
  return status;
}

std::optional<std::string> read_small_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  constexpr std::size_t limit = 64 * 1024;
  std::string content(limit, '\0');
  std::size_t used = 0;
  while (used < limit) {
    const ssize_t got = ::read(descriptor, content.data() + used, limit - used);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
  }
  ::close(descriptor);
  content.resize(used);
  return content;
}

}  // namespace frys::detail
