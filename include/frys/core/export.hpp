// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Marks what the library exports. Everything is compiled with hidden visibility; a class or
// function is part of the ABI only when it carries FRYS_API.

#pragma once

#define FRYS_API [[gnu::visibility("default")]]
