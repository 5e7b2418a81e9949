// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// CRC-32C (Castagnoli; RFC 3720, appendix B.4), which guards our own records beneath whatever
// RocksDB guards, so that a damaged row is told from a wrong one wherever it comes from.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace frys::detail {

/// Extends `crc` (0 to begin) by `data`. By the processor's instruction where it has one, three
/// stretches at a time (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32
/// Instruction", 2011), else eight bytes a step by tables (Kounavis and Berry, "A Systematic
/// Approach to Building High Performance Software-Based CRC Generators", 2005).
std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t crc = 0) noexcept;

/// The same, by tables on any processor.
std::uint32_t crc32c_by_tables(std::span<const std::byte> data, std::uint32_t crc = 0) noexcept;

}  // namespace frys::detail
