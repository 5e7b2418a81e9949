// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "cuda/driver.hpp"

#ifdef FRYS_HAS_CUDA

#include <cuda.h>
#include <dlfcn.h>

#include <array>
#include <string_view>

namespace frys::cuda {
namespace {

Status unavailable(std::string_view what) { return {ErrorCode::unavailable, what}; }

// The driver's functions that are used here, under their ABI names (cuda.h maps the short names to
// versioned ones with macros). The driver stays loaded once it was: it starts threads, and taking
// it away under them is not supported.
struct Driver {
  decltype(&::cuInit) init = nullptr;
  decltype(&::cuGetErrorName) error_name = nullptr;
  decltype(&::cuDeviceGetCount) device_count = nullptr;
  decltype(&::cuDeviceGet) device = nullptr;
  decltype(&::cuDeviceGetName) device_name = nullptr;
  decltype(&::cuDeviceTotalMem) total_memory = nullptr;
  decltype(&::cuDeviceGetAttribute) attribute = nullptr;

  static Result<Driver> load(const char* library);
  Status explain(std::string_view call, CUresult result) const;
  Result<DeviceInfo> describe(int ordinal) const;
};

template <typename Function>
bool resolve(void* library, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, symbol));
  return function != nullptr;
}

Result<Driver> Driver::load(const char* library) {
  void* handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* reason = ::dlerror();
    return unavailable("no CUDA driver: " + std::string(reason != nullptr ? reason : library) +
                       "; install the NVIDIA driver to use a GPU");
  }
  Driver driver;
  if (resolve(handle, "cuInit", driver.init) &&
      resolve(handle, "cuGetErrorName", driver.error_name) &&
      resolve(handle, "cuDeviceGetCount", driver.device_count) &&
      resolve(handle, "cuDeviceGet", driver.device) &&
      resolve(handle, "cuDeviceGetName", driver.device_name) &&
      resolve(handle, "cuDeviceTotalMem_v2", driver.total_memory) &&
      resolve(handle, "cuDeviceGetAttribute", driver.attribute)) {
    return driver;
  }
  ::dlclose(handle);
  return unavailable(std::string(library) +
                     " lacks functions of the CUDA driver; install a driver for CUDA 4 or later");
}

Status Driver::explain(std::string_view call, CUresult result) const {
  const char* name = nullptr;
  if (error_name(result, &name) != CUDA_SUCCESS || name == nullptr) name = "an unknown error";
  if (result == CUDA_ERROR_NO_DEVICE) {
    return unavailable("the CUDA driver finds no device on this machine");
  }
  return unavailable("the CUDA driver is not usable: " + std::string(call) + " answered " + name);
}

Result<DeviceInfo> Driver::describe(int ordinal) const {
  CUdevice handle = 0;
  if (CUresult rc = device(&handle, ordinal); rc != CUDA_SUCCESS) return explain("cuDeviceGet", rc);
  DeviceInfo info;
  info.ordinal = ordinal;
  std::array<char, 256> name{};
  if (CUresult rc = device_name(name.data(), static_cast<int>(name.size()), handle);
      rc != CUDA_SUCCESS) {
    return explain("cuDeviceGetName", rc);
  }
  info.name = name.data();
  if (CUresult rc = total_memory(&info.total_memory_bytes, handle); rc != CUDA_SUCCESS) {
    return explain("cuDeviceTotalMem", rc);
  }
  for (auto [which, to] :
       {std::pair{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &info.compute_major},
        std::pair{CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &info.compute_minor}}) {
    if (CUresult rc = attribute(to, which, handle); rc != CUDA_SUCCESS) {
      return explain("cuDeviceGetAttribute", rc);
    }
  }
  return info;
}

}  // namespace

Result<std::vector<DeviceInfo>> list_devices_of(const char* library) {
  Result<Driver> driver = Driver::load(library);
  if (!driver) return driver.error();
  if (CUresult rc = driver->init(0); rc != CUDA_SUCCESS) return driver->explain("cuInit", rc);
  int count = 0;
  if (CUresult rc = driver->device_count(&count); rc != CUDA_SUCCESS) {
    return driver->explain("cuDeviceGetCount", rc);
  }
  if (count <= 0) return driver->explain("cuDeviceGetCount", CUDA_ERROR_NO_DEVICE);
  std::vector<DeviceInfo> devices;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    Result<DeviceInfo> info = driver->describe(ordinal);
    if (!info) return info.error();
    devices.push_back(*std::move(info));
  }
  return devices;
}

Result<std::vector<DeviceInfo>> list_devices() { return list_devices_of("libcuda.so.1"); }

}  // namespace frys::cuda

#else

namespace frys::cuda {

Result<std::vector<DeviceInfo>> list_devices() {
  return Status(ErrorCode::unavailable,
                "the library was built without the CUDA header; install the CUDA Toolkit and "
                "configure with FRYS_CUDA=ON");
}

}  // namespace frys::cuda

#endif
