// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Buffers that a matrix product packs its factors into. They are kept from call to call: fresh
// memory would cost a page fault for every 4 KiB, more than a small product itself.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace frys::detail {

/// At most `Slots` idle buffers of `Floats` floats, for all threads of the process.
/// Invariant: a buffer is in one slot or with one user. Each slot is exchanged whole, so no pointer
/// is read after another thread took it. Lock-free. Idle buffers live as long as the process.
template <std::size_t Floats, std::size_t Slots>
class PackBuffers {
 public:
  /// A buffer, 64-byte aligned; null when memory is exhausted.
  float* take() noexcept {
    for (std::atomic<float*>& slot : slots_) {
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      if (float* kept = slot.exchange(nullptr, std::memory_order_acquire)) return kept;
    }
    return static_cast<float*>(
        ::operator new(Floats * sizeof(float), std::align_val_t{64}, std::nothrow));
  }

  void give_back(float* buffer) noexcept {
    for (std::atomic<float*>& slot : slots_) {
      float* expected = nullptr;
      if (slot.compare_exchange_strong(expected, buffer, std::memory_order_release,
                                       std::memory_order_relaxed)) {
        return;
      }
    }
    ::operator delete(buffer, std::align_val_t{64});
  }

 private:
  std::array<std::atomic<float*>, Slots> slots_{};
};

/// Takes a buffer when first asked, gives it back at the end.
template <typename Buffers>
class PackBuffer {
 public:
  explicit PackBuffer(Buffers& buffers) noexcept : buffers_(buffers) {}
  PackBuffer(const PackBuffer&) = delete;
  PackBuffer& operator=(const PackBuffer&) = delete;
  ~PackBuffer() {
    if (data_ != nullptr) buffers_.give_back(data_);
  }
  /// Null when memory is exhausted.
  float* get() noexcept {
    if (data_ == nullptr) data_ = buffers_.take();
    return data_;
  }

 private:
  Buffers& buffers_;
  float* data_ = nullptr;
};

}  // namespace frys::detail
