// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A shared tensor's elements can't be had for writing.
// must fail: no member named '?mutable_data

#include "frys/tensor/shared_tensor.hpp"

const float* read(frys::SharedTensor& shared) {
#ifdef FRYS_MUST_FAIL
  return shared.mutable_data<float>();
#endif
  return shared.data<float>();
}
