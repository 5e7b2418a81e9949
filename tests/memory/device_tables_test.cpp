// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The tables under `StreamOrderedPool`: by address, and by size.

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "frys/core/random.hpp"
#include "memory/address_table.hpp"
#include "memory/free_bins.hpp"

namespace frys::detail {
namespace {

TEST(AddressTable, AgreesWithAMapOverTime) {
  AddressTable table;
  std::vector<std::uint64_t> address_of;
  std::map<std::uint64_t, std::uint32_t> model;
  SeededRandom random(7);
  const auto is_at = [&](std::uint64_t address) {
    return [&address_of, address](std::uint32_t value) { return address_of[value] == address; };
  };
  for (int i = 0; i < 200'000; ++i) {
    // Grows first, then holds its size, over neighbours of 256 bytes as a segment has them.
    const std::uint64_t address = 0x7f00'0000'0000 + 256 * random.next_below(40'000);
    const auto found = model.find(address);
    const std::uint32_t expected = found == model.end() ? AddressTable::none : found->second;
    ASSERT_EQ(table.find(address, is_at(address)), expected);
    if (expected != AddressTable::none) {
      ASSERT_EQ(table.remove(address, is_at(address)), expected);
      model.erase(found);
    } else {
      table.reserve_one();
      const auto value = static_cast<std::uint32_t>(address_of.size());
      address_of.push_back(address);
      table.insert(address, value);
      model[address] = value;
    }
  }
  EXPECT_GT(model.size(), 10'000U);
  for (const auto& [address, value] : model) {
    ASSERT_EQ(table.remove(address, is_at(address)), value);
  }
  EXPECT_EQ(table.find(256, is_at(256)), AddressTable::none);
}

std::uint64_t least_units_of_bin(std::size_t bin) {
  return bin < 16 ? bin : std::uint64_t{bin % 8 + 8} << (bin / 8 - 1);
}

TEST(FreeBins, ABinsSizesAreOneInterval) {
  for (std::size_t bin = 1; bin <= bin_of_units(most_device_units); ++bin) {
    const std::uint64_t least = least_units_of_bin(bin);
    EXPECT_EQ(bin_of_units(least), bin);
    EXPECT_EQ(bin_of_units(least_units_of_bin(bin + 1) - 1), bin);
    // Eight an octave: what a bin holds differs by an eighth at most.
    EXPECT_LE((least_units_of_bin(bin + 1) - 1 - least) * 8, least);
  }
}

TEST(FreeBins, TheNextFilledBinIsFound) {
  FreeBins bins;
  EXPECT_EQ(bins.first_filled(0), FreeBins::bin_count);
  for (const std::size_t bin : {3U, 63U, 64U, 200U}) bins.set_head(bin, 1);
  EXPECT_EQ(bins.first_filled(0), 3U);
  EXPECT_EQ(bins.first_filled(4), 63U);
  EXPECT_EQ(bins.first_filled(64), 64U);
  EXPECT_EQ(bins.first_filled(65), 200U);
  EXPECT_EQ(bins.first_filled(201), FreeBins::bin_count);
  bins.set_head(63, no_block);
  EXPECT_EQ(bins.first_filled(4), 64U);
}

}  // namespace
}  // namespace frys::detail
