// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Base64 as RFC 4648 has it in section 4: with padding, without line ends.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace frys::tools {

std::string to_base64(std::span<const std::byte> bytes);
/// Nothing when the text is no such encoding: every character counts, and so does the padding.
std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace frys::tools
