// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/device.hpp"

#include <new>

#include "cuda/driver.hpp"

namespace frys {

Result<std::vector<CudaDeviceInfo>> cuda_devices() {
  try {
    Result<std::vector<cuda::DeviceInfo>> found = cuda::list_devices();
    if (!found) return found.error();
    std::vector<CudaDeviceInfo> devices;
    for (cuda::DeviceInfo& info : *found) {
      devices.push_back({{DeviceType::cuda, info.ordinal},
                         std::move(info.name),
                         info.total_memory_bytes,
                         info.compute_major,
                         info.compute_minor});
    }
    return devices;
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

}  // namespace frys
