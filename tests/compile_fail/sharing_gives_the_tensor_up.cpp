// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Sharing ends the right to write, so the tensor is given away.
// must fail: as 'this' argument|rvalue ref-qualifier

#include "frys/tensor/shared_tensor.hpp"

frys::SharedTensor use(frys::Tensor& tensor) {
#ifdef FRYS_MUST_FAIL
  return tensor.share();
#endif
  return std::move(tensor).share();
}
