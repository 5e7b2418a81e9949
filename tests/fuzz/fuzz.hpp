// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the fuzzers of formats have in common (libFuzzer: Serebryany, "Continuous fuzzing with
// libFuzzer and AddressSanitizer", 2016). Bytes that chance makes never pass a checksum, so a
// mutated input mostly gets the right one, and now and then an encoder makes a new one.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "frys/core/random.hpp"
#include "frys/experience/experience.hpp"

namespace frys::fuzz {

// What each fuzzer is:

/// A valid input.
std::string make(SeededRandom& random);
/// Makes right what nobody who damages a file in earnest would leave wrong.
void mend(std::string& input);
/// Whether the code does with this input what it promises; ends the process if not.
void check(std::string_view input);

// What they use:

void require(bool holds, const char* what);

/// What was asked of malloc since it was made, given back or not. By one thread.
class AllocationMeter {
 public:
  AllocationMeter() noexcept;
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  std::size_t before_;
};

/// Any of its fields, at their odd ends.
Experience any_experience(SeededRandom& random);
/// Of any bytes, long or short, often none.
std::string any_text(SeededRandom& random);

}  // namespace frys::fuzz
