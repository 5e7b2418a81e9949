// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Asking work to stop. A source is held by who may ask, tokens by who should listen; steps get
// theirs from `StepContext::token()`. Stopping is a request: work that never looks runs on.
//
//   frys::CancellationSource source;
//   auto registration = source.token().on_cancel([&] { socket.close(); });
//   source.cancel();                                       // runs the callback, here

#pragma once

#include <memory>

#include "frys/core/export.hpp"
#include "frys/core/function.hpp"

namespace frys {

namespace detail {
struct CancellationState;
}

/// Keeps a callback registered; its destructor takes the callback back, and waits for it when it
/// is running on another thread just then. Move-only. Threads: one at a time.
class FRYS_API CancellationRegistration {
 public:
  CancellationRegistration() noexcept = default;
  CancellationRegistration(CancellationRegistration&& other) noexcept;
  CancellationRegistration& operator=(CancellationRegistration&& other) noexcept;
  ~CancellationRegistration() { reset(); }
  /// Takes the callback back now.
  void reset() noexcept;

 private:
  friend class CancellationToken;
  std::shared_ptr<detail::CancellationState> state_;
  std::uint64_t key_ = 0;
};

/// Sees whether its source was cancelled. The default token never is. Copies see the same source.
/// Threads: safe. Cost: one atomic load.
class FRYS_API CancellationToken {
 public:
  CancellationToken() noexcept = default;
  [[nodiscard]] bool is_cancelled() const noexcept;
  /// Calls `callback` once when the source is cancelled, on the thread that cancels; at once, here,
  /// when it was already. The callback must not throw. Threads: safe.
  [[nodiscard]] CancellationRegistration on_cancel(UniqueFunction<void()> callback) const;

 private:
  friend class CancellationSource;
  explicit CancellationToken(std::shared_ptr<detail::CancellationState> state) noexcept
      : state_(std::move(state)) {}
  std::shared_ptr<detail::CancellationState> state_;
};

/// Asks for the stop. Copies are the same source. Threads: safe.
class FRYS_API CancellationSource {
 public:
  CancellationSource();
  [[nodiscard]] CancellationToken token() const noexcept { return CancellationToken(state_); }
  /// Asks once; true when this call was the one. Runs the registered callbacks, in their order.
  bool cancel() noexcept;
  [[nodiscard]] bool is_cancelled() const noexcept { return token().is_cancelled(); }

 private:
  std::shared_ptr<detail::CancellationState> state_;
};

}  // namespace frys
