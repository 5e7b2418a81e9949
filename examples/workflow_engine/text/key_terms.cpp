// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "text/key_terms.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "text/words.hpp"

namespace crew {
namespace {

constexpr std::array<std::string_view, 76> common_words = {
    "about", "all",   "also",  "an",    "and",   "any",  "are",   "as",   "at",    "be",    "been",
    "but",   "by",    "can",   "does",  "each",  "else", "every", "for",  "from",  "had",   "has",
    "have",  "how",   "if",    "in",    "into",  "is",   "it",    "its",  "may",   "more",  "most",
    "must",  "no",    "nor",   "not",   "of",    "on",   "one",   "only", "or",    "other", "our",
    "out",   "over",  "so",    "some",  "such",  "than", "that",  "the",  "their", "them",  "then",
    "there", "these", "they",  "this",  "those", "to",   "two",   "up",   "was",   "we",    "were",
    "what",  "when",  "where", "which", "while", "who",  "will",  "with", "would", "you"};
static_assert(std::is_sorted(common_words.begin(), common_words.end()));

bool can_be_term(std::string_view word) {
  if (word.size() < 3 || word.size() > 32) return false;
  const bool has_letter = std::any_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
  });
  return has_letter && !std::binary_search(common_words.begin(), common_words.end(), word);
}

/// In how many passages of each group a term occurs.
struct Occurrence {
  std::vector<std::uint32_t> by_group;
  std::uint32_t total = 0;
  std::size_t last_text = SIZE_MAX;  ///< So that a passage counts once.
};

using Vocabulary = std::unordered_map<std::string, Occurrence>;

Vocabulary count_terms(const std::vector<std::string_view>& texts, const std::vector<int>& groups,
                       std::size_t group_count) {
  Vocabulary vocabulary;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for_each_word(texts[i], [&](std::size_t, std::string_view raw) {
      std::string word = lower_case(raw);
      if (!can_be_term(word)) return;
      Occurrence& seen = vocabulary[std::move(word)];
      if (seen.last_text == i) return;
      seen.last_text = i;
      if (seen.by_group.empty()) seen.by_group.resize(group_count);
      ++seen.total;
      if (groups[i] >= 0) ++seen.by_group[static_cast<std::size_t>(groups[i])];
    });
  }
  return vocabulary;
}

/// Skips a term that contains, or is contained in, a better one: "scope" beside "scopes".
bool repeats(const std::vector<std::string>& chosen, const std::string& term) {
  return std::any_of(chosen.begin(), chosen.end(), [&](const std::string& other) {
    return other.starts_with(term) || term.starts_with(other);
  });
}

}  // namespace

std::vector<std::vector<std::string>> key_terms(const std::vector<std::string_view>& texts,
                                                const std::vector<int>& groups,
                                                std::size_t group_count, std::size_t count) {
  std::vector<double> sizes(group_count, 0);
  for (const int group : groups) {
    if (group >= 0) sizes[static_cast<std::size_t>(group)] += 1;
  }
  const Vocabulary vocabulary = count_terms(texts, groups, group_count);
  std::vector<std::vector<std::pair<double, const std::string*>>> ranked(group_count);
  const auto all = static_cast<double>(texts.size());
  for (const auto& [term, seen] : vocabulary) {
    for (std::size_t group = 0; group < group_count; ++group) {
      const double inside = seen.by_group[group];
      if (inside < 2) continue;
      const double share = inside / sizes[group];
      const double outside = (seen.total - inside + 0.5) / (all - sizes[group] + 1);
      ranked[group].emplace_back(std::sqrt(share) * std::log(share / outside), &term);
    }
  }
  std::vector<std::vector<std::string>> terms(group_count);
  for (std::size_t group = 0; group < group_count; ++group) {
    std::sort(ranked[group].begin(), ranked[group].end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : *a.second < *b.second;
    });
    for (const auto& [weight, term] : ranked[group]) {
      if (terms[group].size() == count || weight <= 0) break;
      if (!repeats(terms[group], *term)) terms[group].push_back(*term);
    }
  }
  return terms;
}

}  // namespace crew
