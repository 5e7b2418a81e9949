// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Inside a step this host prefers exceptions: `take` opens a Result and `check` a Status, and what
// they throw becomes the step's status again at its edge (`run_step` in agents.hpp).

#pragma once

#include <exception>
#include <string>
#include <utility>

#include "frys/core/result.hpp"

namespace crew {

class StepError : public std::exception {
 public:
  explicit StepError(frys::Status status)
      : status_(std::move(status)), what_(status_.to_string()) {}
  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
  [[nodiscard]] const frys::Status& status() const noexcept { return status_; }

 private:
  frys::Status status_;
  std::string what_;
};

template <typename T>
T take(frys::Result<T> result) {
  if (!result) throw StepError(result.error());
  return *std::move(result);
}

inline void check(const frys::Status& status) {
  if (!status.ok()) throw StepError(status);
}

}  // namespace crew
