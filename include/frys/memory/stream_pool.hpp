// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A pool of a device's memory whose blocks follow its streams: a block may be given back while the
// work that uses it still runs, and is handed out again at once where the streams' order makes that
// safe. For memory behind a `DeviceDriver`; host memory has `MemoryPool`.
//
//   auto pool = frys::StreamOrderedPool::create(driver);
//   frys::Result<void*> block = (*pool)->allocate(1 << 20, stream);
//   launch(kernel, stream, *block);
//   (*pool)->deallocate(*block, 1 << 20, stream);        // does not wait for the kernel

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"
#include "frys/memory/resource.hpp"
#include "frys/memory/stream.hpp"

namespace frys {

struct StreamPoolOptions {
  /// The least to ask of the device at once; rounded up to 2 MiB. Larger requests get a segment of
  /// their own. More means fewer calls of the driver, and more that others cannot have.
  std::size_t segment_bytes = std::size_t{64} << 20;
};

/// What a pool holds and what it did since it was made. `live_bytes + cached_bytes` is
/// `reserved_bytes` at every instant.
struct StreamPoolStats {
  std::size_t reserved_bytes = 0;  ///< Had of the device.
  std::size_t live_bytes = 0;      ///< In blocks that callers hold, in units of 256 bytes.
  std::size_t cached_bytes = 0;    ///< Free, some perhaps behind work that still runs.
  std::uint64_t live_blocks = 0;
  std::uint64_t free_blocks = 0;  ///< Into how many pieces the free bytes are split.
  std::uint64_t segments = 0;
  std::uint64_t events = 0;               ///< Of the driver's, held.
  std::uint64_t cross_stream_reuses = 0;  ///< Blocks made of what was free on another stream.
  std::uint64_t waits = 0;                ///< Of one stream for another, enqueued for those.
  std::uint64_t merges = 0;               ///< Blocks joined of several streams' neighbours.
  std::uint64_t driver_failures = 0;      ///< Calls that failed and were made up for or passed on.
};

/// A request takes what comes first: a free block of its own stream; one of another stream, behind
/// an event unless the device is known to have passed it; several free neighbours, each so ordered;
/// a new segment; and when the device refuses that, what is there after all streams were waited
/// for, every free neighbour was joined and every free segment was given back.
///
/// The stream given to `deallocate` need not be the one that the block was allocated for: it is the
/// one whose work so far is the last to use the block. Work of other streams on the block must be
/// ordered before that by the caller.
///
/// Threads: every member is safe; one lock, which is held over calls of the driver.
class FRYS_API StreamOrderedPool final : public MemoryResource {
 public:
  /// Makes an empty pool over `driver`, which must outlive it. Errors: invalid_argument
  /// (segment_bytes beyond the address space), out_of_memory (of the host).
  static Result<std::unique_ptr<StreamOrderedPool>> create(DeviceDriver& driver,
                                                           const StreamPoolOptions& options = {});
  /// As `trim`, then gives the events back. Segments with live blocks stay the device's to reclaim:
  /// give every block back before.
  ~StreamOrderedPool() override;
  StreamOrderedPool(const StreamOrderedPool&) = delete;
  StreamOrderedPool& operator=(const StreamOrderedPool&) = delete;

  /// Gets `bytes` bytes at a multiple of 256, for work that is enqueued on `stream` from now on (or
  /// that is ordered behind such work). Errors: invalid_argument (beyond the address space);
  /// out_of_memory, saying what was asked, what is live and how what is free is split, or of the
  /// host; the driver's own. Cost: O(1) in the number of blocks, O(streams) when the own stream has
  /// nothing free; after a refusal of the device O(blocks), and as long as the streams take.
  Result<void*> allocate(std::size_t bytes, Stream stream) noexcept;

  /// Gives a block back behind the work that `stream` has so far; null is ignored.
  /// Errors: invalid_argument (not a live block of this pool); out_of_memory (of the host, at the
  /// first use of a stream; the block is still live). Cost: O(1); calls no driver.
  Status deallocate(void* block, std::size_t bytes, Stream stream) noexcept;

  /// As `MemoryResource`, for the default stream; alignment at most 256.
  Result<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept override;
  void deallocate(void* block, std::size_t bytes, std::size_t alignment) noexcept override;
  [[nodiscard]] Device device() const noexcept override;
  [[nodiscard]] std::string_view name() const noexcept override;

  /// Call it before `stream` is destroyed: waits for its work, and lets the driver use the handle
  /// for another. Errors: the driver's; the stream is then as before.
  Status retire(Stream stream) noexcept;

  /// Waits for the work of every stream, joins what is free and gives whole free segments back.
  /// Errors: the driver's first; what it refused is kept, and the rest is done all the same.
  Status trim() noexcept;

  [[nodiscard]] StreamPoolStats stats() const noexcept;

 private:
  struct Impl;
  explicit StreamOrderedPool(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
