// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The CUDA driver, reached at run time: nothing is linked, so the library loads on machines without
// a GPU. Only the driver's header is used, and only when the build found it (FRYS_HAS_CUDA).

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frys/core/result.hpp"

namespace frys::cuda {

struct DeviceInfo {
  std::int32_t ordinal = 0;
  std::string name;
  std::size_t total_memory_bytes = 0;
  int compute_major = 0;
  int compute_minor = 0;
};

/// The devices that the driver sees, at least one. Errors: unavailable, saying which of the header,
/// the driver and the device is missing. Throws std::bad_alloc. Threads: safe.
Result<std::vector<DeviceInfo>> list_devices();

#ifdef FRYS_HAS_CUDA
/// The same from the driver in `library`, so that a test can name one that is not there.
Result<std::vector<DeviceInfo>> list_devices_of(const char* library);
#endif

}  // namespace frys::cuda
