// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "report/format.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "text/utf8.hpp"

namespace crew {
namespace {

/// Three digits that matter: "1.32", "13.2", "132".
std::string three_digits(double value) {
  return format_fixed(value, value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2);
}

std::string scaled(double value, double step, const std::array<const char*, 4>& units) {
  std::size_t unit = 0;
  for (; unit + 1 < units.size() && value >= step * 0.9995; ++unit) value /= step;
  return (unit == 0 ? format_fixed(value, 0) : three_digits(value)) + " " + units[unit];
}

}  // namespace

std::string format_fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string format_bytes(double bytes) { return scaled(bytes, 1024, {"B", "KiB", "MiB", "GiB"}); }

std::string format_duration(double ns) { return scaled(ns, 1000, {"ns", "µs", "ms", "s"}); }

std::string format_tick_ms(double ms) {
  if (ms == 0) return "0";
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g", ms < 1000 ? ms : ms / 1000);
  return std::string(text) + (ms < 1000 ? " ms" : " s");
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
  return digits;
}

std::string counted(std::uint64_t count, const std::string& noun) {
  return format_count(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string format_percent(double share) {
  if (share >= 9.995) return format_count(static_cast<std::uint64_t>(std::llround(share))) + "×";
  const double percent = 100 * share;
  if (percent >= 99.5)
    return format_count(static_cast<std::uint64_t>(std::llround(percent))) + " %";
  return format_fixed(percent, percent >= 9.95 || percent == 0 ? 0
                               : percent >= 0.995              ? 1
                                                               : 2) +
         " %";
}

std::string format_time(std::int64_t wall_ns) {
  const std::time_t seconds = wall_ns / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &parts);
  return text;
}

std::string escape(std::string_view text) {
  std::string safe;
  for (const char c : valid_utf8(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') safe += c;
    }
  }
  return safe;
}

std::string role_of(const std::string& agent) {
  std::size_t end = agent.size();
  while (end > 0 && agent[end - 1] >= '0' && agent[end - 1] <= '9') --end;
  const bool numbered = end < agent.size() && end > 1 && agent[end - 1] == '-';
  return numbered ? agent.substr(0, end - 1) : agent;
}

std::string role_class(const std::string& agent) { return "role-" + role_of(agent); }

}  // namespace crew
