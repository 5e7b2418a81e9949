// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Tests that count pages to the last one are skipped where every block has a red zone behind it.

#pragma once

#include <gtest/gtest.h>

#include "memory/memory_tools.hpp"

/// Its first line.
#define FRYS_SKIP_WITH_RED_ZONES()                                       \
  if (detail::red_zone_bytes(detail::runs_on_valgrind()) != 0) {         \
    GTEST_SKIP() << "red zones behind the blocks change how many pages"; \
  }
