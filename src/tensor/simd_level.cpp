// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/simd_level.hpp"

#include "simd/dispatch.hpp"

namespace frys {

std::string_view simd_level() noexcept { return simd::to_string(simd::active_isa()); }

std::string_view simd_note() noexcept { return simd::isa_note(); }

}  // namespace frys
