// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A JSON text as a tree, for short texts. RapidJSON reads it; its own tree does not compile with
// clang 19.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::tools {

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  bool boolean = false;
  double number = 0;
  std::optional<std::int64_t> whole = std::nullopt;  ///< Of numbers that are written as one.
  std::optional<std::uint64_t> whole_unsigned = std::nullopt;  ///< The same, not below zero.
  std::string text = {};
  std::vector<JsonValue> items = {};    ///< Of a list or an object.
  std::vector<std::string> names = {};  ///< Of an object's items, as written: one may come twice.

  /// The first of that name; null for none.
  [[nodiscard]] const JsonValue* find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return &items[i];
    }
    return nullptr;
  }
};

/// Errors: invalid_argument (the column, and what is wrong there). Any bytes are safe.
Result<JsonValue> parse_json(std::string_view text);

}  // namespace frys::tools
