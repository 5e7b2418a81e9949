// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A value or the `Status` that says why there is none, spelled like `std::expected<T, Status>`.
//
//   frys::Result<frys::Tensor> tensor = frys::Tensor::zeros(scope, {3, 4}, frys::DType::f32);
//   if (!tensor) return tensor.error();
//   use(*tensor);

#pragma once

#include <cassert>
#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include "frys/core/status.hpp"

namespace frys {

/// Thrown by `Result::value()` in the caller's own code when there is no value. The library itself
/// never calls `value()`, so this never crosses its boundary.
class BadResultAccess : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override {
    return "frys::Result::value() called on an error";
  }
};

/// Either a `T` or a failed `Status`. `T` is not a reference, not `void` (use `Status`).
///
/// Threads: as `T`. Cost: that of the value; an error costs what `Status` costs.
template <typename T>
class [[nodiscard]] Result {
  static_assert(!std::is_reference_v<T> && !std::is_void_v<T> && !std::is_same_v<T, Status>);

 public:
  using value_type = T;
  using error_type = Status;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit

  /// A failure. A successful `status` would be a result without a value: it becomes `internal`.
  Result(Status status)  // NOLINT: implicit
      : state_(std::in_place_index<1>, status.ok() ? Status(ErrorCode::internal,
                                                            "a Result was made from a "
                                                            "Status that is ok")
                                                   : std::move(status)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value. Precondition: `has_value()`.
  [[nodiscard]] T& operator*() & noexcept { return *get(); }
  [[nodiscard]] const T& operator*() const& noexcept { return *get(); }
  [[nodiscard]] T&& operator*() && noexcept { return std::move(*get()); }
  [[nodiscard]] T* operator->() noexcept { return get(); }
  [[nodiscard]] const T* operator->() const noexcept { return get(); }

  /// The value, or `BadResultAccess` thrown to a caller who did not look.
  [[nodiscard]] T& value() & { return has_value() ? *get() : throw BadResultAccess(); }
  [[nodiscard]] const T& value() const& { return has_value() ? *get() : throw BadResultAccess(); }
  [[nodiscard]] T&& value() && {
    if (!has_value()) throw BadResultAccess();
    return std::move(*get());
  }

  template <typename U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(fallback));
  }
  template <typename U>
  [[nodiscard]] T value_or(U&& fallback) && {
    return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(fallback));
  }

  /// The failure. Precondition: `!has_value()`.
  [[nodiscard]] const Status& error() const noexcept {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }

  /// The failure, or success when there is a value.
  [[nodiscard]] Status status() const noexcept { return has_value() ? Status() : error(); }

  /// Calls `next(value)`, which returns a `Result<U>`, or passes the error on.
  template <typename F>
  auto and_then(F&& next) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return error();
    return std::forward<F>(next)(*std::move(*this));
  }

  /// Replaces the value by `map(value)`, or passes the error on.
  template <typename F>
  auto transform(F&& map) && -> Result<std::invoke_result_t<F, T&&>> {
    if (!has_value()) return error();
    return std::forward<F>(map)(*std::move(*this));
  }

 private:
  T* get() noexcept {
    assert(has_value());
    return std::get_if<0>(&state_);
  }
  const T* get() const noexcept {
    assert(has_value());
    return std::get_if<0>(&state_);
  }

  std::variant<T, Status> state_;
};

}  // namespace frys
