// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The payload of one experience, read where the store has it in memory. Not for keeping: whoever
// holds one holds the block of a table around it; not for computing on its elements, which lie at
// any address (take `ExperienceStore::payload_tensor`).
//
//   frys::Result<frys::PinnedPayload> payload = store.payload(id);
//   if (!payload) return payload.error();
//   send(payload->bytes());

#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "frys/core/export.hpp"
#include "frys/experience/experience.hpp"

namespace frys {

/// Holds the bytes of a payload; move-only. They stay as they are while it lives, also when the
/// experience is removed, and when the store is closed or gone.
///
/// Memory: what it holds is counted among `ExperienceStoreOptions::cache_bytes`, but is not given
/// up for other blocks; the cache holds more than that where pins alone take more.
/// Threads: distinct ones are independent; any may be destroyed in any thread.
class FRYS_API PinnedPayload {
 public:
  /// Without bytes; also what a moved-from one is.
  PinnedPayload() noexcept = default;
  PinnedPayload(PinnedPayload&& other) noexcept
      : pin_(std::move(other.pin_)),
        bytes_(std::exchange(other.bytes_, {})),
        tensor_(std::exchange(other.tensor_, std::nullopt)) {}
  PinnedPayload& operator=(PinnedPayload&& other) noexcept {
    if (this == &other) return *this;
    pin_ = std::move(other.pin_);
    bytes_ = std::exchange(other.bytes_, {});
    tensor_ = std::exchange(other.tensor_, std::nullopt);
    return *this;
  }
  PinnedPayload(const PinnedPayload&) = delete;
  PinnedPayload& operator=(const PinnedPayload&) = delete;
  ~PinnedPayload() = default;

  /// `Experience::payload`, at any alignment; valid as long as this object, or what it is moved to.
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  /// `Experience::payload_tensor`.
  [[nodiscard]] const std::optional<PayloadTensor>& tensor() const noexcept { return tensor_; }

 private:
  friend class ExperienceStore;
  PinnedPayload(std::shared_ptr<const void> pin, std::span<const std::byte> bytes,
                std::optional<PayloadTensor> tensor) noexcept
      : pin_(std::move(pin)), bytes_(bytes), tensor_(tensor) {}

  std::shared_ptr<const void> pin_;  // What `bytes_` lie in.
  std::span<const std::byte> bytes_;
  std::optional<PayloadTensor> tensor_;
};

}  // namespace frys
