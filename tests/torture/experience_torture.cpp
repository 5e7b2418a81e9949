// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Processes that work on an experience store, by its public header, and are killed, refused or
// given damaged files; what is then there is compared with what they were told.
//
// A run is made of rounds; each has a folder of its own, with options drawn from the round's seed.
// The seeds of the rounds follow one another, so that a round that failed can be run alone. When a
// process is killed by the clock, or has several threads, a run with the same seed is alike, not
// the same.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "torture/store_rounds.hpp"

namespace frys::torture {
namespace {

constexpr const char* usage =
    "usage: frys_experience_torture [--seed S] [--seconds N] [--kills N]\n"
    "                               [--only kill|damage|fault|threads]\n"
    "  Works on experience stores in processes that are killed and refused, damages their files,\n"
    "  and compares what is there, until N kills are done or N seconds are over (20 kills when\n"
    "  neither is given). TMPDIR says where.\n";

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t seconds = 0;
  std::uint64_t kills = 0;
  std::optional<StoreRound> only;
};

int complain(const std::string& what) {
  std::fprintf(stderr, "frys_experience_torture: %s\n%s", what.c_str(), usage);
  return 2;
}

bool read_number(const char* text, std::uint64_t& value) {
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc() && stop == end;
}

bool read_round(std::string_view text, std::optional<StoreRound>& only) {
  for (const StoreRound round :
       {StoreRound::kill, StoreRound::damage, StoreRound::fault, StoreRound::threads}) {
    if (text == name_of(round)) only = round;
  }
  return only.has_value();
}

int read_arguments(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; i += 2) {
    const std::string word = words[i];
    std::uint64_t* value = word == "--seed"      ? &arguments.seed
                           : word == "--seconds" ? &arguments.seconds
                           : word == "--kills"   ? &arguments.kills
                                                 : nullptr;
    if (value == nullptr && word != "--only") return complain("unknown argument " + word);
    if (i + 1 == count) return complain(word + " needs a value after it");
    if (value == nullptr && !read_round(words[i + 1], arguments.only)) {
      return complain(word + " is kill, damage, fault or threads, not " + words[i + 1]);
    }
    if (value != nullptr && !read_number(words[i + 1], *value)) {
      return complain(word + " needs a number, not " + words[i + 1]);
    }
  }
  if (arguments.seconds == 0 && arguments.kills == 0) arguments.kills = 20;
  return 0;
}

/// Every other round kills, and is longer than the others.
StoreRound round_of(std::uint64_t seed) {
  switch (mix64(seed) % 8) {
    case 0:
      return StoreRound::threads;
    case 1:
      return StoreRound::fault;
    case 2:
    case 3:
      return StoreRound::damage;
    default:
      return StoreRound::kill;
  }
}

void print(const Arguments& arguments, const StoreTotals& t, const char* end) {
  const auto n = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "seed %llu: %llu rounds, %llu kills (%llu at a chosen step, %llu with the power gone), "
      "%llu clean ends, %llu operations (%llu removed, %llu amended, %llu exchanges seen), "
      "%llu refusals, %llu damages (%llu refused, %llu told, "
      "%llu torn ends, %llu salvaged), %llu records compared, %llu of %llu searches missed, %s\n",
      n(arguments.seed), n(t.rounds), n(t.kills), n(t.step_kills), n(t.power_losses),
      n(t.clean_ends), n(t.operations), n(t.removals), n(t.amendments), n(t.exchanges),
      n(t.refusals), n(t.damages), n(t.damages_refused), n(t.damages_told), n(t.damages_torn),
      n(t.damages_salvaged), n(t.records_checked), n(t.misses), n(t.searches), end);
  std::fflush(stdout);
}

int run(const Arguments& arguments) {
  const SteadyClock::time_point begin = SteadyClock::now();
  StoreLimit limit;
  if (arguments.seconds != 0) limit.end = begin + std::chrono::seconds(arguments.seconds);
  if (arguments.kills != 0) limit.kills_left = arguments.kills;
  StoreTotals totals;
  SteadyClock::time_point printed = begin;
  while (!limit.reached()) {
    const std::uint64_t seed = arguments.seed + totals.rounds;
    const StoreRound round = arguments.only.value_or(round_of(seed));
    if (round == StoreRound::damage) {
      run_damage_round(seed, limit, totals);
    } else {
      run_life_round(seed, round, limit, totals);
    }
    ++totals.rounds;
    if (SteadyClock::now() - printed < std::chrono::seconds(60)) continue;
    printed = SteadyClock::now();
    print(arguments, totals, "so far");
  }
  // The graph is approximate, but not that much.
  const bool finds = totals.misses <= 20 + totals.searches / 50;
  print(arguments, totals, finds ? "no difference" : "which is too often");
  return finds ? 0 : 1;
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
  return frys::torture::run(arguments);
}
