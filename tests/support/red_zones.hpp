// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// For tests that count pages to the last one: every block may have a red zone behind it.

#pragma once

#include <gtest/gtest.h>

#include "memory/memory_tools.hpp"

namespace frys::testing {

/// What to ask for so that the block is `bytes` long with its red zone.
inline std::size_t filling(std::size_t bytes) {
  return bytes - detail::red_zone_bytes(detail::runs_on_valgrind());
}

}  // namespace frys::testing

/// The first line of a test for which asking for less is no way out.
#define FRYS_SKIP_WITH_RED_ZONES()                                       \
  if (detail::red_zone_bytes(detail::runs_on_valgrind()) != 0) {         \
    GTEST_SKIP() << "red zones behind the blocks change how many pages"; \
  }
