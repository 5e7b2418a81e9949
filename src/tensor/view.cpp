// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/view.hpp"

#include "tensor/checks.hpp"

namespace frys {
namespace {

using detail::Message;
using Strides = std::array<std::int64_t, max_rank>;

void set_row_major(const Shape& shape, Strides& strides) noexcept {
  std::int64_t next = 1;
  for (std::size_t dim = shape.rank(); dim-- > 0;) {
    strides[dim] = next;
    if (shape[dim] > 1) next *= shape[dim];
  }
}

/// First and last element that can be reached, relative to the start, in elements.
struct Reach {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

/// False when it overflows.
bool find_reach(const Shape& shape, std::span<const std::int64_t> strides, Reach& reach) noexcept {
  for (std::size_t dim = 0; dim < shape.rank(); ++dim) {
    std::int64_t span = 0;
    if (__builtin_mul_overflow(shape[dim] - 1, strides[dim], &span)) return false;
    std::int64_t& bound = span < 0 ? reach.low : reach.high;
    if (__builtin_add_overflow(bound, span, &bound)) return false;
  }
  return true;
}

Status check_fits(const Storage& storage, DType dtype, const Shape& shape,
                  std::span<const std::int64_t> strides, std::size_t byte_offset) noexcept {
  const auto size = static_cast<std::int64_t>(size_of(dtype));
  Reach reach;
  std::int64_t low = 0;
  std::int64_t high = 0;
  const bool fits = storage.data() != nullptr && byte_offset <= storage.size_bytes() &&
                    find_reach(shape, strides, reach) &&
                    !__builtin_mul_overflow(reach.low, size, &low) &&
                    !__builtin_add_overflow(reach.high, std::int64_t{1}, &high) &&
                    !__builtin_mul_overflow(high, size, &high) &&
                    low >= -static_cast<std::int64_t>(byte_offset) &&
                    high <= static_cast<std::int64_t>(storage.size_bytes() - byte_offset);
  if (fits) return {};
  return (Message() << "shape " << shape << " of " << dtype << " with strides " << strides
                    << " at byte " << byte_offset << " does not fit in a storage of "
                    << storage.size_bytes() << " bytes")
      .invalid();
}

/// The index that `dim` names, or an error.
Result<std::size_t> resolve(int dim, const Shape& shape, std::size_t limit) noexcept {
  const std::int64_t index = dim < 0 ? dim + static_cast<std::int64_t>(limit) : dim;
  if (index >= 0 && index < static_cast<std::int64_t>(limit)) {
    return static_cast<std::size_t>(index);
  }
  return (Message() << "dimension " << dim << " of a tensor of shape " << shape
                    << " does not exist; its rank is " << shape.rank())
      .invalid();
}

Shape with_extent(const Shape& shape, std::size_t dim, std::int64_t extent) noexcept {
  std::array<std::int64_t, max_rank> extents{};
  for (std::size_t i = 0; i < shape.rank(); ++i) extents[i] = i == dim ? extent : shape[i];
  return Shape(std::span<const std::int64_t>(extents.data(), shape.rank()));
}

Shape without(const Shape& shape, std::size_t dim) noexcept {
  std::array<std::int64_t, max_rank> extents{};
  std::size_t rank = 0;
  for (std::size_t i = 0; i < shape.rank(); ++i) {
    if (i != dim) extents[rank++] = shape[i];
  }
  return Shape(std::span<const std::int64_t>(extents.data(), rank));
}

Status cannot_reshape(const Shape& from, const Shape& to, std::string_view why) noexcept {
  return (Message() << "cannot reshape " << from << " to " << to << ": " << why).invalid();
}

/// `shape` with its one −1, if any, replaced.
Result<Shape> infer_extent(const Shape& from, const Shape& shape) noexcept {
  std::array<std::int64_t, max_rank> extents{};
  std::size_t unknown = max_rank;
  for (std::size_t dim = 0; dim < shape.extents().size(); ++dim) {
    extents[dim] = shape[dim];
    if (shape[dim] != -1 || shape.rank() > max_rank) continue;
    if (unknown != max_rank) return cannot_reshape(from, shape, "only one extent may be -1");
    unknown = dim;
    extents[dim] = 1;
  }
  if (unknown == max_rank) {
    if (Status bad = shape.validate(8); !bad.ok()) return bad;
    return shape;
  }
  const Shape known(std::span<const std::int64_t>(extents.data(), shape.rank()));
  if (Status bad = known.validate(8); !bad.ok()) return bad;
  if (known.elements() == 0 || from.elements() % known.elements() != 0) {
    return cannot_reshape(from, shape, "the extent -1 cannot be inferred");
  }
  return with_extent(known, unknown, static_cast<std::int64_t>(from.elements() / known.elements()));
}

/// Strides of `to` over the elements of (from, strides) in row-major order; false when there are
/// none. Walks both shapes in groups of equal size; a group of old dimensions can be cut anew when
/// it is dense in itself. Source: NumPy's _attempt_nocopy_reshape.
bool restride(const Shape& from, std::span<const std::int64_t> strides, const Shape& to,
              Strides& result) noexcept {
  std::array<std::int64_t, max_rank> extents{};
  Strides steps{};
  std::size_t rank = 0;
  for (std::size_t dim = 0; dim < from.rank(); ++dim) {
    if (from[dim] == 1) continue;
    extents[rank] = from[dim];
    steps[rank++] = strides[dim];
  }
  std::size_t old_begin = 0;
  std::size_t new_begin = 0;
  while (old_begin < rank && new_begin < to.rank()) {
    std::size_t old_end = old_begin + 1;
    std::size_t new_end = new_begin + 1;
    std::int64_t old_size = extents[old_begin];
    std::int64_t new_size = to[new_begin];
    while (old_size != new_size) {
      if (new_size < old_size) {
        new_size *= to[new_end++];
      } else {
        old_size *= extents[old_end++];
      }
    }
    for (std::size_t i = old_begin; i + 1 < old_end; ++i) {
      if (steps[i] != extents[i + 1] * steps[i + 1]) return false;
    }
    std::int64_t step = steps[old_end - 1];
    for (std::size_t i = new_end; i-- > new_begin;) {
      result[i] = step;
      step *= to[i];
    }
    old_begin = old_end;
    new_begin = new_end;
  }
  for (; new_begin < to.rank(); ++new_begin) result[new_begin] = 1;  // Extents of 1.
  return true;
}

}  // namespace

Result<TensorView> TensorView::from_storage(Storage storage, DType dtype, const Shape& shape,
                                            std::size_t byte_offset) noexcept {
  if (Status bad = detail::check_layout(dtype, shape); !bad.ok()) return bad;
  Strides strides{};
  set_row_major(shape, strides);
  return from_storage(std::move(storage), dtype, shape,
                      std::span<const std::int64_t>(strides.data(), shape.rank()), byte_offset);
}

Result<TensorView> TensorView::from_storage(Storage storage, DType dtype, const Shape& shape,
                                            std::span<const std::int64_t> strides,
                                            std::size_t byte_offset) noexcept {
  const std::size_t size = size_of(dtype);
  if (Status bad = detail::check_layout(dtype, shape); !bad.ok()) return bad;
  if (strides.size() != shape.rank()) {
    return (Message() << "shape " << shape << " needs " << shape.rank() << " strides, got "
                      << strides.size())
        .invalid();
  }
  TensorView view;
  view.dtype_ = dtype;
  view.shape_ = shape;
  for (std::size_t dim = 0; dim < shape.rank(); ++dim) view.strides_[dim] = strides[dim];
  if (shape.elements() == 0) {
    view.storage_ = std::move(storage);
    view.find_contiguity();
    return view;
  }
  if (Status bad = check_fits(storage, dtype, shape, strides, byte_offset); !bad.ok()) return bad;
  view.data_ = static_cast<std::byte*>(storage.data()) + byte_offset;
  if (reinterpret_cast<std::uintptr_t>(view.data_) % size != 0) {
    return (Message() << "a tensor of " << dtype << " must start at a multiple of " << size
                      << " bytes; byte " << byte_offset << " of this storage does not")
        .invalid();
  }
  view.storage_ = std::move(storage);
  view.find_contiguity();
  return view;
}

void TensorView::lay_out(Storage storage, DType dtype, const Shape& shape) noexcept {
  data_ = static_cast<std::byte*>(storage.data());
  storage_ = std::move(storage);
  shape_ = shape;
  set_row_major(shape, strides_);
  dtype_ = dtype;
  contiguous_ = true;
}

void TensorView::find_contiguity() noexcept {
  std::int64_t expected = 1;
  bool dense = true;
  for (std::size_t dim = shape_.rank(); dim-- > 0;) {
    const std::int64_t extent = shape_[dim];
    if (extent == 0) {
      contiguous_ = true;
      return;
    }
    if (extent == 1) continue;
    dense = dense && strides_[dim] == expected;
    expected *= extent;
  }
  contiguous_ = dense;
}

Result<TensorView> TensorView::slice(int dim, std::int64_t begin, std::int64_t end,
                                     std::int64_t step) const noexcept {
  const Result<std::size_t> at = resolve(dim, shape_, rank());
  if (!at) return at.error();
  const std::int64_t extent = shape_[*at];
  const std::int64_t first = begin < 0 ? begin + extent : begin;
  const std::int64_t last = end < 0 ? end + extent : end;
  if (step < 1 || first < 0 || last < first || last > extent) {
    return (Message() << "slice [" << begin << ", " << end << ") with step " << step
                      << " of dimension " << dim << " does not lie in its extent " << extent
                      << " (0 <= begin <= end <= extent, step >= 1)")
        .invalid();
  }
  const std::int64_t count = last == first ? 0 : (last - first - 1) / step + 1;
  TensorView view = *this;
  view.shape_ = with_extent(shape_, *at, count);
  // An empty slice may begin one past the end, where no pointer should be made.
  if (view.elements() != 0) {
    view.data_ += first * strides_[*at] * static_cast<std::int64_t>(size_of(dtype_));
    // With one element left no stride is taken, and a large step could overflow it.
    if (count > 1) view.strides_[*at] *= step;
  }
  view.find_contiguity();
  return view;
}

Result<TensorView> TensorView::select(int dim, std::int64_t index) const noexcept {
  const Result<std::size_t> at = resolve(dim, shape_, rank());
  if (!at) return at.error();
  const std::int64_t extent = shape_[*at];
  const std::int64_t position = index < 0 ? index + extent : index;
  if (position < 0 || position >= extent) {
    return (Message() << "index " << index << " of dimension " << dim << " is outside its extent "
                      << extent)
        .invalid();
  }
  TensorView view = *this;
  if (elements() != 0) {
    view.data_ += position * strides_[*at] * static_cast<std::int64_t>(size_of(dtype_));
  }
  view.shape_ = without(shape_, *at);
  for (std::size_t i = *at; i + 1 < rank(); ++i) view.strides_[i] = strides_[i + 1];
  view.find_contiguity();
  return view;
}

Result<TensorView> TensorView::transpose(int a, int b) const noexcept {
  const Result<std::size_t> first = resolve(a, shape_, rank());
  if (!first) return first.error();
  const Result<std::size_t> second = resolve(b, shape_, rank());
  if (!second) return second.error();
  TensorView view = *this;
  view.shape_ = with_extent(with_extent(shape_, *first, shape_[*second]), *second, shape_[*first]);
  std::swap(view.strides_[*first], view.strides_[*second]);
  view.find_contiguity();
  return view;
}

Result<TensorView> TensorView::permute(std::span<const int> order) const noexcept {
  if (order.size() != rank()) {
    return (Message() << "permute of shape " << shape_ << " needs " << rank() << " dimensions, got "
                      << order.size())
        .invalid();
  }
  TensorView view = *this;
  std::array<std::int64_t, max_rank> extents{};
  unsigned seen = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Result<std::size_t> at = resolve(order[i], shape_, rank());
    if (!at) return at.error();
    seen |= 1u << *at;
    extents[i] = shape_[*at];
    view.strides_[i] = strides_[*at];
  }
  if (seen != (1u << rank()) - 1) {
    return (Message() << "permute of shape " << shape_ << " names a dimension twice").invalid();
  }
  view.shape_ = Shape(std::span<const std::int64_t>(extents.data(), rank()));
  view.find_contiguity();
  return view;
}

Result<TensorView> TensorView::broadcast_to(const Shape& shape) const noexcept {
  if (Status bad = shape.validate(size_of(dtype_)); !bad.ok()) return bad;
  TensorView view = *this;
  const std::size_t added = shape.rank() - rank();
  bool legal = shape.rank() >= rank();
  for (std::size_t dim = 0; legal && dim < shape.rank(); ++dim) {
    if (dim < added || (shape_[dim - added] == 1 && shape[dim] != 1)) {
      view.strides_[dim] = 0;
    } else {
      legal = shape_[dim - added] == shape[dim];
      view.strides_[dim] = strides_[dim - added];
    }
  }
  if (!legal) {
    return (Message() << "cannot broadcast " << shape_ << " to " << shape
                      << ": from the last dimension on, extents must be equal or 1")
        .invalid();
  }
  view.shape_ = shape;
  view.find_contiguity();
  return view;
}

Result<TensorView> TensorView::reshape(const Shape& wanted) const noexcept {
  const Result<Shape> shape = infer_extent(shape_, wanted);
  if (!shape) return shape.error();
  if (shape->elements() != elements()) {
    return cannot_reshape(shape_, wanted, "the numbers of elements differ");
  }
  TensorView view = *this;
  view.shape_ = *shape;
  if (elements() == 0) {
    set_row_major(*shape, view.strides_);
  } else if (!restride(shape_, strides(), *shape, view.strides_)) {
    return (Message() << "cannot reshape " << shape_ << " with strides " << strides() << " to "
                      << *shape << " without a copy; take frys::contiguous first")
        .as(ErrorCode::failed_precondition);
  }
  view.find_contiguity();
  return view;
}

Result<TensorView> TensorView::squeeze(int dim) const noexcept {
  const Result<std::size_t> at = resolve(dim, shape_, rank());
  if (!at) return at.error();
  if (shape_[*at] != 1) {
    return (Message() << "squeeze of dimension " << dim << " of shape " << shape_
                      << ": its extent is not 1")
        .invalid();
  }
  return select(dim, 0);
}

TensorView TensorView::squeeze() const noexcept {
  TensorView view = *this;
  std::array<std::int64_t, max_rank> extents{};
  std::size_t kept = 0;
  for (std::size_t dim = 0; dim < rank(); ++dim) {
    if (shape_[dim] == 1) continue;
    extents[kept] = shape_[dim];
    view.strides_[kept++] = strides_[dim];
  }
  view.shape_ = Shape(std::span<const std::int64_t>(extents.data(), kept));
  view.find_contiguity();
  return view;
}

Result<TensorView> TensorView::unsqueeze(int dim) const noexcept {
  const Result<std::size_t> at = resolve(dim, shape_, rank() + 1);
  if (!at) return at.error();
  if (rank() == max_rank) {
    return (Message() << "unsqueeze of shape " << shape_ << ": a tensor has at most " << max_rank
                      << " dimensions")
        .invalid();
  }
  TensorView view = *this;
  std::array<std::int64_t, max_rank> extents{};
  for (std::size_t i = 0; i <= rank(); ++i) {
    extents[i] = i < *at ? shape_[i] : i == *at ? 1 : shape_[i - 1];
    view.strides_[i] = i < *at ? strides_[i] : i == *at ? 1 : strides_[i - 1];
  }
  view.shape_ = Shape(std::span<const std::int64_t>(extents.data(), rank() + 1));
  view.find_contiguity();
  return view;
}

}  // namespace frys
