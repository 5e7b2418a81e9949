// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What a shared tensor shows of its elements is constant.
// must fail: read-only|not assignable

#include "frys/tensor/shared_tensor.hpp"

float read(const frys::SharedTensor& shared) {
#ifdef FRYS_MUST_FAIL
  shared.data<float>()[0] = 1;
#endif
  return shared.data<float>()[0];
}
