// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/graph_checkpoint.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "core/file.hpp"

namespace frys::detail {
namespace {

constexpr std::string_view prefix = "graph-";
constexpr std::size_t kept_generations = 2;

/// Fills `bytes`, or as much of it as there is: what is missing stays zero, and fails its checksum.
Status read_all(int descriptor, const std::string& path, std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = ::read(descriptor, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("cannot read", path, errno);
    if (got == 0) break;
    bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

GraphCheckpoint::GraphCheckpoint(const std::string& folder, std::uint8_t space,
                                 const Environment& environment)
    : environment_(environment), folder_(folder + "/" + folder_of(space)) {}

std::string GraphCheckpoint::folder_of(std::uint8_t space) {
  return space == 0 ? "graph" : "graph-" + std::to_string(space);
}

std::string GraphCheckpoint::name_of(std::uint64_t generation) const {
  char digits[24];
  std::snprintf(digits, sizeof(digits), "%020llu", static_cast<unsigned long long>(generation));
  return folder_ + "/" + std::string(prefix) + digits;
}

/// Newest first.
std::vector<std::uint64_t> GraphCheckpoint::generations() const {
  std::vector<std::uint64_t> found;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder_, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::uint64_t generation = 0;
    if (!name.starts_with(prefix)) continue;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, generation);
    if (parsed.ec == std::errc() && parsed.ptr == end) found.push_back(generation);
  }
  std::ranges::sort(found, std::greater());
  return found;
}

std::string GraphCheckpoint::newest() const {
  const std::vector<std::uint64_t> found = generations();
  return found.empty() ? std::string() : name_of(found.front());
}

void GraphCheckpoint::load(index::IndexCore& core, KeyOf key_of) {
  for (const std::uint64_t generation : generations()) {
    const std::string file = name_of(generation);
    const Status status = load_one(core, key_of, file);
    if (status.ok()) return;
    environment_.write_log(
        status == ErrorCode::failed_precondition ? LogLevel::info : LogLevel::warning, "experience",
        file + " is passed over: " + status.to_string());
  }
}

Status GraphCheckpoint::load_one(index::IndexCore& core, KeyOf key_of,
                                 const std::string& file) const {
  const File open(file, O_RDONLY);
  struct stat about{};
  if (!open.is_open() || ::fstat(open.descriptor(), &about) != 0) {
    return io_error("cannot open", file, errno);
  }
  if (!S_ISREG(about.st_mode)) return Status(ErrorCode::corruption, "it is no file");
  const auto bytes = static_cast<std::size_t>(about.st_size);
  std::vector<std::byte> saved(std::min(bytes, sizeof(index::GraphFileHeader)));
  Status status = read_all(open.descriptor(), file, saved);
  if (status.ok()) status = core.check_saved(saved, bytes);
  if (!status.ok()) return status;
  const std::size_t head = saved.size();
  saved.resize(bytes);
  status = read_all(open.descriptor(), file, std::span(saved).subspan(head));
  return status.ok() ? core.load_graph(saved, key_of) : status;
}

Status GraphCheckpoint::write_part(const index::IndexCore& core, KeyOf key_of,
                                   const std::string& part) const {
  Status status = check_file_limit(part, core.most_saved_bytes());
  if (!status.ok()) return status;
  const File file(part, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) return io_error("cannot create", part, errno);
  return core.save_graph(key_of, [&](std::span<const std::byte> bytes) {
    const Status fault = environment_.check_fault("experience.checkpoint.write");
    if (!fault.ok()) return fault;
    return write_all(file.descriptor(), part,
                     {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
}

Status GraphCheckpoint::save(const index::IndexCore& core, KeyOf key_of) {
  const std::string part = folder_ + "/graph.part";
  if (::mkdir(folder_.c_str(), 0755) != 0 && errno != EEXIST) {
    return io_error("cannot make the folder", folder_, errno);
  }
  const std::vector<std::uint64_t> before = generations();
  const std::string name = name_of(before.empty() ? 1 : before.front() + 1);
  Status status = write_part(core, key_of, part);
  if (status.ok()) status = environment_.check_fault("experience.checkpoint.sync");
  if (status.ok()) status = sync_path(part);
  if (status.ok()) status = environment_.check_fault("experience.checkpoint.rename");
  if (status.ok() && ::rename(part.c_str(), name.c_str()) != 0) {
    status = io_error("cannot rename", part, errno);
  }
  if (!status.ok()) {
    ::unlink(part.c_str());
    return status;
  }
  status = sync_path(folder_);
  if (!status.ok()) return status;
  for (std::size_t i = kept_generations - 1; i < before.size(); ++i) {
    ::unlink(name_of(before[i]).c_str());
  }
  return {};
}

}  // namespace frys::detail
