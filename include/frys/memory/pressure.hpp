// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a host can let go of when memory is short: caches, results that can be had again, tensors
// that can be written to disk. Asked only when a request would otherwise be refused.
//
//   auto registration = memory.add_pressure_handler(
//       [&](const frys::MemoryPressure& pressure) { return cache.drop(pressure.wanted_bytes); });

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "frys/core/export.hpp"
#include "frys/core/function.hpp"

namespace frys {

namespace detail {
class PressureChain;
struct PressureEntry;
}  // namespace detail

enum class PressureReason : std::uint8_t {
  budget,  ///< A scope's budget refused the request.
  system,  ///< The system has no memory for it.
};

/// A request that cannot be had. The views are valid during the call.
struct MemoryPressure {
  std::string_view scope;        ///< Path of the scope that asks.
  std::string_view refused_by;   ///< Path of the scope whose budget refused; empty for `system`.
  std::size_t wanted_bytes = 0;  ///< What was asked for; less may be enough.
  PressureReason reason = PressureReason::budget;
};

/// Lets go of what it can spare and returns how many bytes that was; 0 when nothing, and then the
/// request is not tried again on its behalf. It runs on the thread that asks, no lock held, and on
/// several threads at once. It may allocate (what it is refused is refused at once), drop blocks,
/// close scopes, and register and unregister handlers. What it throws counts as 0.
using PressureHandler = UniqueFunction<std::size_t(const MemoryPressure& pressure)>;

/// Keeps a handler registered. Move-only; may outlive the manager. Threads: one at a time.
class FRYS_API PressureRegistration {
 public:
  PressureRegistration() noexcept = default;
  PressureRegistration(PressureRegistration&&) noexcept = default;
  PressureRegistration& operator=(PressureRegistration&& other) noexcept {
    if (this == &other) return *this;
    reset();
    chain_ = std::move(other.chain_);
    entry_ = std::move(other.entry_);
    return *this;
  }
  ~PressureRegistration() { reset(); }

  /// Unregisters, and waits until no thread runs the handler; called from inside any handler it
  /// waits for none, and calls under way may still end later.
  void reset() noexcept;
  [[nodiscard]] bool is_registered() const noexcept { return entry_ != nullptr; }

 private:
  friend class detail::PressureChain;
  std::shared_ptr<detail::PressureChain> chain_;
  std::shared_ptr<detail::PressureEntry> entry_;
};

}  // namespace frys
