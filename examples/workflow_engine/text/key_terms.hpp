// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a group of passages is about: the words that are frequent in it and rare elsewhere.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace crew {

/// The `count` terms that tell each group best from the others, best first. `groups[i]` is the
/// group of `texts[i]`, or negative for none.
/// Weight: √share × ln(share ÷ outside share), where a share is that of the passages that hold the
/// term; terms in one passage only, under three letters, without a letter or
/// among the commonest words of English prose are left out.
/// Source: class-based tf-idf (Grootendorst, "BERTopic", 2022), by passages and not occurrences.
/// Cost: O(words).
std::vector<std::vector<std::string>> key_terms(const std::vector<std::string_view>& texts,
                                                const std::vector<int>& groups,
                                                std::size_t group_count, std::size_t count);

}  // namespace crew
