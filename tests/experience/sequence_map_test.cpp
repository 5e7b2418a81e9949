// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/sequence_map.hpp"

#include <gtest/gtest.h>

#include "frys/core/random.hpp"

namespace frys::detail {
namespace {

/// The first bytes choose the place: few of them make many collide.
ExperienceId id_of(std::uint64_t number, std::uint64_t places) {
  ExperienceId id;
  id.bytes[0] = static_cast<std::uint8_t>(number % places);
  __builtin_memcpy(id.bytes.data() + 8, &number, sizeof(number));
  return id;
}

TEST(SequenceMap, IsAsTheStandardsMap) {
  for (const std::uint64_t places : {1, 5, 250}) {
    SequenceMap map;
    std::unordered_map<std::uint64_t, std::uint64_t> reference;
    SeededRandom random(places);
    for (std::uint64_t step = 1; step < 20'000; ++step) {
      const std::uint64_t number = random.next_below(300);
      const bool there = reference.contains(number);
      if (there) {
        map.erase(id_of(number, places));
        reference.erase(number);
      } else {
        map.insert(id_of(number, places), step);
        reference[number] = step;
      }
      const std::uint64_t other = random.next_below(300);
      const auto expected = reference.find(other);
      ASSERT_EQ(map.find(id_of(other, places)),
                expected == reference.end() ? std::nullopt : std::optional(expected->second))
          << "step " << step;
    }
    for (const auto& [number, sequence] : reference) {
      ASSERT_EQ(map.find(id_of(number, places)), sequence);
    }
  }
}

TEST(SequenceMap, TakesChangesWithoutMemory) {
  SequenceMap map;
  for (std::uint64_t i = 0; i < 100; ++i) map.insert(id_of(i, 7), i + 1);
  SequenceMap::Changes changes;
  for (std::uint64_t i = 50; i < 150; ++i) changes[id_of(i, 7)] = i % 2 == 0 ? 0 : 1000 + i;
  map.reserve(changes.size());
  map.take(changes);
  for (std::uint64_t i = 0; i < 150; ++i) {
    const auto found = map.find(id_of(i, 7));
    if (i < 50) {
      EXPECT_EQ(found, i + 1);
    } else if (i % 2 == 0) {
      EXPECT_EQ(found, std::nullopt);
    } else {
      EXPECT_EQ(found, 1000 + i);
    }
  }
}

TEST(SequenceMap, AnEmptyOneHasNothing) {
  SequenceMap map;
  EXPECT_EQ(map.find(id_of(1, 5)), std::nullopt);
  map.erase(id_of(1, 5));
  EXPECT_EQ(map.find(id_of(1, 5)), std::nullopt);
}

}  // namespace
}  // namespace frys::detail
