// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/simulated_device.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <unordered_map>
#include <vector>

#include "memory/access_history.hpp"

namespace frys {

using detail::AccessHistory;
using detail::AccessStamp;
using detail::VectorClock;

namespace {

// Neither x86-64 nor AArch64 maps such addresses: the upper bits are not all alike.
constexpr std::uintptr_t first_address = std::uintptr_t{1} << 62 | std::uintptr_t{1} << 54;
constexpr std::uintptr_t segment_alignment = std::uintptr_t{2} << 20;

// A stream's queue is kept as the moment at which it is empty: an operation's duration is known
// when it is enqueued, and a wait is for events that were recorded before.
struct StreamState {
  std::uintptr_t handle = 0;
  std::int64_t done_ns = 0;
  std::uint64_t operations = 0;
  VectorClock known;
};

struct EventState {
  std::int64_t done_ns = 0;
  VectorClock known;
};

std::string name_of(const void* address, std::size_t bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  for (auto rest = reinterpret_cast<std::uintptr_t>(address); rest != 0; rest /= 16) {
    hex.insert(hex.begin(), digits[rest % 16]);
  }
  return std::to_string(bytes) + " bytes at 0x" + hex;
}

Status no_such(const char* what, std::uintptr_t handle) {
  return {ErrorCode::invalid_argument,
          std::string("the simulated device has no ") + what + " " + std::to_string(handle)};
}

}  // namespace

struct SimulatedDevice::Impl {
  std::size_t capacity_bytes;
  Environment environment;
  Device device;

  mutable std::mutex mutex;
  std::int64_t now_ns = 0;
  std::vector<StreamState> streams;  ///< Every one there ever was.
  std::unordered_map<std::uintptr_t, std::size_t> stream_of_handle;
  std::vector<std::uintptr_t> free_handles;
  std::unordered_map<std::uintptr_t, EventState> events;
  std::uintptr_t last_event = 0;
  std::map<std::uintptr_t, std::uintptr_t> segments;  ///< Begin and end.
  std::uintptr_t next_address = first_address;
  AccessHistory history;
  VectorClock host;  ///< What the host saw to be complete.
  SimulatedDeviceStats stats;

  // Runs `body` under the lock; an exception becomes a value.
  template <typename Body>
  auto guarded(Body&& body) noexcept -> decltype(body()) {
    try {
      const std::lock_guard lock(mutex);
      return body();
    } catch (const std::bad_alloc&) {
      return Status::out_of_memory();
    }
  }

