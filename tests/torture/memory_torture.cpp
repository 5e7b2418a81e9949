// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Random operations on the memory manager, by its public headers, against a shadow model. With one
// thread a run is a function of its seed, and every answer is known beforehand; with more, the
// sums, the budgets and the blocks' content are compared.
//
// A run is made of rounds; each has a manager of its own, or a bare pool, with options drawn from
// the round's seed. The seeds of the rounds follow one another, so that a round that failed can be
// run alone.

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "frys/core/random.hpp"
#include "torture/round.hpp"

namespace frys::torture {
namespace {

constexpr const char* usage =
    "usage: frys_memory_torture [--seed S] [--seconds N] [--operations N] [--threads T]\n"
    "  Random operations on the memory manager, compared with a model, until N operations are\n"
    "  done or N seconds are over (1000000 operations when neither is given).\n";

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t seconds = 0;
  std::uint64_t operations = 0;
  std::uint64_t threads = 1;
};

bool read_number(const char* text, std::uint64_t& value) {
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc() && stop == end;
}

int complain(const std::string& what) {
  std::fprintf(stderr, "frys_memory_torture: %s\n%s", what.c_str(), usage);
  return 2;
}

int read_arguments(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; i += 2) {
    const std::string_view word = words[i];
    std::uint64_t* value = word == "--seed"         ? &arguments.seed
                           : word == "--seconds"    ? &arguments.seconds
                           : word == "--operations" ? &arguments.operations
                           : word == "--threads"    ? &arguments.threads
                                                    : nullptr;
    if (value == nullptr) return complain("unknown argument " + std::string(word));
    if (i + 1 == count) return complain(std::string(word) + " needs a number");
    if (!read_number(words[i + 1], *value)) {
      return complain(std::string(word) + " needs a number, not " + words[i + 1]);
    }
  }
  if (arguments.threads == 0 || arguments.threads > 256) {
    return complain("--threads is from 1 to 256");
  }
  if (arguments.seconds == 0 && arguments.operations == 0) arguments.operations = 1000000;
  return 0;
}

void run(const Arguments& arguments) {
  const SteadyClock::time_point begin = SteadyClock::now();
  Limit limit{SteadyClock::time_point::max(), std::numeric_limits<std::uint64_t>::max()};
  if (arguments.seconds != 0) limit.end = begin + std::chrono::seconds(arguments.seconds);
  if (arguments.operations != 0) limit.operations_left = arguments.operations;
  Totals totals;
  while (!limit.reached()) {
    const std::uint64_t seed = arguments.seed + totals.rounds;
    const bool pool_only = mix64(seed) % 5 == 0;
    (pool_only ? run_pool_round : run_scope_round)(seed, arguments.threads, limit, totals);
  }
  const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin).count();
  std::printf(
      "seed %llu, %llu thread(s): %llu operations in %llu rounds, %llu allocations, %llu refusals, "
      "%.2f million a second, no difference\n",
      static_cast<unsigned long long>(arguments.seed),
      static_cast<unsigned long long>(arguments.threads),
      static_cast<unsigned long long>(totals.operations),
      static_cast<unsigned long long>(totals.rounds),
      static_cast<unsigned long long>(totals.allocations),
      static_cast<unsigned long long>(totals.refusals),
      static_cast<double>(totals.operations) / seconds / 1e6);
}

}  // namespace
}  // namespace frys::torture

int main(int count, char** words) {
  frys::torture::Arguments arguments;
  if (count == 2 && (!std::strcmp(words[1], "-h") || !std::strcmp(words[1], "--help"))) {
    std::fputs(frys::torture::usage, stdout);
    return 0;
  }
  if (const int code = frys::torture::read_arguments(count, words, arguments)) return code;
  frys::torture::run(arguments);
  return 0;
}
