// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Recorded data that some tests use when it is at hand. It is not part of the project: a folder
// named by FRYS_DATA_DIR, or `shared/data` beside the checkout. A test that finds none skips.

#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace frys::testing {

inline std::optional<std::string> shared_data(const std::string& relative) {
  const char* chosen = std::getenv("FRYS_DATA_DIR");
  const std::filesystem::path folder =
      chosen != nullptr ? std::filesystem::path(chosen)
                        : std::filesystem::path(FRYS_SOURCE_DIR) / ".." / "shared" / "data";
  const std::filesystem::path path = folder / relative;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  return path.string();
}

}  // namespace frys::testing
