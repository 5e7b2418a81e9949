// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Errors as values. Every fallible call of the library returns a `Status`, or a `Result<T>`
// (result.hpp) when there is something to give back. Not for programming errors inside the library.
//
//   frys::Status status = scope.close();
//   if (!status.ok()) report(status.to_string());      // "budget_exceeded: workflow/demo asked …"
//   if (status == frys::ErrorCode::closed) return;

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "frys/core/export.hpp"

namespace frys {

/// What kind of thing went wrong. Values are stable: they cross the ABI and are written to disk.
enum class ErrorCode : std::int32_t {
  ok = 0,
  invalid_argument = 1,     ///< The call can never succeed with these arguments.
  out_of_memory = 2,        ///< The system or a device refused memory.
  budget_exceeded = 3,      ///< A scope's budget refused memory.
  not_found = 4,            ///< The named thing does not exist.
  already_exists = 5,       ///< The named thing exists and may not be replaced.
  already_open = 6,         ///< Another process holds the data folder.
  failed_precondition = 7,  ///< Legal, but not in the present state.
  closed = 8,               ///< The object was closed.
  cancelled = 9,            ///< Somebody asked for it to stop.
  deadline_exceeded = 10,   ///< It did not end in time.
  unavailable = 11,         ///< Not on this machine, or not now; trying again may help.
  io_error = 12,            ///< The operating system refused a read or a write.
  corruption = 13,          ///< Stored bytes are not what was written.
  step_failed = 14,         ///< A step of a workflow reported a failure or threw.
  internal = 15,            ///< A bug in the library; please report it.
};

/// The code's name as it is spelled in the enumeration; "unknown" for a foreign value.
/// Threads: safe. Cost: O(1).
FRYS_API std::string_view to_string(ErrorCode code) noexcept;

/// The `std::error_category` named "frys" whose values are `ErrorCode`s.
FRYS_API const std::error_category& error_category() noexcept;

/// Finds the category by argument-dependent look-up, so that `std::error_code ec = ErrorCode::x`.
FRYS_API std::error_code make_error_code(ErrorCode code) noexcept;

/// Success, or a code with a message that says what was asked, what was found, and what to do.
///
/// Layout: one pointer, null for success. Copying shares the message.
/// Threads: distinct objects are independent; one object is not to be written while it is read.
class [[nodiscard]] FRYS_API Status {
 public:
  /// Success. Cost: O(1), no allocation.
  Status() noexcept = default;

  /// A failure with `message`. `code` must not be `ok` (that yields success). When memory for the
  /// message cannot be had, the code is kept and the message is a fixed one.
  Status(ErrorCode code, std::string_view message) noexcept;

  /// `out_of_memory` with a fixed message. Cost: O(1); never allocates.
  static Status out_of_memory() noexcept;

  Status(const Status& other) noexcept;
  Status(Status&& other) noexcept : rep_(other.rep_) { other.rep_ = nullptr; }
  Status& operator=(const Status& other) noexcept;
  Status& operator=(Status&& other) noexcept;
  ~Status() {
    if (rep_ != nullptr) release();
  }

  [[nodiscard]] bool ok() const noexcept { return rep_ == nullptr; }
  [[nodiscard]] ErrorCode code() const noexcept;

  /// The message without the code; empty for success. Valid as long as this object.
  [[nodiscard]] std::string_view message() const noexcept;

  /// "code: message", or "ok".
  [[nodiscard]] std::string to_string() const;

  /// The code as a `std::error_code` of `error_category()`.
  [[nodiscard]] std::error_code error_code() const noexcept { return make_error_code(code()); }

  /// The same failure told from further out: "context: message". Success stays success.
  [[nodiscard]] Status with_context(std::string_view context) const noexcept;

  friend bool operator==(const Status& status, ErrorCode code) noexcept {
    return status.code() == code;
  }

 private:
  struct Rep;
  void release() noexcept;
  Rep* rep_ = nullptr;
};

}  // namespace frys

template <>
struct std::is_error_code_enum<frys::ErrorCode> : std::true_type {};
