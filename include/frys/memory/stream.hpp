// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the library asks of a device's driver: memory by the segment, streams of work, and events
// that order one stream behind another. `StreamOrderedPool` (stream_pool.hpp) is written against
// it. Each member is one call of CUDA's driver API, so that a driver needs no logic of its own.
//
//   driver.record(event, producer);     // done when all that `producer` was given so far is done
//   driver.wait(consumer, event);       // what `consumer` is given from now on comes after that

#pragma once

#include <cstddef>
#include <cstdint>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/device.hpp"

namespace frys {

/// One queue of a device's work: what is enqueued on it runs in that order. The value is the
/// driver's (CUDA's `CUstream`); 0 is the default stream, which every device has.
struct Stream {
  std::uintptr_t handle = 0;
  friend bool operator==(Stream, Stream) noexcept = default;
};

/// A point in a stream that others can wait for. The value is the driver's (CUDA's `CUevent`).
struct Event {
  std::uintptr_t handle = 0;
  friend bool operator==(Event, Event) noexcept = default;
};

/// What every block of a device's memory is aligned to, as CUDA has it.
inline constexpr std::size_t device_alignment_bytes = 256;

/// One device. Threads: every member must be safe, and none may call back into a pool over it.
class FRYS_API DeviceDriver {
 public:
  virtual ~DeviceDriver();

  [[nodiscard]] virtual Device device() const noexcept = 0;

  /// Gets a segment of at least one byte, at a multiple of `device_alignment_bytes`.
  /// Errors: out_of_memory when the device has no room; any other code when it is at fault.
  /// CUDA: cuMemAlloc. Cost: assume a millisecond.
  virtual Result<void*> reserve(std::size_t bytes) noexcept = 0;
  /// Gives a segment back whole. The caller has seen all work on it to be complete.
  /// After an error the segment is still the caller's. CUDA: cuMemFree.
  virtual Status release(void* segment, std::size_t bytes) noexcept = 0;

  /// CUDA: cuEventCreate, with timing disabled.
  virtual Result<Event> create_event() noexcept = 0;
  /// After an error the event still exists. CUDA: cuEventDestroy.
  virtual Status destroy_event(Event event) noexcept = 0;
  /// From now on `event` stands for the end of all that `stream` was given so far; what it stood
  /// for before is forgotten, but not by those who wait for it already. CUDA: cuEventRecord.
  virtual Status record(Event event, Stream stream) noexcept = 0;
  /// True when the device has come to where `event` was recorded. CUDA: cuEventQuery.
  virtual Result<bool> is_complete(Event event) noexcept = 0;
  /// What `stream` is given from now on starts after `event`. Does not block the caller.
  /// CUDA: cuStreamWaitEvent.
  virtual Status wait(Stream stream, Event event) noexcept = 0;
  /// Blocks until all that `stream` was given so far is done. CUDA: cuStreamSynchronize.
  virtual Status synchronize(Stream stream) noexcept = 0;
};

}  // namespace frys
