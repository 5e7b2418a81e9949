// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A device that exists in bookkeeping only: streams and events over virtual time, and memory that
// holds no bytes but knows who used which of them. For tests, a host's too: it sees every pair of
// accesses that nothing orders, whether or not a run on a GPU would have shown it.
//
//   frys::SimulatedDevice device(std::size_t{1} << 30);
//   frys::Stream stream = *device.create_stream();
//   device.write(stream, block, bytes, 5000);            // a kernel of five microseconds
//   device.advance(5000);                                // now it is done
//   assert(device.stats().races == 0);

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "frys/core/environment.hpp"
#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/stream.hpp"

namespace frys {

/// What a simulated device was asked to do since it was made, and what it holds now.
struct SimulatedDeviceStats {
  std::size_t reserved_bytes = 0;  ///< Held by segments now.
  std::uint64_t segments = 0;      ///< Now.
  std::uint64_t events = 0;        ///< Now.
  std::uint64_t reserves = 0;      ///< Calls of `reserve`, refused ones too; so are the next.
  std::uint64_t records = 0;
  std::uint64_t queries = 0;
  std::uint64_t waits = 0;
  std::uint64_t synchronizations = 0;
  std::uint64_t operations = 0;  ///< Calls of `read` and `write`.
  std::uint64_t races = 0;       ///< Uses of memory that nothing orders after an earlier one.
};

/// Each stream runs its operations one after the other; streams do not slow each other down. Time
/// stands still but in `advance` and `synchronize`, so every run is the same.
///
/// Races are found by vector clocks (Mattern 1989; as FastTrack, Flanagan and Freund 2009): a
/// stream knows of another's work what a wait, or something that the host saw to be complete,
/// told it. What the host saw counts for all streams, since a host's threads share it.
/// Addresses are such that a processor faults on them, and are never given out twice.
///
/// Faults: `environment.faults` is asked at "device.reserve", "device.release",
/// "device.create_event", "device.destroy_event", "device.record", "device.query", "device.wait"
/// and "device.synchronize"; a call that fails there does nothing. Threads: every member is safe.
/// Cost: one lock; events and waits O(streams), `read` and `write` besides O(log of the ranges in
/// use).
class FRYS_API SimulatedDevice final : public DeviceDriver {
 public:
  /// `capacity_bytes` is the most that segments hold together. Fragmentation is not simulated.
  explicit SimulatedDevice(std::size_t capacity_bytes, const Environment& environment = {},
                           std::int32_t index = 0);
  ~SimulatedDevice() override;

  /// A stream with nothing to do. Handles of destroyed streams are used again, as CUDA's are.
  /// Errors: out_of_memory.
  Result<Stream> create_stream() noexcept;
  /// Work that was enqueued still ends. Errors: invalid_argument (no such stream, or the default).
  Status destroy_stream(Stream stream) noexcept;

  /// Enqueues an operation of `duration_ns` ≥ 0 that reads or writes `bytes` at `address`.
  /// Errors: invalid_argument (no such stream; not within one segment; a negative duration);
  /// failed_precondition, naming both streams, when it races (it is enqueued all the same);
  /// out_of_memory.
  Status read(Stream stream, const void* address, std::size_t bytes,
              std::int64_t duration_ns = 0) noexcept;
  Status write(Stream stream, const void* address, std::size_t bytes,
               std::int64_t duration_ns = 0) noexcept;

  /// Lets `duration_ns` ≥ 0 pass.
  void advance(std::int64_t duration_ns) noexcept;
  [[nodiscard]] std::int64_t now_ns() const noexcept;
  [[nodiscard]] SimulatedDeviceStats stats() const noexcept;

  /// `DeviceType::simulated` and the constructor's index.
  [[nodiscard]] Device device() const noexcept override;
  Result<void*> reserve(std::size_t bytes) noexcept override;
  /// As `DeviceDriver`, and failed_precondition, counted as a race, when the host has not seen all
  /// work on the segment to be complete.
  Status release(void* segment, std::size_t bytes) noexcept override;
  Result<Event> create_event() noexcept override;
  Status destroy_event(Event event) noexcept override;
  Status record(Event event, Stream stream) noexcept override;
  /// An event that was never recorded is complete, as in CUDA.
  Result<bool> is_complete(Event event) noexcept override;
  Status wait(Stream stream, Event event) noexcept override;
  /// Time passes until the stream is done.
  Status synchronize(Stream stream) noexcept override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
