// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Who used which range of a simulated device's memory last, and what was known to whom: the race
// detector of `SimulatedDevice`. Threads: not safe; the device's lock guards it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace frys::detail {

/// How far each stream's work is known to have come: one count a stream, 0 where there is none.
class VectorClock {
 public:
  [[nodiscard]] std::uint64_t of(std::size_t stream) const noexcept {
    return stream < counts_.size() ? counts_[stream] : 0;
  }
  void set(std::size_t stream, std::uint64_t count) {
    if (stream >= counts_.size()) counts_.resize(stream + 1, 0);
    counts_[stream] = count;
  }
  /// Knows what either knew.
  void join(const VectorClock& other) {
    if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size(), 0);
    for (std::size_t i = 0; i < other.counts_.size(); ++i) {
      if (other.counts_[i] > counts_[i]) counts_[i] = other.counts_[i];
    }
  }

 private:
  std::vector<std::uint64_t> counts_;
};

/// One operation: the stream's `count`th.
struct AccessStamp {
  std::size_t stream = 0;
  std::uint64_t count = 0;
};

class AccessHistory {
 public:
  enum class Kind : std::uint8_t { read, write };
  struct Conflict {
    AccessStamp earlier;
    Kind kind;  ///< Of the earlier access.
  };

  /// Notes an access of [begin, end) by one who knows `known`, its own operation included.
  /// Returns an earlier one that conflicts with it and is not known to be over.
  std::optional<Conflict> note(std::uintptr_t begin, std::uintptr_t end, Kind kind,
                               AccessStamp stamp, const VectorClock& known);
  /// An access of [begin, end) that one who knows `known` does not know to be over.
  [[nodiscard]] std::optional<Conflict> find_unknown(std::uintptr_t begin, std::uintptr_t end,
                                                     const VectorClock& known) const;
  void forget(std::uintptr_t begin, std::uintptr_t end) noexcept;

 private:
  struct Range {
    std::uintptr_t end = 0;
    AccessStamp write;               ///< The last; count 0 when there was none.
    std::vector<AccessStamp> reads;  ///< Since then, the last of each stream.
  };
  using Ranges = std::map<std::uintptr_t, Range>;

  /// Makes `at` a border between ranges if it lies inside one.
  void split(std::uintptr_t at);
  static std::optional<Conflict> conflict_with(const Range& range, Kind kind,
                                               const VectorClock& known) noexcept;
  void note_read(std::uintptr_t begin, std::uintptr_t end, AccessStamp stamp);

  Ranges ranges_;
};

}  // namespace frys::detail
