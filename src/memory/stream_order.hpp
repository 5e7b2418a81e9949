// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a pool of device memory knows of the order between streams.
//
// Each stream has points, counted by the pool: one more at every block that is freed on it. A free
// block with a point may be used by another stream once that point is known to be complete, or once
// that stream waits for an event that was recorded at the point or later. Both are remembered, so
// the driver is asked once for all blocks that were freed before. An event is recorded only when
// a block is to cross; recorded then, it stands for a later moment than the block's, which is safe
// and costs nothing where blocks do not cross.
//
// Threads: not safe; the pool's lock guards it.

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "frys/memory/stream.hpp"
#include "memory/address_table.hpp"

namespace frys::detail {

using StreamSlot = std::uint32_t;

class StreamOrder {
 public:
  /// Knows the default stream from the start, as slot 0. Throws std::bad_alloc.
  explicit StreamOrder(DeviceDriver& driver);

  /// The stream's place in the tables; a new one at its first use. Throws std::bad_alloc.
  StreamSlot slot_of(Stream stream);
  [[nodiscard]] StreamSlot slots() const noexcept {
    return static_cast<StreamSlot>(streams_.size());
  }

  /// A point after all that `slot` was given so far.
  std::uint64_t next_point(StreamSlot slot) noexcept { return ++streams_[slot].last_point; }

  /// True when what `to` is given from now on comes after `point` of `from`, as far as is known.
  [[nodiscard]] bool is_ordered(StreamSlot to, StreamSlot from,
                                std::uint64_t point) const noexcept {
    return to == from || is_complete(from, point) || streams_[to].waited[from] >= point;
  }
  [[nodiscard]] bool is_complete(StreamSlot slot, std::uint64_t point) const noexcept {
    return streams_[slot].complete_point >= point;
  }

  /// Makes `is_ordered` true: looks whether the point is complete, and enqueues a wait if not.
  /// Errors: the driver's; then nothing has changed but what is known. Throws std::bad_alloc.
  Status order(StreamSlot to, StreamSlot from, std::uint64_t point);

  /// Makes every point of every stream complete, by blocking where need be. Returns the first
  /// error; the other streams are complete all the same. Throws std::bad_alloc.
  Status synchronize_all();
  /// Makes every point of a stream that is about to be destroyed complete, and forgets the stream;
  /// the slot is another's at the next need. Errors: the driver's. Throws std::bad_alloc.
  Status retire(Stream stream);
  /// Gives every event back. All points are complete, or it is too late to care.
  void destroy_events() noexcept;

  struct Stats {
    std::uint64_t events = 0;  ///< Held.
    std::uint64_t waits = 0;   ///< Enqueued so far.
  };
  [[nodiscard]] const Stats& stats() const noexcept { return stats_; }

 private:
  /// An event and the last point that it stands for.
  struct Mark {
    Event event;
    std::uint64_t point = 0;
  };
  /// So many events of one stream may be under way; then the newest is recorded again.
  static constexpr std::size_t most_marks = 8;
  struct State {
    Stream stream;
    std::uint64_t last_point = 0;
    std::uint64_t complete_point = 0;
    std::vector<std::uint64_t> waited;  ///< By slot: the last point of it that this one waits for.
    std::array<Mark, most_marks> marks;
    std::size_t mark_count = 0;  ///< Oldest first.
  };

  /// Takes note of the marks that the device has passed.
  Status poll(State& state);
  /// A mark at `point` or later; records one when there is none.
  Result<Mark> mark_behind(State& state, std::uint64_t point);
  Result<Event> spare_event();
  Status synchronize(State& state);
  /// The first `count` marks are complete.
  void retire_marks(State& state, std::size_t count);

  DeviceDriver& driver_;
  std::vector<State> streams_;
  AddressTable slot_of_handle_;
  std::vector<StreamSlot> free_slots_;
  std::vector<Event> spare_events_;
  Stats stats_;
};

}  // namespace frys::detail
