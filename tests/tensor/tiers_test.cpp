// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The operations once more on each instruction set below the best: the choice is made once a
// process, so each gets a process of its own.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "frys/tensor/simd_level.hpp"
#include "simd/dispatch.hpp"

namespace frys {
namespace {

class Tiers : public ::testing::TestWithParam<simd::Isa> {};

TEST_P(Tiers, OperationsAgreeWithTheReference) {
  const std::string wanted(simd::to_string(GetParam()));
  if (simd::kernels_for(GetParam()) == nullptr) GTEST_SKIP() << "no " << wanted << " here";
  if (simd_level() == wanted) return;  // What all the other tests run on.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    setenv("FRYS_SIMD", wanted.c_str(), 1);
    execl("/proc/self/exe", "frys_tensor_test", "--gtest_filter=Ops*:SimdLevel*", "--gtest_brief=1",
          static_cast<char*>(nullptr));
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "run it with FRYS_SIMD=" << wanted;
}

INSTANTIATE_TEST_SUITE_P(All, Tiers,
                         ::testing::Values(simd::Isa::sse2, simd::Isa::avx2, simd::Isa::avx512),
                         [](const auto& tier) { return std::string(simd::to_string(tier.param)); });

}  // namespace
}  // namespace frys
