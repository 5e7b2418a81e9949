// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Everything a host usually needs: the kernel, and tensors with their operations. What is included
// here can also be included one by one.

#pragma once

#include "frys/kernel.hpp"
#include "frys/tensor/dlpack.hpp"
#include "frys/tensor/ops.hpp"
#include "frys/tensor/shared_tensor.hpp"
#include "frys/tensor/tensor.hpp"
