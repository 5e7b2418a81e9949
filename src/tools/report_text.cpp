// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/report_text.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace frys::tools {

void append(std::string& out, const char* format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > 0) out.append(line, std::min<std::size_t>(static_cast<std::size_t>(length), 511));
}

}  // namespace frys::tools
