// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// BLAKE2b-128 (RFC 7693, no key): a cryptographic hash, so that no two different experiences share
// an identity, not even on purpose short of 2^64 tries.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace frys::detail {

/// Cost: about 1 ns a byte, at least 128 bytes' worth.
std::array<std::uint8_t, 16> blake2b_128(std::span<const std::byte> data) noexcept;

}  // namespace frys::detail
