// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reading and writing little-endian numbers in byte strings. A reader never trusts a length: every
// `take` says whether the bytes were there.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace frys::detail {

static_assert(std::endian::native == std::endian::little,
              "numbers are written as they lie in memory");

inline std::span<const std::byte> as_byte_span(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

template <typename T>
  requires std::is_trivially_copyable_v<T>
void append_value(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

/// Overwrites the bytes of a number that was appended earlier.
template <typename T>
  requires std::is_trivially_copyable_v<T>
void patch_value(std::string& out, std::size_t offset, T value) noexcept {
  std::memcpy(out.data() + offset, &value, sizeof(T));
}

/// Eats a byte string from its front.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  template <typename T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] bool take(T& value) noexcept {
    if (rest_.size() < sizeof(T)) return false;
    std::memcpy(&value, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return true;
  }
  [[nodiscard]] bool take_bytes(std::size_t count, std::string_view& bytes) noexcept {
    if (rest_.size() < count) return false;
    bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace frys::detail
