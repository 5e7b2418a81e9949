// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/vector_set.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <utility>

#include "support/exact_neighbours.hpp"

namespace frys::bench {
namespace {

/// Words folded in one by one; good enough to name files by, no more.
std::uint64_t fold(std::uint64_t hash, std::uint64_t word) {
  return std::rotl((hash ^ word) * 0x9E3779B97F4A7C15, 29);
}

std::uint64_t hash_of(const VectorSet& set) {
  std::uint64_t hash = fold(static_cast<std::uint64_t>(set.metric), set.dimension);
  hash = fold(hash, neighbours);
  for (const std::vector<float>* values : {&set.vectors, &set.queries}) {
    hash = fold(hash, values->size());
    for (const float value : *values) hash = fold(hash, std::bit_cast<std::uint32_t>(value));
  }
  return hash;
}

bool is_of_bytes(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) {
    return value >= 0 && value <= 255 && value == std::floor(value);
  });
}

Status write_doubles(const std::string& path, const std::vector<double>& values) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(double)));
  return file.flush() ? Status() : Status(ErrorCode::io_error, path + " can't be written");
}

/// Empty unless the file holds that many.
std::vector<double> read_doubles(const std::string& path, std::size_t count) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || file.tellg() != static_cast<std::streamoff>(count * sizeof(double))) return {};
  std::vector<double> values(count);
  file.seekg(0);
  file.read(reinterpret_cast<char*>(values.data()),
            static_cast<std::streamsize>(count * sizeof(double)));
  return file ? values : std::vector<double>();
}

void find_neighbours(VectorSet& set, const BenchCache& cache) {
  char key[64];
  std::snprintf(key, sizeof(key), "truth-%016llx",
                static_cast<unsigned long long>(set.content_hash));
  if (const auto path = cache.find(key)) {
    set.kth_distances = read_doubles(*path, set.query_count());
    if (!set.kth_distances.empty()) return;
  }
  set.kth_distances =
      kth_distances(set.metric, set.vectors, set.queries, set.dimension, neighbours);
  // What can't be kept is found again by the next run.
  (void)cache.keep(key,
                   [&](const std::string& path) { return write_doubles(path, set.kth_distances); });
}

Status check_parts(const VectorTable& vectors, const VectorTable& queries) {
  if (vectors.rows() < neighbours) {
    return Status(ErrorCode::invalid_argument, "the set has " + std::to_string(vectors.rows()) +
                                                   " vectors, and " + std::to_string(neighbours) +
                                                   " neighbours are looked for");
  }
  if (queries.rows() == 0) return Status(ErrorCode::invalid_argument, "the set has no query");
  if (vectors.columns == queries.columns) return {};
  return Status(ErrorCode::invalid_argument, "the vectors have " + std::to_string(vectors.columns) +
                                                 " dimensions, and the queries " +
                                                 std::to_string(queries.columns));
}

constexpr std::size_t image_side = 28;
constexpr std::size_t window_rows = 16;
constexpr std::size_t window_columns = 8;
using Window = std::array<std::uint8_t, window_rows * window_columns>;

Window cut(const float* image, std::size_t top, std::size_t left) {
  Window window;
  for (std::size_t r = 0; r < window_rows; ++r) {
    for (std::size_t c = 0; c < window_columns; ++c) {
      const float pixel = image[(top + r) * image_side + left + c];
      window[r * window_columns + c] = static_cast<std::uint8_t>(pixel);
    }
  }
  return window;
}

}  // namespace

Result<VectorSet> make_set(std::string name, Metric metric, VectorTable vectors,
                           VectorTable queries, const BenchCache& cache) {
  if (Status status = check_parts(vectors, queries); !status.ok()) return status;
  VectorSet set;
  set.name = std::move(name);
  set.metric = metric;
  set.bytes = is_of_bytes(vectors.values) && is_of_bytes(queries.values);
  set.dimension = vectors.columns;
  set.vectors = std::move(vectors.values);
  queries.values.resize(std::min(queries.rows(), max_queries) * queries.columns);
  set.queries = std::move(queries.values);
  set.content_hash = hash_of(set);
  find_neighbours(set, cache);
  return set;
}

Result<VectorSet> read_set(const std::string& vectors, const std::string& queries, Metric metric,
                           const BenchCache& cache) {
  Result<VectorTable> base = read_vectors(vectors);
  if (!base) return base.error();
  Result<VectorTable> asked = read_vectors(queries, max_queries);
  if (!asked) return asked.error();
  std::string name = vectors.substr(vectors.rfind('/') + 1);  // npos + 1 is 0.
  return make_set(std::move(name), metric, std::move(*base), std::move(*asked), cache);
}

VectorTable clustered_vectors(std::size_t count, std::size_t dimension, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  constexpr std::size_t topics = 300;
  std::vector<float> centres(topics * dimension);
  for (float& value : centres) value = normal(random);
  VectorTable table;
  table.columns = dimension;
  table.values.resize(count * dimension);
  for (std::size_t i = 0; i < count; ++i) {
    float* row = table.values.data() + i * dimension;
    const float* centre = centres.data() + random() % topics * dimension;
    double squares = 0;
    for (std::size_t d = 0; d < dimension; ++d) {
      row[d] = centre[d] + normal(random);
      squares += static_cast<double>(row[d]) * row[d];
    }
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (std::size_t d = 0; d < dimension; ++d) row[d] *= scale;
  }
  return table;
}

VectorTable image_windows(const VectorTable& images, std::uint64_t seed, std::size_t count) {
  std::vector<Window> windows;
  for (std::size_t i = 0; i < images.rows(); ++i) {
    for (const std::size_t top : {0, 4, 8, 12}) {
      for (const std::size_t left : {0, 5, 10, 15, 20}) {
        const Window window = cut(images.row(i), top, left);
        const auto blank = std::count(window.begin(), window.end(), 0);
        if (window.size() - static_cast<std::size_t>(blank) >= 64) windows.push_back(window);
      }
    }
  }
  std::sort(windows.begin(), windows.end());
  windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
  // Fisher and Yates, as std::shuffle differs between libraries.
  std::mt19937_64 random(seed);
  for (std::size_t i = windows.size(); i > 1; --i) std::swap(windows[i - 1], windows[random() % i]);
  VectorTable table;
  table.columns = window_rows * window_columns;
  table.element = ElementType::u8;
  windows.resize(std::min(count, windows.size()));
  for (const Window& window : windows) {
    table.values.insert(table.values.end(), window.begin(), window.end());
  }
  return table;
}

VectorTable hold_out(VectorTable& table, std::size_t every) {
  VectorTable held;
  held.columns = table.columns;
  held.element = table.element;
  std::vector<float> rest;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    std::vector<float>& to = i % every == 0 ? held.values : rest;
    to.insert(to.end(), table.row(i), table.row(i) + table.columns);
  }
  table.values = std::move(rest);
  return held;
}

}  // namespace frys::bench
