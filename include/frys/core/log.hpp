// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the library has to say, given to the host's own sink. Silent by default; never prints.
//
//   struct Sink : frys::LogSink {
//     void write(const frys::LogRecord& r) noexcept override { host_log(r.component, r.message); }
//   };

#pragma once

#include <cstdint>
#include <string_view>

#include "frys/core/export.hpp"

namespace frys {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

FRYS_API std::string_view to_string(LogLevel level) noexcept;

/// One message; the views are valid during `write` only.
struct LogRecord {
  LogLevel level;
  std::string_view component;  ///< "memory", "scheduler", "experience", …
  std::string_view message;    ///< One line, no newline at its end.
};

/// Receives messages. Threads: `write` is called from any thread, several at once.
class FRYS_API LogSink {
 public:
  virtual ~LogSink();
  /// The least level worth writing; asked before a message is built.
  [[nodiscard]] virtual LogLevel threshold() const noexcept { return LogLevel::info; }
  virtual void write(const LogRecord& record) noexcept = 0;
};

}  // namespace frys
