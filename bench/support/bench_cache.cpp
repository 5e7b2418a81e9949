// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/bench_cache.hpp"

#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace frys::bench {
namespace {

namespace fs = std::filesystem;

/// What is written beside a file: its size and CRC-32, as text. Empty when it can't be read.
std::string seal_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  std::vector<char> block(std::size_t{1} << 20);
  std::uint64_t size = 0;
  uLong crc = crc32(0, nullptr, 0);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
    crc =
        crc32(crc, reinterpret_cast<const Bytef*>(block.data()), static_cast<uInt>(file.gcount()));
    size += static_cast<std::uint64_t>(file.gcount());
  }
  return file.bad() ? "" : std::to_string(size) + " " + std::to_string(crc) + "\n";
}

std::string seal_path(const std::string& path) { return path + ".seal"; }

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string BenchCache::default_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::string(cache) + "/frys-bench";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.cache/frys-bench";
  return {};
}

std::optional<std::string> BenchCache::find(const std::string& key) const {
  if (folder_.empty()) return std::nullopt;
  const std::string path = path_of(key);
  const std::string kept = text_of(seal_path(path));
  if (!kept.empty() && kept == seal_of(path)) return path;
  forget(key);
  return std::nullopt;
}

Status BenchCache::keep(const std::string& key,
                        const std::function<Status(const std::string& path)>& write) const {
  if (folder_.empty()) return {};
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return Status(ErrorCode::io_error, folder_ + ": " + error.message());
  forget(key);
  // Another run may be at the same file.
  const std::string draft = path_of(key) + "." + std::to_string(::getpid()) + ".draft";
  const auto fail = [&](const Status& why) {
    std::error_code ignored;
    fs::remove(draft, ignored);
    forget(key);
    return why;
  };
  if (const Status written = write(draft); !written.ok()) return fail(written);
  const std::string seal = seal_of(draft);
  fs::rename(draft, path_of(key), error);
  if (error) return fail(Status(ErrorCode::io_error, draft + ": " + error.message()));
  std::ofstream beside(seal_path(path_of(key)), std::ios::binary);
  if (!(beside << seal << std::flush)) {
    return fail(Status(ErrorCode::io_error, seal_path(path_of(key)) + " can't be written"));
  }
  return {};
}

void BenchCache::forget(const std::string& key) const {
  std::error_code ignored;
  fs::remove(seal_path(path_of(key)), ignored);
  fs::remove(path_of(key), ignored);
}

}  // namespace frys::bench