  StreamState* find(Stream stream) {
    const auto found = stream_of_handle.find(stream.handle);
    return found == stream_of_handle.end() ? nullptr : &streams[found->second];
  }
  std::size_t index_of(const StreamState& stream) const {
    return static_cast<std::size_t>(&stream - streams.data());
  }
  void add_stream(std::uintptr_t handle) {
    streams.push_back({.handle = handle, .done_ns = 0, .operations = 0, .known = {}});
    stream_of_handle[handle] = streams.size() - 1;
  }
  AccessStamp enqueue(StreamState& stream, std::int64_t duration_ns) {
    stream.known.join(host);
    const AccessStamp stamp{index_of(stream), ++stream.operations};
    stream.known.set(stamp.stream, stamp.count);
    stream.done_ns = std::max(stream.done_ns, now_ns) + duration_ns;
    return stamp;
  }
  bool holds(std::uintptr_t begin, std::size_t bytes) const {
    auto after = segments.upper_bound(begin);
    if (after == segments.begin()) return false;
    return bytes <= std::prev(after)->second - std::min(begin, std::prev(after)->second);
  }
  Status race(const std::string& what, const AccessHistory::Conflict& conflict) {
    ++stats.races;
    const char* did = conflict.kind == AccessHistory::Kind::write ? " wrote" : " read";
    return {ErrorCode::failed_precondition,
            what + ", which stream " + std::to_string(streams[conflict.earlier.stream].handle) +
                did + " before, and nothing orders the two"};
  }
  Status access(Stream stream, const void* address, std::size_t bytes, std::int64_t duration_ns,
                AccessHistory::Kind kind);
};

Status SimulatedDevice::Impl::access(Stream stream, const void* address, std::size_t bytes,
                                     std::int64_t duration_ns, AccessHistory::Kind kind) {
  StreamState* state = find(stream);
  if (state == nullptr) return no_such("stream", stream.handle);
  if (duration_ns < 0) return {ErrorCode::invalid_argument, "an operation's duration is negative"};
  const auto begin = reinterpret_cast<std::uintptr_t>(address);
  if (!holds(begin, bytes)) {
    return {ErrorCode::invalid_argument, name_of(address, bytes) + " are not within one segment"};
  }
  ++stats.operations;
  const AccessStamp stamp = enqueue(*state, duration_ns);
  if (bytes == 0) return {};
  const auto conflict = history.note(begin, begin + bytes, kind, stamp, state->known);
  if (!conflict) return {};
  const char* does = kind == AccessHistory::Kind::write ? " writes " : " reads ";
  return race("stream " + std::to_string(stream.handle) + does + name_of(address, bytes),
              *conflict);
}

SimulatedDevice::SimulatedDevice(std::size_t capacity_bytes, const Environment& environment,
                                 std::int32_t index)
    : impl_(std::make_unique<Impl>()) {
  impl_->capacity_bytes = capacity_bytes;
  impl_->environment = environment;
  impl_->device = {DeviceType::simulated, index};
  impl_->add_stream(0);
}

SimulatedDevice::~SimulatedDevice() = default;

Result<Stream> SimulatedDevice::create_stream() noexcept {
  return impl_->guarded([&]() -> Result<Stream> {
    std::vector<std::uintptr_t>& unused = impl_->free_handles;
    const std::uintptr_t handle = unused.empty() ? impl_->streams.size() : unused.back();
    impl_->add_stream(handle);
    if (!unused.empty()) unused.pop_back();
    return Stream{handle};
  });
}

Status SimulatedDevice::destroy_stream(Stream stream) noexcept {
  return impl_->guarded([&]() -> Status {
    if (stream == Stream{}) return {ErrorCode::invalid_argument, "the default stream stays"};
    if (impl_->find(stream) == nullptr) return no_such("stream", stream.handle);
    impl_->free_handles.push_back(stream.handle);
    impl_->stream_of_handle.erase(stream.handle);
    return {};
  });
}

Status SimulatedDevice::read(Stream stream, const void* address, std::size_t bytes,
                             std::int64_t duration_ns) noexcept {
  return impl_->guarded([&] {
    return impl_->access(stream, address, bytes, duration_ns, AccessHistory::Kind::read);
  });
}

Status SimulatedDevice::write(Stream stream, const void* address, std::size_t bytes,
                              std::int64_t duration_ns) noexcept {
  return impl_->guarded([&] {
    return impl_->access(stream, address, bytes, duration_ns, AccessHistory::Kind::write);
  });
}

void SimulatedDevice::advance(std::int64_t duration_ns) noexcept {
  const std::lock_guard lock(impl_->mutex);
  impl_->now_ns += std::max<std::int64_t>(duration_ns, 0);
}

std::int64_t SimulatedDevice::now_ns() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->now_ns;
}

SimulatedDeviceStats SimulatedDevice::stats() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  SimulatedDeviceStats stats = impl_->stats;
  stats.segments = impl_->segments.size();
  stats.events = impl_->events.size();
  return stats;
}

Device SimulatedDevice::device() const noexcept { return impl_->device; }

Result<void*> SimulatedDevice::reserve(std::size_t bytes) noexcept {
  return impl_->guarded([&]() -> Result<void*> {
    SimulatedDeviceStats& stats = impl_->stats;
    ++stats.reserves;
    if (Status fault = impl_->environment.check_fault("device.reserve"); !fault.ok()) return fault;
    if (bytes == 0) return Status(ErrorCode::invalid_argument, "a segment has at least one byte");
    if (bytes > impl_->capacity_bytes - stats.reserved_bytes) {
      return Status(ErrorCode::out_of_memory,
                    "the device has " +
                        std::to_string(impl_->capacity_bytes - stats.reserved_bytes) + " of its " +
                        std::to_string(impl_->capacity_bytes) + " bytes left");
    }
    const std::uintptr_t begin = impl_->next_address;
    impl_->segments[begin] = begin + bytes;
    // A gap after each, so that what reaches over the end of one is not in the next.
    impl_->next_address += (bytes / segment_alignment + 2) * segment_alignment;
    stats.reserved_bytes += bytes;
    return reinterpret_cast<void*>(begin);
  });
}

