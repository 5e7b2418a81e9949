// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/stream_order.hpp"

#include <algorithm>

namespace frys::detail {

StreamOrder::StreamOrder(DeviceDriver& driver) : driver_(driver) { slot_of(Stream{}); }

StreamSlot StreamOrder::slot_of(Stream stream) {
  const auto is_slot = [&](StreamSlot slot) { return streams_[slot].stream == stream; };
  const StreamSlot found = slot_of_handle_.find(stream.handle, is_slot);
  if (found != AddressTable::none) return found;
  slot_of_handle_.reserve_one();
  if (free_slots_.empty()) {
    // Reserved first, so that a refusal of memory leaves every table as it was.
    for (State& state : streams_) state.waited.reserve(streams_.size() + 1);
    free_slots_.reserve(streams_.size() + 1);
    State fresh;
    fresh.waited.resize(streams_.size() + 1, 0);
    streams_.push_back(std::move(fresh));
    for (State& state : streams_) state.waited.resize(streams_.size(), 0);
    free_slots_.push_back(slots() - 1);
  }
  const StreamSlot slot = free_slots_.back();
  slot_of_handle_.insert(stream.handle, slot);
  free_slots_.pop_back();
  streams_[slot].stream = stream;
  return slot;
}

Status StreamOrder::order(StreamSlot to, StreamSlot from, std::uint64_t point) {
  if (is_ordered(to, from, point)) return {};
  State& source = streams_[from];
  if (Status status = poll(source); !status.ok()) return status;
  if (is_complete(from, point)) return {};
  Result<Mark> mark = mark_behind(source, point);
  if (!mark) return mark.error();
  if (is_complete(from, point)) return {};
  if (Status status = driver_.wait(streams_[to].stream, mark->event); !status.ok()) return status;
  ++stats_.waits;
  streams_[to].waited[from] = mark->point;
  return {};
}

Status StreamOrder::poll(State& state) {
  while (state.mark_count != 0) {
    const Result<bool> complete = driver_.is_complete(state.marks[0].event);
    if (!complete) return complete.error();
    if (!*complete) break;
    retire_marks(state, 1);
  }
  return {};
}

Result<StreamOrder::Mark> StreamOrder::mark_behind(State& state, std::uint64_t point) {
  for (std::size_t i = 0; i < state.mark_count; ++i) {
    if (state.marks[i].point >= point) return state.marks[i];
  }
  if (state.mark_count == most_marks) {
    Mark& newest = state.marks[most_marks - 1];
    if (Status status = driver_.record(newest.event, state.stream); !status.ok()) return status;
    newest.point = state.last_point;
    return newest;
  }
  Result<Event> event = spare_event();
  if (!event) return event.error();
  if (Status status = driver_.record(*event, state.stream); !status.ok()) return status;
  spare_events_.pop_back();
  const Mark mark{*event, state.last_point};
  state.marks[state.mark_count++] = mark;
  // A stream with nothing to do is there at once, and nobody need wait for it.
  if (Status status = poll(state); !status.ok()) return status;
  return mark;
}

Result<Event> StreamOrder::spare_event() {
  if (spare_events_.empty()) {
    // Room for all to come back to, so that nothing is lost when memory runs out.
    spare_events_.reserve(stats_.events + 1);
    Result<Event> event = driver_.create_event();
    if (!event) return event.error();
    ++stats_.events;
    spare_events_.push_back(*event);
  }
  return spare_events_.back();
}

void StreamOrder::retire_marks(State& state, std::size_t count) {
  if (count == 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    state.complete_point = std::max(state.complete_point, state.marks[i].point);
    spare_events_.push_back(state.marks[i].event);
  }
  std::move(state.marks.begin() + static_cast<std::ptrdiff_t>(count),
            state.marks.begin() + static_cast<std::ptrdiff_t>(state.mark_count),
            state.marks.begin());
  state.mark_count -= count;
}

Status StreamOrder::synchronize(State& state) {
  if (state.complete_point < state.last_point) {
    if (Status status = driver_.synchronize(state.stream); !status.ok()) return status;
  }
  retire_marks(state, state.mark_count);
  state.complete_point = state.last_point;
  return {};
}

Status StreamOrder::synchronize_all() {
  Status first;
  for (State& state : streams_) {
    if (Status status = synchronize(state); !status.ok() && first.ok()) first = status;
  }
  return first;
}

Status StreamOrder::retire(Stream stream) {
  const auto is_slot = [&](StreamSlot slot) { return streams_[slot].stream == stream; };
  const StreamSlot found = slot_of_handle_.find(stream.handle, is_slot);
  if (found == AddressTable::none || stream == Stream{}) return {};
  State& state = streams_[found];
  if (Status status = synchronize(state); !status.ok()) return status;
  // The next stream of this slot has waited for nobody.
  std::fill(state.waited.begin(), state.waited.end(), 0);
  free_slots_.push_back(found);
  slot_of_handle_.remove(stream.handle, is_slot);
  return {};
}

void StreamOrder::destroy_events() noexcept {
  for (State& state : streams_) {
    for (std::size_t i = 0; i < state.mark_count; ++i) {
      spare_events_.push_back(state.marks[i].event);
    }
    state.mark_count = 0;
  }
  for (const Event event : spare_events_) {
    if (driver_.destroy_event(event).ok()) --stats_.events;
  }
  spare_events_.clear();
}

}  // namespace frys::detail
