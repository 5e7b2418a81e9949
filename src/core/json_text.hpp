// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string>
#include <string_view>

namespace frys::detail {

/// Appends `text` as a JSON string, quotes included (RFC 8259; bytes that are not valid UTF-8
/// become U+FFFD, so that the result always is).
void append_json_string(std::string& out, std::string_view text);

/// Appends a number in the shortest form that reads back the same; not finite becomes null.
void append_json_number(std::string& out, double value);

}  // namespace frys::detail
