// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "cuda/driver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace frys::cuda {
namespace {

TEST(CudaDriver, ListsDevicesOrIsUnavailable) {
  auto devices = list_devices();
  if (devices) {
    EXPECT_FALSE(devices->empty());
  } else {
    EXPECT_EQ(devices.error().code(), ErrorCode::unavailable);
  }
}

TEST(CudaDriver, WithoutTheDriverTheReasonIsNamed) {
  // The headers are set at build time; the library's own definition is not visible to its tests.
  const std::string reason(list_devices().status().message());
  if (reason.empty()) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_THAT(reason, ::testing::AnyOf(::testing::HasSubstr("without the CUDA header"),
                                       ::testing::HasSubstr("no CUDA driver"),
                                       ::testing::HasSubstr("no device"),
                                       ::testing::HasSubstr("not usable")));
}

}  // namespace
}  // namespace frys::cuda
