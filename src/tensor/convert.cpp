// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tensor/convert.hpp"

#include <algorithm>
#include <array>

#include "simd/dispatch.hpp"
#include "tensor/strided.hpp"

namespace frys::detail {
namespace {

// A half type is its bits and nothing else, so that arrays of it are arrays of bits.
static_assert(sizeof(Float16) == 2 && sizeof(BFloat16) == 2);

template <typename Half>
void widen(float* out, const Half* in, std::size_t count) noexcept {
  const auto* bits = reinterpret_cast<const std::uint16_t*>(in);
  if constexpr (std::is_same_v<Half, Float16>) {
    simd::kernels().f32_from_f16(out, bits, count);
  } else {
    simd::kernels().f32_from_bf16(out, bits, count);
  }
}

template <typename Half>
void narrow(Half* out, const float* in, std::size_t count) noexcept {
  auto* bits = reinterpret_cast<std::uint16_t*>(out);
  if constexpr (std::is_same_v<Half, Float16>) {
    simd::kernels().f16_from_f32(bits, in, count);
  } else {
    simd::kernels().bf16_from_f32(bits, in, count);
  }
}

template <typename To, typename From>
void convert_array(To* out, const From* in, std::size_t count) noexcept {
  if constexpr (std::is_same_v<To, From>) {
    std::memcpy(out, in, count * sizeof(To));
  } else if constexpr (is_half<From> && std::is_same_v<To, float>) {
    widen(out, in, count);
  } else if constexpr (is_half<To> && std::is_same_v<From, float>) {
    narrow(out, in, count);
  } else if constexpr (is_half<From> || is_half<To>) {
    std::array<float, stage_elements> stage;
    for (std::size_t done = 0; done < count; done += stage.size()) {
      const std::size_t part = std::min(stage.size(), count - done);
      if constexpr (is_half<From>) {
        widen(stage.data(), in + done, part);
        convert_array(out + done, stage.data(), part);
      } else {
        for (std::size_t i = 0; i < part; ++i) stage[i] = for_half(in[done + i]);
        narrow(out + done, stage.data(), part);
      }
    }
  } else {
    for (std::size_t i = 0; i < count; ++i) out[i] = convert<To>(in[i]);
  }
}

}  // namespace

void convert_elements(DType to, void* out, DType from, const void* in, std::size_t count) noexcept {
  visit_dtype(to, [&](auto to_type) {
    visit_dtype(from, [&](auto from_type) {
      convert_array(static_cast<decltype(to_type)*>(out),
                    static_cast<const decltype(from_type)*>(in), count);
    });
  });
}

void fill_elements(DType dtype, void* out, double value, std::size_t count) noexcept {
  visit_dtype(dtype, [&](auto type) {
    using T = decltype(type);
    T element;
    convert_array(&element, &value, 1);
    if constexpr (std::is_same_v<T, float>) {
      simd::kernels().fill_f32(static_cast<float*>(out), element, count);
    } else {
      std::fill_n(static_cast<T*>(out), count, element);
    }
  });
}

}  // namespace frys::detail
