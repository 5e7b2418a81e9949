// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A holder that was unshared is none any more.
// must fail: as 'this' argument|rvalue ref-qualifier

#include "frys/tensor/shared_tensor.hpp"

frys::Result<frys::Tensor> use(frys::SharedTensor& shared) {
#ifdef FRYS_MUST_FAIL
  return shared.try_unshare();
#endif
  return std::move(shared).try_unshare();
}
