// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Text as a vector. A host plugs in its own model behind `Embedder`; `HashingEmbedder` needs no
// model, no file and no network, and finds texts that share words and spellings. It knows nothing
// of meaning: "car" and "automobile" are strangers to it.
//
//   frys::HashingEmbedder embedder(256);
//   std::vector<float> vector(embedder.dimension());
//   frys::Status status = embedder.embed("parse the invoice", vector);

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "frys/core/status.hpp"

namespace frys {

/// Turns a text into `dimension()` floats. Threads: every member is safe.
class FRYS_API Embedder {
 public:
  virtual ~Embedder();

  /// Names the vector space, e.g. "minilm-l6-v2". A store remembers it, and refuses an embedder of
  /// another name: vectors of different spaces can't be compared. Never empty, never changes.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// Floats a vector has; never changes.
  [[nodiscard]] virtual std::size_t dimension() const noexcept = 0;

  /// Writes the vector of `text` (UTF-8; other bytes are taken as they are) to `out`. The same text
  /// gives the same floats. A text with nothing in it gives zeros.
  /// Shapes: `out` has `dimension()` elements. Errors: invalid_argument (wrong size of `out`),
  /// and whatever the model behind it meets.
  virtual Status embed(std::string_view text, std::span<float> out) const noexcept = 0;
};

/// Words and character n-grams, hashed. Deterministic on every machine; the result has length 1.
///
/// Features: lower-cased words (runs of ASCII letters and digits, of `_` and of non-ASCII
/// characters), and the character 3- to 5-grams of `<word>` (fastText: Bojanowski et al.,
/// "Enriching Word Vectors with Subword Information", 2017). The n-grams of a word weigh together
/// half as much as the word.
/// Weight: 1 + ln(occurrences) (Manning, Raghavan, Schütze, "Introduction to Information
/// Retrieval", 2008, §6.4.1), times a damping of short words, which are frequent ones (Zipf's law
/// of abbreviation): length / 6 under six characters.
/// Hashing: signed (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009),
/// each feature on 4 coordinates chosen by its hash (a sparse sign projection: Kane and Nelson,
/// "Sparser Johnson-Lindenstrauss Transforms", 2014); then L2 normalised.
///
/// Threads: safe. Cost of `embed`: O(bytes of text), about 0.1 µs a character.
class FRYS_API HashingEmbedder final : public Embedder {
 public:
  static constexpr std::size_t min_dimension = 16;
  static constexpr std::size_t max_dimension = 4096;

  /// `dimension` is brought into [16, 4096]; 256 tells some ten thousand texts apart.
  explicit HashingEmbedder(std::size_t dimension = 256);

  /// "frys-hashing-1/<dimension>".
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::size_t dimension() const noexcept override { return dimension_; }
  /// Errors: invalid_argument (wrong size of `out`), out_of_memory.
  Status embed(std::string_view text, std::span<float> out) const noexcept override;

 private:
  std::size_t dimension_;
  std::string name_;
};

}  // namespace frys
