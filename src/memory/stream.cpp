// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/stream.hpp"

namespace frys {

DeviceDriver::~DeviceDriver() = default;

}  // namespace frys
