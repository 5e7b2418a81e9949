// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Payloads on request, from tables that the cache holds, beside a memcpy of as many bytes into
// memory that is warm. Rows, for 64 KiB, 1 MiB and 16 MiB:
//
//   payload/<size>-pinned    where the cache has it; its record is read once, for the checksum
//   payload/<size>-tensor    copied into a tensor of a scope
//   payload/<size>-get       as part of the experience

#include <benchmark/benchmark.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "experience_rows.hpp"
#include "experience_stored_set.hpp"
#include "frys/experience/experience_store.hpp"
#include "frys/memory/manager.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys::bench {
namespace {

/// Reads one payload in one way; false when it can't.
using Read = std::function<bool(const ExperienceStore&, const ExperienceId&)>;

/// A store of `e` alone, in a table.
ExperienceStore store_of(const Experience& e) {
  ExperienceStoreOptions options;
  options.path = scratch_folder() + "/payload";
  options.cache_bytes = std::size_t{256} << 20;
  // Opening makes tables of what the log holds.
  options.salvage = true;
  std::filesystem::remove_all(options.path);
  for (bool stored = false;; stored = true) {
    Result<ExperienceStore> store = ExperienceStore::open(options, Environment());
    if (!store) fail(store.error().to_string());
    if (stored) return *std::move(store);
    if (const auto id = store->store(e); !id) fail(id.error().to_string());
  }
}

void payload_frys(benchmark::State& state, std::size_t bytes, const Read& read) {
  Experience e;
  e.situation = "a frame of the camera";
  e.payload.resize(bytes, std::byte{1});
  const ExperienceStore store = store_of(e);
  const ExperienceId id = *content_id(e);
  for (auto _ : state) {
    if (!read(store, id)) fail("a payload can't be read");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void payload_memcpy(benchmark::State& state, std::size_t bytes) {
  const std::vector<std::byte> from(bytes, std::byte{1});
  std::vector<std::byte> to(bytes);
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), bytes);
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

MemoryScope reader_scope() {
  static const Result<TensorMemoryManager> memory = TensorMemoryManager::create({}, {});
  if (!memory) fail(memory.error().to_string());
  return memory->root();
}

}  // namespace

void add_payload_rows() {
  using benchmark::RegisterBenchmark;
  const std::pair<const char*, Read> ways[] = {
      {"pinned", [](const auto& store, const auto& id) { return store.payload(id).has_value(); }},
      {"tensor",
       [](const auto& store, const auto& id) {
         return store.payload_tensor(id, reader_scope()).has_value();
       }},
      {"get", [](const auto& store, const auto& id) { return store.get(id).has_value(); }}};
  const std::pair<const char*, std::size_t> sizes[] = {{"64KiB", std::size_t{64} << 10},
                                                       {"1MiB", std::size_t{1} << 20},
                                                       {"16MiB", std::size_t{16} << 20}};
  for (const auto& [size, bytes] : sizes) {
    for (const auto& [way, read] : ways) {
      const std::string name = std::string("payload/") + size + "-" + way;
      RegisterBenchmark((name + "/frys").c_str(), payload_frys, bytes, read)
          ->Unit(benchmark::kMicrosecond);
      RegisterBenchmark((name + "/memcpy").c_str(), payload_memcpy, bytes)
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

}  // namespace frys::bench
