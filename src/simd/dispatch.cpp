// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "simd/dispatch.hpp"

#include <cstdlib>

#include "core/first_made.hpp"
#include "simd/cpu.hpp"
#include "simd/tables.hpp"

namespace frys::simd {
namespace {

const IsaChoice& active() noexcept {
  static constinit frys::detail::FirstMade<IsaChoice> chosen;
  return chosen.get(
      []() noexcept { return choose_isa(std::getenv("FRYS_SIMD"), best_isa(cpu_features())); });
}

}  // namespace

constinit std::atomic<const Kernels*> chosen_kernels{nullptr};

const Kernels& choose_kernels() noexcept {
  const Kernels* chosen = kernels_for(active().isa);
  chosen_kernels.store(chosen, std::memory_order_release);
  return *chosen;
}

Isa active_isa() noexcept { return active().isa; }

std::string_view isa_note() noexcept { return active().note; }

const Kernels* kernels_for(Isa isa) noexcept {
  if (isa > best_isa(cpu_features())) return nullptr;
  switch (isa) {
    case Isa::sse2:
      return &sse2::table;
    case Isa::avx2:
      return &avx2::table;
    case Isa::avx512:
      return &avx512::table;
  }
  return nullptr;
}

std::string_view to_string(Isa isa) noexcept {
  switch (isa) {
    case Isa::sse2:
      return "sse2";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
  }
  return "unknown";
}

IsaChoice choose_isa(const char* wanted, Isa best) noexcept {
  if (wanted == nullptr || *wanted == '\0') return {best, {}};
  for (const Isa isa : {Isa::sse2, Isa::avx2, Isa::avx512}) {
    if (to_string(isa) != wanted) continue;
    if (isa <= best) return {isa, {}};
    return {best,
            "FRYS_SIMD names an instruction set that this machine or its operating system "
            "does not support; the best supported one is used"};
  }
  return {best, "FRYS_SIMD is none of sse2, avx2, avx512; the best supported one is used"};
}

}  // namespace frys::simd
