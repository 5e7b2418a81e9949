# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# Finds the headers of hnswlib, which ships no package config. Sets HNSWLIB_INCLUDE_DIR.

find_path(HNSWLIB_INCLUDE_DIR hnswlib/hnswlib.h)
mark_as_advanced(HNSWLIB_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hnswlib REQUIRED_VARS HNSWLIB_INCLUDE_DIR)
