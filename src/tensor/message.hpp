// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Error messages put together without allocating, so that noexcept functions can.

#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <span>
#include <string_view>

#include "frys/core/status.hpp"
#include "frys/tensor/dtype.hpp"
#include "frys/tensor/shape.hpp"

namespace frys::detail {

/// Text of at most 480 bytes; what does not fit is left out.
class Message {
 public:
  Message& operator<<(std::string_view text) noexcept {
    for (const char c : text) {
      if (size_ < text_.size()) text_[size_++] = c;
    }
    return *this;
  }
  template <std::integral T>
  Message& operator<<(T number) noexcept {
    std::array<char, 24> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  Message& operator<<(DType dtype) noexcept { return *this << to_string(dtype); }
  Message& operator<<(std::span<const std::int64_t> numbers) noexcept {
    *this << "[";
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i != 0) *this << ", ";
      *this << numbers[i];
    }
    return *this << "]";
  }
  Message& operator<<(const Shape& shape) noexcept { return *this << shape.extents(); }

  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }

  /// The message as a failure.
  [[nodiscard]] Status as(ErrorCode code) const noexcept { return {code, text()}; }
  [[nodiscard]] Status invalid() const noexcept { return as(ErrorCode::invalid_argument); }

 private:
  std::array<char, 480> text_;
  std::size_t size_ = 0;
};

}  // namespace frys::detail
