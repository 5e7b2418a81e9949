// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a process has one of, without the lock of a function's static: there others wait for the
// thread that makes it, and in the child of a fork that thread does not exist.

#pragma once

#include <atomic>
#include <new>
#include <thread>

namespace frys::detail {

/// An object in static memory, made at compile time (`constinit`) and never destroyed, so that
/// static objects of a host may use it in their destructors.
template <typename T>
union Immortal {
  constexpr Immortal() noexcept : object{} {}
  ~Immortal() {}
  T object;
};

/// A value that whoever needs it first makes. Who comes meanwhile makes another, and all use the
/// one that is ready first; it is never destroyed. Threads: safe.
template <typename T>
class FirstMade {
 public:
  template <typename Make>
  const T& get(Make&& make) noexcept {
    if (const T* ready = ready_.load(std::memory_order_acquire)) return *ready;
    const bool in_place = !claimed_.exchange(true, std::memory_order_relaxed);
    T* own =
        in_place ? ::new (static_cast<void*>(place_)) T(make()) : ::new (std::nothrow) T(make());
    const T* ready = nullptr;
    if (own == nullptr) {  // The first has its place without the heap.
      while ((ready = ready_.load(std::memory_order_acquire)) == nullptr) std::this_thread::yield();
      return *ready;
    }
    if (ready_.compare_exchange_strong(ready, own, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
      return *own;
    }
    if (!in_place) delete own;
    return *ready;
  }

 private:
  std::atomic<const T*> ready_{nullptr};
  std::atomic<bool> claimed_{false};
  alignas(T) unsigned char place_[sizeof(T)]{};
};

}  // namespace frys::detail
