// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// How much of what is nearest a search finds, as the index measures it on itself: some stored
// vectors are searched for, at several efforts, and what is found of their nearest neighbours is
// compared with all vectors. Each is left out of its own answer.
//
// A stored vector is easier to search for than one from outside: its links are its neighbours. It
// is harder when the walk avoids it: nothing was linked in its stead. So half of them are avoided.
// On 20,000 vectors of 64 and 128 numbers, in clusters and from a Gaussian of rank 16, recall at 10
// of 500 held out, and of 400 stored ones searched for in either way, was, at the worst
//
//   effort   held out   stored   avoided   both        where
//       16      0.931    0.994     0.849   0.921       Gaussian
//       32      0.981    0.999     0.949   0.974       Gaussian
//       64      0.998    1.000     0.992   0.996       Gaussian
//       16      0.880    0.875     0.849   0.861       64 numbers, 100 clusters
//
// Points made between two neighbours, or beyond one, were farther off. Recall at 1 is up to three
// points too high at an effort of 10. So few queries leave an error of two points, too, at 0.9.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace frys::detail {

struct ResidentRows;

/// What was measured.
struct RecallTable {
  static constexpr std::array<std::size_t, 6> efforts = {8, 16, 32, 64, 128, 256};
  static constexpr std::size_t most_counted = 128;

  /// The expected share of the `count` nearest that a search of `effort`, not less, finds. Between
  /// measured efforts in proportion to their logarithms; beyond the greatest, that one's; for more
  /// than are counted, that of so many at an effort less in proportion: rather less than it is.
  [[nodiscard]] double at(std::size_t count, std::size_t effort) const noexcept;

  std::size_t linked = 0;  ///< So many were in the graph.
  /// By effort, of the one nearest, the two nearest, and so on.
  std::array<std::array<float, most_counted>, efforts.size()> shares = {};
};

/// What is known of an index. Threads: `publish` one at a time, the rest at any time.
class RecallRecord {
 public:
  /// Throws bad_alloc.
  void publish(const RecallTable& table);
  /// Null where nothing is known; lives as long as the record.
  [[nodiscard]] const RecallTable* latest() const noexcept {
    return latest_.load(std::memory_order_acquire);
  }

 private:
  std::vector<std::unique_ptr<const RecallTable>> tables_;  ///< One for each doubling.
  std::atomic<const RecallTable*> latest_{nullptr};
};

/// Measures an index when its graph is there, and again each time that it has doubled, in steps of
/// about a millisecond. Each time it takes 1.4 % of what linking took at 60,000 vectors of 128
/// numbers, 2 % at 24,000, and some 20 ms where they are few. The same index gives the same
/// table, on the same instruction set. Threads: `is_due` at any time, the rest one at a time and
/// not beside who links.
class RecallMeter {
 public:
  [[nodiscard]] bool is_due(std::size_t linked) const noexcept;
  /// Takes a step where it is due; the last one publishes. False: there is none left. Throws
  /// bad_alloc, and then there is none before the graph has doubled again.
  bool step(ResidentRows& rows);
  /// The tables are others now: they are measured anew.
  void restart() noexcept;

 private:
  struct Query {
    std::uint32_t node = 0;
    bool avoided = false;
    /// Similarities of its nearest; while vectors are compared, of some more, in no order.
    std::vector<float> nearest;
    float bound = -2;  ///< What is not greater is not among them.

    void offer(float similarity);
    void shrink();
  };
  void begin(const ResidentRows& rows);
  void compare_some(const ResidentRows& rows);
  void search_for(const ResidentRows& rows, Query& query);
  void count_found(const ResidentRows& rows, const Query& query, std::size_t place);
  void publish(ResidentRows& rows);

  std::atomic<std::size_t> measured_{0};  ///< So many were linked then.
  RecallTable table_;                     ///< Sums, until it is published.
  std::vector<Query> queries_;            ///< None: nothing has begun.
  std::size_t compared_ = 0;              ///< Vectors.
  std::size_t searched_ = 0;              ///< Queries.
};

}  // namespace frys::detail
