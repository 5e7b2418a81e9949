// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "text/passages.hpp"

#include <algorithm>

#include "text/words.hpp"

namespace crew {
namespace {

/// A line, or a part of a very long one, with its words counted.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;  ///< Past the line's end mark.
  std::size_t words = 0;
  std::int64_t line = 0;
};

/// A comment line that only names the licence or the holder: most files begin with the same ones,
/// and say nothing of themselves by it.
bool is_licence_tag(std::string_view line) {
  const auto word = std::find_if(line.begin(), line.end(), is_word_byte);
  return line.substr(static_cast<std::size_t>(word - line.begin())).starts_with("SPDX-");
}

/// Splits `text` into lines; a line over `most_words` into parts of at most so many.
std::vector<Piece> split_pieces(std::string_view text, std::size_t most_words) {
  std::vector<Piece> pieces;
  std::int64_t line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t mark = text.find('\n', begin);
    const std::size_t end = mark == std::string_view::npos ? text.size() : mark + 1;
    Piece piece{begin, begin, 0, line};
    const std::string_view whole = text.substr(begin, end - begin);
    const std::string_view read = is_licence_tag(whole) ? std::string_view() : whole;
    for_each_word(read, [&](std::size_t at, std::string_view word) {
      if (piece.words == most_words) {
        pieces.push_back(piece);
        piece = {piece.end, piece.end, 0, line};
      }
      ++piece.words;
      piece.end = begin + at + word.size();
    });
    piece.end = end;
    pieces.push_back(piece);
    begin = end;
  }
  return pieces;
}

/// The first piece of the next passage when the one ending before `end` was cut in mid-text.
std::size_t step_back(const std::vector<Piece>& pieces, std::size_t first, std::size_t end,
                      std::size_t overlap_words) {
  std::size_t next = end;
  std::size_t words = 0;
  while (next > first + 1 && words + pieces[next - 1].words <= overlap_words) {
    words += pieces[--next].words;
  }
  return next;
}

/// Trims blank pieces from both ends and writes the passage down.
void add_passage(const std::vector<Piece>& pieces, std::size_t first, std::size_t end,
                 std::int64_t document, std::vector<Passage>& passages) {
  while (first < end && pieces[first].words == 0) ++first;
  while (end > first && pieces[end - 1].words == 0) --end;
  if (first == end) return;
  passages.push_back({document, static_cast<std::int64_t>(pieces[first].begin),
                      static_cast<std::int64_t>(pieces[end - 1].end - pieces[first].begin),
                      pieces[first].line});
}

}  // namespace

std::vector<Passage> cut_passages(std::string_view text, std::int64_t document,
                                  const PassageOptions& options) {
  const std::vector<Piece> pieces = split_pieces(text, options.most_words);
  std::vector<Passage> passages;
  std::size_t first = 0;
  std::size_t words = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool full = words + pieces[i].words > options.most_words;
    const bool paragraph_end = pieces[i].words == 0 && words >= options.least_words;
    if (full || paragraph_end) {
      add_passage(pieces, first, i, document, passages);
      first = full ? step_back(pieces, first, i, options.overlap_words) : i + 1;
      words = 0;
      for (std::size_t back = first; back < i; ++back) words += pieces[back].words;
    }
    words += pieces[i].words;
  }
  if (words >= options.smallest_words || (passages.empty() && words >= 4)) {
    add_passage(pieces, first, pieces.size(), document, passages);
  } else if (words > 0 && !passages.empty()) {
    Passage& last = passages.back();
    last.length_bytes = static_cast<std::int64_t>(text.size()) - last.offset_bytes;
  }
  return passages;
}

}  // namespace crew
