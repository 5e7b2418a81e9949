// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Whoever made the view may still write its memory.
// must fail: is private within this context|calling a private constructor

#include "frys/tensor/shared_tensor.hpp"

void use(const frys::TensorView& view) {
#ifdef FRYS_MUST_FAIL
  frys::SharedTensor shared(view);
#endif
  frys::SharedTensor empty;
  static_cast<void>(view);
}