Status SimulatedDevice::release(void* segment, std::size_t bytes) noexcept {
  return impl_->guarded([&]() -> Status {
    if (Status fault = impl_->environment.check_fault("device.release"); !fault.ok()) return fault;
    const auto begin = reinterpret_cast<std::uintptr_t>(segment);
    const auto found = impl_->segments.find(begin);
    if (found == impl_->segments.end() || found->second != begin + bytes) {
      return {ErrorCode::invalid_argument, name_of(segment, bytes) + " are not a segment"};
    }
    if (auto conflict = impl_->history.find_unknown(begin, begin + bytes, impl_->host)) {
      return impl_->race("the host releases " + name_of(segment, bytes), *conflict);
    }
    impl_->history.forget(begin, begin + bytes);
    impl_->segments.erase(found);
    impl_->stats.reserved_bytes -= bytes;
    return {};
  });
}

Result<Event> SimulatedDevice::create_event() noexcept {
  return impl_->guarded([&]() -> Result<Event> {
    if (Status fault = impl_->environment.check_fault("device.create_event"); !fault.ok()) {
      return fault;
    }
    impl_->events.try_emplace(impl_->last_event + 1);
    return Event{++impl_->last_event};
  });
}

Status SimulatedDevice::destroy_event(Event event) noexcept {
  return impl_->guarded([&]() -> Status {
    if (Status fault = impl_->environment.check_fault("device.destroy_event"); !fault.ok()) {
      return fault;
    }
    return impl_->events.erase(event.handle) == 1 ? Status() : no_such("event", event.handle);
  });
}

Status SimulatedDevice::record(Event event, Stream stream) noexcept {
  return impl_->guarded([&]() -> Status {
    ++impl_->stats.records;
    if (Status fault = impl_->environment.check_fault("device.record"); !fault.ok()) return fault;
    const auto found = impl_->events.find(event.handle);
    if (found == impl_->events.end()) return no_such("event", event.handle);
    StreamState* state = impl_->find(stream);
    if (state == nullptr) return no_such("stream", stream.handle);
    impl_->enqueue(*state, 0);
    found->second.known = state->known;
    found->second.done_ns = state->done_ns;
    return {};
  });
}

Result<bool> SimulatedDevice::is_complete(Event event) noexcept {
  return impl_->guarded([&]() -> Result<bool> {
    ++impl_->stats.queries;
    if (Status fault = impl_->environment.check_fault("device.query"); !fault.ok()) return fault;
    const auto found = impl_->events.find(event.handle);
    if (found == impl_->events.end()) return no_such("event", event.handle);
    if (found->second.done_ns > impl_->now_ns) return false;
    impl_->host.join(found->second.known);
    return true;
  });
}

Status SimulatedDevice::wait(Stream stream, Event event) noexcept {
  return impl_->guarded([&]() -> Status {
    ++impl_->stats.waits;
    if (Status fault = impl_->environment.check_fault("device.wait"); !fault.ok()) return fault;
    const auto found = impl_->events.find(event.handle);
    if (found == impl_->events.end()) return no_such("event", event.handle);
    StreamState* state = impl_->find(stream);
    if (state == nullptr) return no_such("stream", stream.handle);
    state->known.join(found->second.known);
    state->done_ns = std::max(state->done_ns, found->second.done_ns);
    return {};
  });
}

Status SimulatedDevice::synchronize(Stream stream) noexcept {
  return impl_->guarded([&]() -> Status {
    ++impl_->stats.synchronizations;
    if (Status fault = impl_->environment.check_fault("device.synchronize"); !fault.ok()) {
      return fault;
    }
    StreamState* state = impl_->find(stream);
    if (state == nullptr) return no_such("stream", stream.handle);
    impl_->now_ns = std::max(impl_->now_ns, state->done_ns);
    impl_->host.join(state->known);
    return {};
  });
}

}  // namespace frys
