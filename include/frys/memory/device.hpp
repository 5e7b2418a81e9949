// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Where memory lives, and which accelerators this process could use.
//
//   if (auto devices = frys::cuda_devices()) {
//     for (const frys::CudaDeviceInfo& gpu : *devices) offer(gpu.name, gpu.total_memory_bytes);
//   }

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"

namespace frys {

/// `simulated` memory is addresses and nothing behind them (simulated_device.hpp): no code may
/// dereference one.
enum class DeviceType : std::uint8_t { host, cuda, simulated };

/// One place that memory can be in. The host has index 0.
struct Device {
  DeviceType type = DeviceType::host;
  std::int32_t index = 0;
  friend bool operator==(const Device&, const Device&) noexcept = default;
};

/// What the driver says of one GPU.
struct CudaDeviceInfo {
  Device device;                       ///< `DeviceType::cuda` and the driver's ordinal.
  std::string name;                    ///< "NVIDIA H100 80GB HBM3"
  std::size_t total_memory_bytes = 0;  ///< Of the whole device, used or not.
  int compute_major = 0;               ///< Compute capability, e.g. 9.0.
  int compute_minor = 0;
};

/// Asks the CUDA driver for the GPUs it sees. The driver is loaded when this is first called and
/// nothing is linked to it; no context is made, so it costs a host that does not use CUDA nothing.
/// Returns at least one device.  Errors: unavailable, saying why: built without the toolkit's
/// header, no driver on this machine, a driver that refuses, or no device.
/// Threads: safe. Cost: tens of milliseconds at the first call (the driver starts), then little.
FRYS_API Result<std::vector<CudaDeviceInfo>> cuda_devices();

}  // namespace frys
