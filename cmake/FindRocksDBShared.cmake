# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# Finds the shared RocksDB as the target RocksDBShared::rocksdb. RocksDB's own package config asks
# for the development files of every compressor it was built with; the shared library needs none.

find_path(ROCKSDB_INCLUDE_DIR rocksdb/db.h)
find_library(ROCKSDB_LIBRARY rocksdb)
mark_as_advanced(ROCKSDB_INCLUDE_DIR ROCKSDB_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RocksDBShared REQUIRED_VARS ROCKSDB_LIBRARY ROCKSDB_INCLUDE_DIR)
if(RocksDBShared_FOUND AND NOT TARGET RocksDBShared::rocksdb)
  add_library(RocksDBShared::rocksdb UNKNOWN IMPORTED)
  set_target_properties(RocksDBShared::rocksdb PROPERTIES
    IMPORTED_LOCATION "${ROCKSDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${ROCKSDB_INCLUDE_DIR}")
endif()
