// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/rocksdb_timer.hpp"

#include <rocksdb/version.h>

#include <cstdint>
#include <string>

// Two members that RocksDB exports but no public header declares:
//   const PeriodicTaskScheduler& DBImpl::TEST_GetPeriodicTaskScheduler() const
//   Status PeriodicTaskScheduler::Unregister(PeriodicTaskType)
// In the Itanium ABI a non-virtual member is a function whose first argument is the object. Weak:
// null where the library does not have them.
extern "C" {
void* frys_rocksdb_scheduler(const void* db) noexcept
    __asm__("_ZNK7rocksdb6DBImpl29TEST_GetPeriodicTaskSchedulerEv") __attribute__((weak));
}
namespace frys::detail {
namespace {
using Unregister = rocksdb::Status(void* scheduler, std::uint8_t task_type);
}
extern Unregister rocksdb_unregister __asm__(
    "_ZN7rocksdb21PeriodicTaskScheduler10UnregisterENS_16PeriodicTaskTypeE") __attribute__((weak));

void stop_rocksdb_timer(rocksdb::DB& db) noexcept {
  // The signatures above are those of 7.8; elsewhere they would be a guess.
  static_assert(ROCKSDB_MAJOR >= 7, "written for RocksDB 7 and later");
  if (rocksdb::GetRocksVersionAsString(true).rfind("7.8.", 0) != 0) return;
  if (frys_rocksdb_scheduler == nullptr || rocksdb_unregister == nullptr) return;
  void* scheduler = frys_rocksdb_scheduler(&db);
  constexpr std::uint8_t task_types = 4;
  for (std::uint8_t type = 0; type < task_types; ++type) {
    rocksdb_unregister(scheduler, type).PermitUncheckedError();
  }
}

}  // namespace frys::detail
