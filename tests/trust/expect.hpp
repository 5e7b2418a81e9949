// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// For programs of the tests that cannot be inside a test runner, as they limit, fail or end the
// whole process.

#pragma once

#include <cstdio>
#include <string>

namespace frys::trust {

/// What ctest takes for "skipped".
inline constexpr int skipped_code = 77;

inline int failures = 0;

/// Says what did not hold, and counts it. Returns `holds`.
inline bool expect(bool holds, const std::string& what) {
  if (holds) return true;
  std::fprintf(stderr, "did not hold: %s\n", what.c_str());
  ++failures;
  return false;
}

}  // namespace frys::trust
