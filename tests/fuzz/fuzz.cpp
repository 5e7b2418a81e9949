// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "fuzz/fuzz.hpp"

#include <sanitizer/allocator_interface.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>

extern "C" {
// libFuzzer's side.
std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);
int LLVMFuzzerInitialize(int* argument_count, char*** arguments);
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                    unsigned seed);
}

namespace frys::fuzz {
namespace {

thread_local std::size_t allocated = 0;

void count_allocation(const volatile void*, std::size_t bytes) { allocated += bytes; }
void ignore_free(const volatile void*) {}

std::uint64_t any_number(SeededRandom& random) { return random.next() >> random.next_below(64); }

double any_double(SeededRandom& random) {
  constexpr double ends[] = {0.1, -1, 1e-320, std::numeric_limits<double>::max(), 1.0 / 3};
  return random.next_below(3) == 0 ? ends[random.next_below(std::size(ends))] : 0;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

float any_float(SeededRandom& random) {
  return static_cast<float>(random.next_below(2000)) / 7 - 100;
}

std::string any_unknown_field(SeededRandom& random) {
  const std::string value = any_text(random);
  const auto tag = static_cast<std::uint16_t>(60 + random.next_below(65'476));
  const auto length = static_cast<std::uint32_t>(value.size());
  std::string field(6, '\0');
  std::memcpy(field.data(), &tag, sizeof(tag));
  std::memcpy(field.data() + 2, &length, sizeof(length));
  return field + value;
}

/// Says that the payload is a tensor, and cuts it to one.
void make_tensor(Experience& e, SeededRandom& random) {
  const auto dtype = static_cast<DType>(random.next_below(10));
  const std::size_t elements = e.payload.size() / size_of(dtype);
  std::array<std::int64_t, max_rank> extents;
  extents.fill(1);
  extents[random.next_below(max_rank)] = static_cast<std::int64_t>(elements);
  const std::uint64_t rank = elements == 1 ? random.next_below(max_rank + 1) : max_rank;
  e.payload.resize(elements * size_of(dtype));
  e.payload_tensor = {dtype, Shape(std::span(extents).first(rank))};
}

}  // namespace

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

AllocationMeter::AllocationMeter() noexcept : before_(allocated) {}
std::size_t AllocationMeter::bytes() const noexcept { return allocated - before_; }

std::string any_text(SeededRandom& random) {
  std::string text;
  if (random.next_below(2) == 0) return text;
  const std::string_view pieces[] = {
      "word ", "Zoë ☕", "\"", "\\", "\n", "\xff", std::string_view("\0", 1)};
  const std::uint64_t length = random.next_below(random.next_below(8) == 0 ? 60 : 6);
  for (std::uint64_t i = 0; i < length; ++i) text += pieces[random.next_below(std::size(pieces))];
  return text;
}

Experience any_experience(SeededRandom& random) {
  Experience e;
  for (std::string* text :
       {&e.workflow, &e.agent, &e.step_type, &e.situation, &e.action, &e.outcome_text}) {
    *text = any_text(random);
  }
  e.outcome = static_cast<Outcome>(random.next_below(3));
  e.reward = any_double(random);
  e.input_size = any_double(random);
  if (random.next_below(2) == 0) e.started_at_ns = static_cast<std::int64_t>(random.next());
  if (random.next_below(2) == 0) e.duration_ns = static_cast<std::int64_t>(random.next() >> 1);
  if (random.next_below(3) == 0) {
    e.resources.predicted_bytes = any_number(random);
    e.resources.peak_bytes = any_number(random);
    e.resources.queued_ns = -static_cast<std::int64_t>(any_number(random) >> 1);
  }
  for (std::uint64_t i = random.next_below(4); i > 0; --i) e.tags.push_back(any_text(random));
  for (std::uint64_t i = 2 * random.next_below(3); i > 0; --i) {
    e.embedding.push_back(any_float(random));
  }
  for (const char* name : {"code", "text-small", "~"}) {
    if (random.next_below(4) == 0) e.embeddings.push_back({name, {0.5F, any_float(random)}});
  }
  e.payload = bytes_of(any_text(random));
  if (random.next_below(2) == 0) make_tensor(e, random);
  for (std::uint64_t i = random.next_below(3); i > 0; --i) {
    for (const std::byte byte : bytes_of(any_unknown_field(random))) {
      e.unknown_fields.push_back(byte);
    }
  }
  return e;
}

}  // namespace frys::fuzz

int LLVMFuzzerInitialize(int*, char***) {
  __sanitizer_install_malloc_and_free_hooks(frys::fuzz::count_allocation, frys::fuzz::ignore_free);
  return 0;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  frys::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most,
                                    unsigned seed) {
  frys::SeededRandom random(seed);
  if (random.next_below(16) == 0) {
    const std::string made = frys::fuzz::make(random);
    if (made.size() <= most) {
      std::memcpy(data, made.data(), made.size());
      return made.size();
    }
  }
  size = LLVMFuzzerMutate(data, size, most);
  if (random.next_below(4) == 0) return size;
  std::string mended(reinterpret_cast<const char*>(data), size);
  frys::fuzz::mend(mended);
  if (mended.size() > most) return size;
  std::memcpy(data, mended.data(), mended.size());
  return mended.size();
}
