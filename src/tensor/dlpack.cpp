// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/dlpack.hpp"

#include <cstddef>
#include <new>
#include <type_traits>

#include "tensor/message.hpp"

namespace frys {
namespace {

using detail::Message;
using dlpack::DLDataType;
using dlpack::DLManagedTensor;
using dlpack::DLManagedTensorVersioned;
using dlpack::DLTensor;

// The ABI that every producer and consumer relies on.
static_assert(sizeof(DLTensor) == 48 && offsetof(DLTensor, shape) == 24);
static_assert(sizeof(DLManagedTensor) == 64 && offsetof(DLManagedTensor, manager_ctx) == 48);
static_assert(sizeof(DLManagedTensorVersioned) == 80 &&
              offsetof(DLManagedTensorVersioned, flags) == 24);

// ---- out -------------------------------------------------------------------------------------

/// What one exported tensor needs until its consumer is done: the share of the memory, and room for
/// the extents and strides that the structure points to.
template <typename Managed>
struct Exported {
  Managed managed{};
  TensorView view;
  std::int64_t shape[max_rank] = {};
  std::int64_t strides[max_rank] = {};
};

DLDataType to_dl(DType dtype) noexcept {
  const auto bits = static_cast<std::uint8_t>(8 * size_of(dtype));
  switch (dtype) {
    case DType::f32:
    case DType::f64:
    case DType::f16:
      return {dlpack::kDLFloat, bits, 1};
    case DType::bf16:
      return {dlpack::kDLBfloat, bits, 1};
    case DType::u8:
      return {dlpack::kDLUInt, bits, 1};
    case DType::boolean:
      return {dlpack::kDLBool, bits, 1};
    default:
      return {dlpack::kDLInt, bits, 1};
  }
}

template <typename Managed>
Result<Managed*> export_view(TensorView view) noexcept {
  if (view.device().type == DeviceType::simulated) {
    return Status(ErrorCode::invalid_argument,
                  "to_dlpack: the tensor is in a simulated device's memory, which has no bytes to "
                  "share");
  }
  auto* exported = new (std::nothrow) Exported<Managed>;
  if (exported == nullptr) return Status::out_of_memory();
  exported->view = std::move(view);
  const TensorView& kept = exported->view;
  for (std::size_t dim = 0; dim < kept.rank(); ++dim) {
    exported->shape[dim] = kept.extent(dim);
    exported->strides[dim] = kept.strides()[dim];
  }
  DLTensor& tensor = exported->managed.dl_tensor;
  tensor.data = const_cast<void*>(kept.data());
  const Device device = kept.device();
  tensor.device = {device.type == DeviceType::cuda ? dlpack::kDLCUDA : dlpack::kDLCPU,
                   device.index};
  tensor.ndim = static_cast<std::int32_t>(kept.rank());
  tensor.dtype = to_dl(kept.dtype());
  tensor.shape = exported->shape;
  tensor.strides = exported->strides;
  tensor.byte_offset = 0;
  exported->managed.manager_ctx = exported;
  exported->managed.deleter = [](Managed* self) {
    if (self != nullptr) delete static_cast<Exported<Managed>*>(self->manager_ctx);
  };
  return &exported->managed;
}

Result<DLManagedTensorVersioned*> export_versioned(TensorView view, std::uint64_t flags) noexcept {
  Result<DLManagedTensorVersioned*> managed =
      export_view<DLManagedTensorVersioned>(std::move(view));
  if (managed) {
    (*managed)->version = {dlpack::major_version, dlpack::minor_version};
    (*managed)->flags = flags;
  }
  return managed;
}

// ---- in --------------------------------------------------------------------------------------

Result<DType> from_dl(DLDataType type) noexcept {
  constexpr DType all[] = {DType::f32, DType::f64, DType::f16, DType::bf16, DType::i8,
                           DType::u8,  DType::i16, DType::i32, DType::i64,  DType::boolean};
  for (const DType dtype : all) {
    const DLDataType same = to_dl(dtype);
    if (type.code == same.code && type.bits == same.bits && type.lanes == 1) return dtype;
  }
  return (Message() << "from_dlpack: no DType is DLPack's code " << int{type.code} << " of "
                    << int{type.bits} << " bits and " << type.lanes << " lanes")
      .invalid();
}

Result<Device> from_dl(dlpack::DLDevice device) noexcept {
  switch (device.device_type) {
    case dlpack::kDLCPU:
    case dlpack::kDLCUDAHost:
      return Device{};
    case dlpack::kDLCUDA:
      return Device{DeviceType::cuda, device.device_id};
    default:
      return (Message() << "from_dlpack: DLPack's device type " << device.device_type
                        << " is not supported; CPU (1), CUDA (2) and CUDA host (3) are")
          .invalid();
  }
}

/// The bytes that a foreign tensor reaches over, seen from its first element.
struct Extent {
  std::int64_t before = 0;  ///< Bytes below the first element (negative strides).
  std::int64_t bytes = 0;   ///< All of them.
};

Result<Extent> measure(const Shape& shape, std::span<const std::int64_t> strides,
                       DType dtype) noexcept {
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  Extent extent{0, size};
  for (std::size_t dim = 0; dim < shape.rank(); ++dim) {
    std::int64_t span = 0;
    bool fits = !__builtin_mul_overflow(shape[dim] - 1, strides[dim], &span) &&
                !__builtin_mul_overflow(span, size, &span);
    if (span < 0) {
      fits = fits && !__builtin_sub_overflow(extent.before, span, &extent.before);
      fits = fits && !__builtin_sub_overflow(extent.bytes, span, &extent.bytes);
    } else {
      fits = fits && !__builtin_add_overflow(extent.bytes, span, &extent.bytes);
    }
    if (!fits) {
      return (Message() << "from_dlpack: shape " << shape << " with strides " << strides
                        << " reaches further than 63 bits")
          .invalid();
    }
  }
  return extent;
}

/// Everything about a foreign tensor but who owns it.
struct Described {
  DType dtype = DType::f32;
  Device device;
  Shape shape;
  std::array<std::int64_t, max_rank> strides{};
  std::byte* first = nullptr;  ///< The first element.
  Extent extent;
};

Status read_shape(const DLTensor& tensor, Described& described) noexcept {
  if (tensor.ndim < 0 || tensor.ndim > static_cast<std::int32_t>(max_rank)) {
    return (Message() << "from_dlpack: rank " << tensor.ndim << " is outside 0 to " << max_rank)
        .invalid();
  }
  const auto rank = static_cast<std::size_t>(tensor.ndim);
  if (rank != 0 && tensor.shape == nullptr) {
    return (Message() << "from_dlpack: rank " << rank << " with a null shape").invalid();
  }
  if (rank != 0) described.shape = Shape(std::span<const std::int64_t>(tensor.shape, rank));
  if (Status bad = described.shape.validate(size_of(described.dtype)); !bad.ok()) {
    return bad.with_context("from_dlpack");
  }
  std::int64_t dense = 1;
  for (std::size_t dim = rank; dim-- > 0;) {
    described.strides[dim] = tensor.strides != nullptr ? tensor.strides[dim] : dense;
    if (described.shape[dim] > 1) dense *= described.shape[dim];
  }
  return {};
}

Status read_data(const DLTensor& tensor, Described& described) noexcept {
  if (described.shape.elements() == 0) return {};
  if (tensor.data == nullptr) {
    return (Message() << "from_dlpack: null data for shape " << described.shape).invalid();
  }
  const Result<Extent> extent =
      measure(described.shape,
              std::span<const std::int64_t>(described.strides.data(), described.shape.rank()),
              described.dtype);
  if (!extent) return extent.error();
  described.extent = *extent;
  const auto address = reinterpret_cast<std::uintptr_t>(tensor.data) + tensor.byte_offset;
  if (address % size_of(described.dtype) != 0) {
    return (Message() << "from_dlpack: data of " << described.dtype
                      << " is not aligned to its element size")
        .invalid();
  }
  described.first = reinterpret_cast<std::byte*>(address);
  return {};
}

Result<Described> describe(const DLTensor& tensor) noexcept {
  Described described;
  const Result<Device> device = from_dl(tensor.device);
  if (!device) return device.error();
  described.device = *device;
  const Result<DType> dtype = from_dl(tensor.dtype);
  if (!dtype) return dtype.error();
  described.dtype = *dtype;
  if (Status bad = read_shape(tensor, described); !bad.ok()) return bad;
  if (Status bad = read_data(tensor, described); !bad.ok()) return bad;
  return described;
}

std::span<const std::int64_t> strides_of(const Described& described) noexcept {
  return {described.strides.data(), described.shape.rank()};
}

/// The producer's memory as a Storage that calls its deleter. Last of all that can fail: before,
/// the caller keeps the tensor.
template <typename Managed>
Result<Storage> adopt(Managed* managed, const Described& described, Access access) noexcept {
  const bool empty = described.first == nullptr;
  return Storage::wrap(
      empty ? nullptr : described.first - described.extent.before,
      empty ? 0 : static_cast<std::size_t>(described.extent.bytes), described.device,
      [managed] {
        if (managed->deleter != nullptr) managed->deleter(managed);
      },
      access);
}

template <typename Managed>
Result<TensorView> import_tensor(Managed* managed, Access access) noexcept {
  const Result<Described> described = describe(managed->dl_tensor);
  if (!described) return described.error();
  Result<Storage> storage = adopt(managed, *described, access);
  if (!storage) return storage.error();
  // Cannot fail: describe() has checked all that from_storage() checks.
  return TensorView::from_storage(std::move(*storage), described->dtype, described->shape,
                                  strides_of(*described),
                                  static_cast<std::size_t>(described->extent.before));
}

Status check_managed(const DLManagedTensorVersioned* managed) noexcept {
  if (managed == nullptr) return (Message() << "from_dlpack: null tensor").invalid();
  if (managed->version.major == dlpack::major_version) return {};
  return (Message() << "from_dlpack: version " << managed->version.major << "."
                    << managed->version.minor << " of DLPack, this library reads "
                    << dlpack::major_version << ".x")
      .invalid();
}

bool is_read_only(const DLManagedTensorVersioned& managed) noexcept {
  return (managed.flags & dlpack::flag_read_only) != 0;
}

}  // namespace

Result<DLManagedTensorVersioned*> to_dlpack_versioned(const TensorView& view) noexcept {
  return export_versioned(view, dlpack::flag_read_only);
}

Result<DLManagedTensorVersioned*> to_dlpack_versioned(Tensor&& tensor) noexcept {
  const bool alone = !tensor.storage() || tensor.storage().unique();
  Result<DLManagedTensorVersioned*> managed =
      export_versioned(tensor.view(), alone ? 0 : dlpack::flag_read_only);
  if (managed) tensor = Tensor();
  return managed;
}

Result<DLManagedTensor*> to_dlpack(const TensorView& view) noexcept {
  return export_view<DLManagedTensor>(view);
}

Result<TensorView> from_dlpack(DLManagedTensorVersioned* managed) noexcept {
  if (Status bad = check_managed(managed); !bad.ok()) return bad;
  return import_tensor(managed, is_read_only(*managed) ? Access::read_only : Access::read_write);
}

Result<TensorView> from_dlpack(DLManagedTensor* managed) noexcept {
  if (managed == nullptr) return (Message() << "from_dlpack: null tensor").invalid();
  return import_tensor(managed, Access::read_write);
}

Result<Tensor> tensor_from_dlpack(DLManagedTensorVersioned* managed) noexcept {
  if (Status bad = check_managed(managed); !bad.ok()) return bad;
  const Result<Described> described = describe(managed->dl_tensor);
  if (!described) return described.error();
  if (is_read_only(*managed)) {
    return (Message() << "tensor_from_dlpack: the tensor of shape " << described->shape
                      << " is marked read-only; take it as a view with from_dlpack")
        .as(ErrorCode::failed_precondition);
  }
  std::int64_t dense = 1;
  for (std::size_t dim = described->shape.rank(); dim-- > 0;) {
    const std::int64_t extent = described->shape[dim];
    if (extent > 1 && described->first != nullptr && described->strides[dim] != dense) {
      return (Message() << "tensor_from_dlpack: shape " << described->shape << " with strides "
                        << strides_of(*described)
                        << " is not row-major; take from_dlpack and frys::contiguous")
          .as(ErrorCode::failed_precondition);
    }
    if (extent > 1) dense *= extent;
  }
  Result<Storage> storage = adopt(managed, *described, Access::read_write);
  if (!storage) return storage.error();
  return Tensor::from_storage(std::move(*storage), described->dtype, described->shape);
}

}  // namespace frys
