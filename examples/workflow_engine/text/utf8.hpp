// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What of a text is UTF-8. File names are bytes: the system asks no more of them than of a blob.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace crew {

/// Bytes of the UTF-8 character that starts at `position`; 0 when there is none.
std::size_t utf8_length(std::string_view bytes, std::size_t position);

/// The same with U+FFFD for every byte that belongs to no character.
std::string valid_utf8(std::string_view bytes);

}  // namespace crew
