// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A second owner of the same memory would be a second writer.
// must fail: deleted

#include "frys/tensor/shared_tensor.hpp"

void use(frys::Tensor& tensor) {
#ifdef FRYS_MUST_FAIL
  frys::Tensor second = tensor;
#endif
  frys::Tensor moved = std::move(tensor);
}
