# SPDX-FileCopyrightText: 2026 The Frys Kernel authors
# SPDX-License-Identifier: Apache-2.0

# Finds what the rooms are built on. Each third party is one target, private to its room.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(RocksDBShared REQUIRED)
find_package(Asio REQUIRED)
find_path(FRYS_XSIMD_INCLUDE_DIR xsimd/xsimd.hpp REQUIRED)
mark_as_advanced(FRYS_XSIMD_INCLUDE_DIR)

# Header-only, so an interface target with system includes is all there is to link.
function(frys_header_only target)
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${ARGN})
endfunction()

frys_header_only(frys_xsimd "${FRYS_XSIMD_INCLUDE_DIR}")
frys_header_only(frys_asio "${ASIO_INCLUDE_DIR}")

# Only cuda.h is needed: the driver is loaded at run time, so that a build made with the toolkit
# also runs on a machine without a GPU.
set(FRYS_CUDA_INCLUDE_DIR "")
if(NOT FRYS_CUDA STREQUAL "OFF")
  find_path(FRYS_CUDA_H_DIR cuda.h
            HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES include)
  mark_as_advanced(FRYS_CUDA_H_DIR)
  if(FRYS_CUDA_H_DIR)
    set(FRYS_CUDA_INCLUDE_DIR "${FRYS_CUDA_H_DIR}")
  elseif(FRYS_CUDA STREQUAL "ON")
    message(FATAL_ERROR "FRYS_CUDA=ON, but cuda.h was not found; install the CUDA Toolkit or set "
                        "CUDA_PATH, or configure with FRYS_CUDA=AUTO")
  endif()
endif()
