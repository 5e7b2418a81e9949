// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/embedding_spaces.hpp"

#include <algorithm>
#include <cmath>

#include "experience/bytes.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t max_name_bytes = 64;
constexpr std::size_t least_dimension = 2;
constexpr std::size_t most_dimension = 4096;

const std::string& name_of(const NamedEmbedding* named) noexcept { return named->name; }

Status invalid(const std::string& what) {
  return Status(ErrorCode::invalid_argument, "experience: " + what);
}

Status check(const NamedEmbedding& named) {
  if (!is_space_name(named.name)) {
    return invalid("the name of an embedding's space has " + std::to_string(named.name.size()) +
                   " bytes; give 1 to 64 visible characters of ASCII");
  }
  const std::string which = "embedding \"" + named.name + "\"";
  if (named.vector.empty()) return invalid(which + " has no vector; give one, or leave it out");
  for (std::size_t i = 0; i < named.vector.size(); ++i) {
    if (std::isfinite(named.vector[i])) continue;
    return invalid(which + ": [" + std::to_string(i) + "] is not a finite number");
  }
  return {};
}

}  // namespace

bool is_space_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= max_name_bytes &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
}

Status check_spaces(std::span<const VectorSpace> spaces) {
  const auto wrong = [](const std::string& what) {
    return Status(ErrorCode::invalid_argument, "experience store: " + what);
  };
  if (spaces.size() > most_spaces) {
    return wrong(std::to_string(spaces.size()) + " spaces are given; a store has 16 at most");
  }
  for (std::size_t i = 0; i < spaces.size(); ++i) {
    const VectorSpace& space = spaces[i];
    if (!is_space_name(space.name)) {
      return wrong("the name of a space has " + std::to_string(space.name.size()) +
                   " bytes; give 1 to 64 visible characters of ASCII");
    }
    if (space.dimension < least_dimension || space.dimension > most_dimension) {
      return wrong("space \"" + space.name + "\" has " + std::to_string(space.dimension) +
                   " dimensions; give 2 to 4096");
    }
    if (number_of(space.name, spaces) != i + 1) {
      return wrong("space \"" + space.name + "\" is there twice; give it once");
    }
  }
  return {};
}

Result<std::vector<VectorSpace>> join_spaces(std::span<const VectorSpace> made,
                                             std::span<const VectorSpace> wanted) {
  std::vector<VectorSpace> all(made.begin(), made.end());
  for (const VectorSpace& space : wanted) {
    const std::uint8_t number = number_of(space.name, made);
    if (number == 0) {
      all.push_back(space);
    } else if (made[number - 1U].dimension != space.dimension) {
      return Status(ErrorCode::failed_precondition,
                    "its space \"" + space.name + "\" has " +
                        std::to_string(made[number - 1U].dimension) + " dimensions, asked was " +
                        std::to_string(space.dimension) +
                        ": open it with the same, or name another space");
    }
  }
  if (all.size() <= most_spaces) return all;
  return Status(ErrorCode::failed_precondition,
                "it has " + std::to_string(made.size()) + " spaces, with those asked " +
                    std::to_string(all.size()) + "; a store has 16 at most");
}

std::uint8_t number_of(std::string_view name, std::span<const VectorSpace> spaces) noexcept {
  const auto found = std::ranges::find(spaces, name, &VectorSpace::name);
  return found == spaces.end() ? std::uint8_t{0}
                               : static_cast<std::uint8_t>(found - spaces.begin() + 1);
}

std::string names_of(std::span<const VectorSpace> spaces) {
  std::string names;
  for (const VectorSpace& space : spaces) {
    names += (names.empty() ? "\"" : ", \"") + space.name + "\"";
  }
  return names.empty() ? "none" : names;
}

Result<NamedEmbeddings> in_order(const std::vector<NamedEmbedding>& embeddings) {
  NamedEmbeddings sorted;
  sorted.reserve(embeddings.size());
  for (const NamedEmbedding& named : embeddings) {
    Status status = check(named);
    if (!status.ok()) return status;
    sorted.push_back(&named);
  }
  std::ranges::sort(sorted, {}, name_of);
  const auto twice = std::ranges::adjacent_find(sorted, {}, name_of);
  if (twice == sorted.end()) return sorted;
  return invalid("embedding \"" + (*twice)->name + "\" is there twice; give one for each space");
}

std::size_t named_bytes(const NamedEmbedding& named) noexcept {
  return sizeof(std::uint16_t) + named.name.size() + named.vector.size() * sizeof(float);
}

void append_named(std::string& out, const NamedEmbedding& named) {
  append_value(out, static_cast<std::uint16_t>(named.name.size()));
  out.append(named.name);
  out.append(reinterpret_cast<const char*>(named.vector.data()),
             named.vector.size() * sizeof(float));
}

bool read_named(std::string_view value, std::vector<NamedEmbedding>& embeddings) {
  ByteReader reader(value);
  std::uint16_t name_bytes = 0;
  std::string_view name;
  if (!reader.take(name_bytes) || !reader.take_bytes(name_bytes, name) || !is_space_name(name)) {
    return false;
  }
  if (!embeddings.empty() && name <= embeddings.back().name) return false;
  const std::string_view floats = reader.rest();
  if (floats.empty() || floats.size() % sizeof(float) != 0) return false;
  NamedEmbedding& named = embeddings.emplace_back();
  named.name = name;
  named.vector.resize(floats.size() / sizeof(float));
  std::memcpy(named.vector.data(), floats.data(), floats.size());
  return std::ranges::all_of(named.vector, [](float number) { return std::isfinite(number); });
}

}  // namespace frys::detail
