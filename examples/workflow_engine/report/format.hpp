// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Numbers and names as people read them.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace crew {

std::string format_bytes(double bytes);         ///< "0 B", "812 B", "1.3 MiB"
std::string format_duration(double ns);         ///< "640 ns", "12 µs", "3.4 ms", "1.2 s"
std::string format_tick_ms(double ms);          ///< "0", "2.5 ms", "1.5 s": for an axis
std::string format_percent(double share);       ///< "0.4 %", "12 %", "1,240×"
std::string format_count(std::uint64_t count);  ///< "12,345"
std::string counted(std::uint64_t count, const std::string& noun);  ///< "1 file", "1,234 files"
std::string format_fixed(double value, int decimals);
std::string format_time(std::int64_t wall_ns);  ///< "2026-11-22 20:29 UTC"

/// & < > " ' made harmless for HTML and SVG; control characters left out; what is not UTF-8 marked.
std::string escape(std::string_view text);

/// The part a name shares with its like: "reader" for "reader-3".
std::string role_of(const std::string& agent);
/// The CSS class of a role: "role-reader". The style sheet knows the colours, and one for others.
std::string role_class(const std::string& agent);

}  // namespace crew
