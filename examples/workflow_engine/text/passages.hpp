// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Cuts a text into passages of some 60 to 120 words, at blank lines where it can.

#pragma once

#include <string_view>
#include <vector>

#include "text/corpus.hpp"

namespace crew {

struct PassageOptions {
  std::size_t least_words = 60;     ///< A passage goes on past a blank line until it has these.
  std::size_t most_words = 120;     ///< It ends before the line that would exceed them.
  std::size_t overlap_words = 20;   ///< Repeated at the start of the next after such an end.
  std::size_t smallest_words = 12;  ///< A shorter rest joins the passage before it.
};

/// The passages of `text`, in order; `document` is written into each. A single line longer than
/// the most words is cut between words. Lines that begin with an SPDX tag count as blank. Text of
/// fewer than four words gives none. Cost: O(bytes).
std::vector<Passage> cut_passages(std::string_view text, std::int64_t document,
                                  const PassageOptions& options = {});

}  // namespace crew
