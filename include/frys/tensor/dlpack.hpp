// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Tensors in and out of other libraries (NumPy, PyTorch, JAX, CuPy, …) without copying, by DLPack:
// the versioned structure of 1.x and the legacy one of 0.x.
//
//   frys::Result<frys::dlpack::DLManagedTensorVersioned*> out = frys::to_dlpack_versioned(view);
//   if (out) consumer((*out));                       // who calls (*out)->deleter(*out) when done
//   frys::Result<frys::TensorView> in = frys::from_dlpack(producer());
//
// The structures are declared here with DLPack's own names, fields and layout, in a namespace of
// ours, so that a host with its own dlpack.h is safe: cast between the two pointer types.
// Source: https://dmlc.github.io/dlpack/latest/c_api.html (version 1.1).

#pragma once

#include <cstdint>

#include "frys/core/result.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys {
namespace dlpack {

inline constexpr std::uint32_t major_version = 1;
inline constexpr std::uint32_t minor_version = 1;

inline constexpr std::uint64_t flag_read_only = 1;  ///< DLPACK_FLAG_BITMASK_READ_ONLY
inline constexpr std::uint64_t flag_is_copied = 2;  ///< DLPACK_FLAG_BITMASK_IS_COPIED

enum DLDeviceType : std::int32_t {
  kDLCPU = 1,
  kDLCUDA = 2,
  kDLCUDAHost = 3,  ///< Pinned host memory, read as host memory.
};

enum DLDataTypeCode : std::uint8_t {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLBfloat = 4,
  kDLBool = 6,
};

struct DLPackVersion {
  std::uint32_t major;
  std::uint32_t minor;
};

struct DLDevice {
  std::int32_t device_type;
  std::int32_t device_id;
};

struct DLDataType {
  std::uint8_t code;
  std::uint8_t bits;
  std::uint16_t lanes;
};

struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t* shape;
  std::int64_t* strides;  ///< In elements; null means row-major without gaps.
  std::uint64_t byte_offset;
};

struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;
  void (*deleter)(DLManagedTensor* self);
};

struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* manager_ctx;
  void (*deleter)(DLManagedTensorVersioned* self);
  std::uint64_t flags;
  DLTensor dl_tensor;
};

}  // namespace dlpack

/// Shares `view` as a DLPack 1.x tensor marked read-only, since others may hold views of it too.
/// The receiver calls `deleter` once, from any thread, when it is done; until then the memory
/// lives. Errors: invalid_argument (a simulated device's memory), out_of_memory.
/// Threads: safe. Cost: O(1), one small allocation, no copy.
FRYS_API Result<dlpack::DLManagedTensorVersioned*> to_dlpack_versioned(
    const TensorView& view) noexcept;

/// Hands `tensor` over, writable when no view shares its memory, else read-only. On failure the
/// tensor is unchanged; on success it is empty. Errors, threads, cost: as above.
FRYS_API Result<dlpack::DLManagedTensorVersioned*> to_dlpack_versioned(Tensor&& tensor) noexcept;

/// Shares `view` as a legacy (0.x) tensor. That structure cannot say "read-only": the receiver must
/// be one that does not write. Errors, threads, cost: as above.
FRYS_API Result<dlpack::DLManagedTensor*> to_dlpack(const TensorView& view) noexcept;

/// Takes a producer's tensor over. On success the view owns it and calls its deleter when the last
/// share is gone, from whichever thread that is; on failure the caller keeps it.
/// Shapes: rank ≤ 8; strides null (row-major), zero or negative are legal.
/// Errors: invalid_argument (null, a major version other than 1, a device other than CPU, CUDA or
/// CUDA host, an element type of no DType or with lanes, rank, extents, null or misaligned data).
/// Threads: safe. Cost: O(rank), no copy.
FRYS_API Result<TensorView> from_dlpack(dlpack::DLManagedTensorVersioned* managed) noexcept;
FRYS_API Result<TensorView> from_dlpack(dlpack::DLManagedTensor* managed) noexcept;

/// As from_dlpack, but as an owned tensor that may be written.
/// Errors: as above; failed_precondition (marked read-only, or not row-major: take the view and
/// frys::contiguous instead).
FRYS_API Result<Tensor> tensor_from_dlpack(dlpack::DLManagedTensorVersioned* managed) noexcept;

}  // namespace frys
