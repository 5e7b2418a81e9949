// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What is remembered of one piece of work: who did what in which situation, how it ended, and what
// it took. An immutable record; its identity is a hash of its content.
//
//   frys::Experience experience;
//   experience.step_type = "summarise";
//   experience.situation = "a 40-page contract, scanned";
//   experience.outcome = frys::Outcome::success;
//   frys::Result<frys::ExperienceId> id = store.store(std::move(experience));

#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/tensor/dtype.hpp"
#include "frys/tensor/shape.hpp"

namespace frys {

class TensorView;

/// How a piece of work ended. Values are stable: they are written to disk.
enum class Outcome : std::uint8_t { success = 0, failure = 1, partial = 2 };

/// "success", "failure", "partial"; "unknown" for a foreign value.
FRYS_API std::string_view to_string(Outcome outcome) noexcept;

/// What the work took, and what had been foreseen. Zero: not known.
struct ExperienceResources {
  std::uint64_t predicted_bytes = 0;       ///< Memory the predictor foresaw.
  std::uint64_t given_bytes = 0;           ///< Memory the allocator granted.
  std::uint64_t peak_bytes = 0;            ///< Memory held at most.
  std::uint64_t page_faults = 0;           ///< While it ran.
  std::int64_t predicted_duration_ns = 0;  ///< Run time the predictor foresaw.
  std::int64_t queued_ns = 0;              ///< Time from ready to started.

  friend bool operator==(const ExperienceResources&, const ExperienceResources&) = default;
};

/// Says that a payload is the elements of a tensor: all of them, row-major, without gaps, each as
/// it lies in memory.
struct PayloadTensor {
  DType dtype = DType::u8;
  Shape shape;

  friend bool operator==(const PayloadTensor&, const PayloadTensor&) = default;
};

/// A vector in one of the store's spaces (see `ExperienceStoreOptions::spaces`).
struct NamedEmbedding {
  std::string name;           ///< The space's.
  std::vector<float> vector;  ///< Of the space's dimension, finite, not all zero.

  friend bool operator==(const NamedEmbedding&, const NamedEmbedding&) = default;
};

/// One record. Every field is optional; a text is UTF-8 by custom, any bytes by law.
struct Experience {
  std::string workflow;   ///< Name of the workflow; a filter of queries.
  std::string agent;      ///< Who did it; a filter of queries.
  std::string step_type;  ///< What kind of work it was; a filter of queries.
  std::string situation;  ///< What the agent was facing: the text that queries are compared with.
  std::string action;     ///< What it did. Compared with queries when `situation` is empty.
  std::string outcome_text;            ///< How it ended, in words.
  Outcome outcome = Outcome::success;  ///< How it ended; a filter of queries, a factor of ranking.
  double reward = 0;                   ///< Any finite number, on the host's own scale.
  std::int64_t started_at_ns = 0;      ///< Wall clock, ns since 1970; 0: not known.
  std::int64_t duration_ns = 0;        ///< ≥ 0.
  double input_size = 0;               ///< The predictor's feature; finite, in the host's unit.
  ExperienceResources resources;
  std::vector<std::string> tags;
  /// The host's own vector, of the store's dimension and not all zero. Empty: the store's embedder
  /// makes one from the text; it is no part of the content hash then.
  std::vector<float> embedding;
  /// Vectors in other spaces, one at most in each, made by the host. Their order is no part of the
  /// content: what is read back has them in ascending order of their names.
  std::vector<NamedEmbedding> embeddings;
  std::vector<std::byte> payload;  ///< Anything else; never looked into.
  /// Set when `payload` is a tensor, whose bytes it must have, no more and no less.
  std::optional<PayloadTensor> payload_tensor = std::nullopt;
  /// Fields that a later version of the library wrote, as they were found; kept, never looked into.
  std::vector<std::byte> unknown_fields;

  friend bool operator==(const Experience&, const Experience&) = default;
};

/// What is known of an experience beside its record, which never changes: how it is judged by now,
/// and how often it was of use.
struct Standing {
  Outcome outcome = Outcome::success;  ///< The record's, until it is amended.
  double reward = 0;                   ///< The same.
  std::uint64_t uses = 0;              ///< As hosts have counted them.
  std::int64_t used_at_ns = 0;         ///< When one was counted last, wall clock; 0: never.

  friend bool operator==(const Standing&, const Standing&) = default;
};

/// What came to be known later. Empty fields leave what is known as it is.
struct Amendment {
  std::optional<Outcome> outcome = std::nullopt;
  std::optional<double> reward = std::nullopt;  ///< Finite.
  std::uint64_t uses = 0;                       ///< So many more.
  std::int64_t used_at_ns = 0;                  ///< The last of them, wall clock; 0: now.
};

/// The identity of an experience: BLAKE2b-128 of its content. The same content, the same identity,
/// in every store.
struct FRYS_API ExperienceId {
  std::array<std::uint8_t, 16> bytes{};

  /// 32 lower-case hexadecimal digits.
  [[nodiscard]] std::string to_string() const;
  /// The inverse of `to_string`; capitals are read too. Errors: invalid_argument.
  static Result<ExperienceId> parse(std::string_view text);

  friend auto operator<=>(const ExperienceId&, const ExperienceId&) = default;
};

/// The identity that a store would give `experience`. Threads: safe. Cost: O(its bytes).
/// Errors: invalid_argument (a non-finite number, a negative duration, two embeddings of one name,
/// a payload that is not the tensor it is said to be, a record over 1 GiB), out_of_memory.
FRYS_API Result<ExperienceId> content_id(const Experience& experience);

/// Makes a copy of `tensor`'s elements, whatever its strides, the payload of `experience`, and says
/// so in `payload_tensor`. Counted as a copy (frys/memory/copies.hpp). After an error `experience`
/// is as it was. Errors: unavailable (not host memory), out_of_memory.
FRYS_API Status set_payload(Experience& experience, const TensorView& tensor) noexcept;

}  // namespace frys

template <>
struct std::hash<frys::ExperienceId> {
  std::size_t operator()(const frys::ExperienceId& id) const noexcept {
    std::size_t word;  // The identity is a hash already: any eight of its bytes will do.
    __builtin_memcpy(&word, id.bytes.data(), sizeof(word));
    return word;
  }
};
