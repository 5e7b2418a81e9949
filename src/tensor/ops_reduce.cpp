// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "frys/tensor/ops/reduce.hpp"
#include "simd/dispatch.hpp"
#include "tensor/checks.hpp"
#include "tensor/strided.hpp"

namespace frys::ops {
namespace {

using namespace frys::detail;

constexpr std::initializer_list<DType> numbers = {DType::f32, DType::f64, DType::i32, DType::i64};

/// Sums are kept in f64 for floats and in (wrapping) u64 for integers.
template <typename T>
using SumOf = std::conditional_t<std::is_integral_v<T>, std::uint64_t, double>;

/// Calls visit(T{}) for the type of a dtype among `numbers`.
template <typename Visit>
auto visit_number(DType dtype, Visit visit) noexcept {
  switch (dtype) {
    case DType::f64:
      return visit(double{});
    case DType::i32:
      return visit(std::int32_t{});
    case DType::i64:
      return visit(std::int64_t{});
    default:
      return visit(float{});
  }
}

// ---- one contiguous block --------------------------------------------------------------------

template <typename T>
SumOf<T> sum_block(const T* values, std::size_t count) noexcept {
  if constexpr (std::is_same_v<T, float>) {
    return simd::kernels().sum_f32(values, count);
  } else {
    // Four sums, since one would wait for itself.
    SumOf<T> sums[4] = {};
    std::size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      for (std::size_t lane = 0; lane < 4; ++lane) {
        sums[lane] += static_cast<SumOf<T>>(values[i + lane]);
      }
    }
    for (; i < count; ++i) sums[0] += static_cast<SumOf<T>>(values[i]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
}

template <typename T>
bool is_nan(T value) noexcept {
  return value != value;
}

/// NaN if there is one.
template <typename T>
T max_block(const T* values, std::size_t count) noexcept {
  if constexpr (std::is_same_v<T, float>) {
    return simd::kernels().max_f32(values, count);
  } else {
    T best = values[0];
    for (std::size_t i = 1; i < count && !is_nan(best); ++i) {
      if (values[i] > best || is_nan(values[i])) best = values[i];
    }
    return best;
  }
}

/// Whether `value` takes the place of `best`: larger, or the first NaN.
template <typename T>
bool beats(T value, T best) noexcept {
  return value > best || (is_nan(value) && !is_nan(best));
}

// ---- a run of the row-major sequence ---------------------------------------------------------

/// block(values, n, offset) for consecutive blocks of the next `count` elements.
template <typename T, typename Block>
void for_blocks(Reader<T>& reader, std::size_t count, Block block) noexcept {
  alignas(64) std::array<T, block_elements> stage;
  for (std::size_t done = 0; done < count;) {
    const std::size_t part = std::min(block_elements, count - done);
    block(reader.take(part, stage.data()), part, done);
    done += part;
  }
}

template <typename T>
SumOf<T> sum_next(Reader<T>& reader, std::size_t count) noexcept {
  SumOf<T> total{};
  for_blocks(reader, count, [&](const T* values, std::size_t part, std::size_t) {
    total += sum_block(values, part);
  });
  return total;
}

template <typename T>
T max_next(Reader<T>& reader, std::size_t count) noexcept {
  T best{};
  for_blocks(reader, count, [&](const T* values, std::size_t part, std::size_t done) {
    const T top = max_block(values, part);
    if (done == 0 || beats(top, best)) best = top;
  });
  return best;
}

template <typename T>
std::int64_t argmax_next(Reader<T>& reader, std::size_t count) noexcept {
  T best{};
  std::size_t index = 0;
  for_blocks(reader, count, [&](const T* values, std::size_t part, std::size_t done) {
    const T top = max_block(values, part);
    if (done != 0 && !beats(top, best)) return;
    best = top;
    const T* at = std::find_if(values, values + part, [top](T value) {
      return value == top || (is_nan(top) && is_nan(value));
    });
    index = done + static_cast<std::size_t>(at - values);
  });
  return static_cast<std::int64_t>(index);
}

// ---- along a dimension -----------------------------------------------------------------------

/// A tensor as [outer, length, inner] with `length` the dimension that goes.
struct Axis {
  std::size_t outer = 1;
  std::size_t length = 1;
  std::size_t inner = 1;
  Shape result;
};

Result<Axis> find_axis(std::string_view op, const TensorView& a, int dim,
                       bool empty_is_legal) noexcept {
  if (Status bad = check_input(op, a, numbers); !bad.ok()) return bad;
  const Result<std::size_t> at = resolve_dim(op, a, dim);
  if (!at) return at.error();
  Axis axis;
  std::array<std::int64_t, max_rank> extents{};
  std::size_t rank = 0;
  for (std::size_t i = 0; i < a.rank(); ++i) {
    const auto extent = static_cast<std::size_t>(a.extent(i));
    (i < *at ? axis.outer : i == *at ? axis.length : axis.inner) *= extent;
    if (i != *at) extents[rank++] = a.extent(i);
  }
  axis.result = Shape(std::span<const std::int64_t>(extents.data(), rank));
  if (axis.length == 0 && !empty_is_legal) {
    return (Message() << op << ": dimension " << dim << " of shape " << a.shape()
                      << " is empty, and has no " << op)
        .invalid();
  }
  return axis;
}

/// For each of the outer × inner results: step(slot, value, position) in order of position, where
/// `slot` counts results. Reads the sequence once, in order.
template <typename T, typename Step>
void for_each_element(const TensorView& a, const Axis& axis, Step step) noexcept {
  Reader<T> reader(a);
  alignas(64) std::array<T, stage_elements> stage;
  for (std::size_t outer = 0; outer < axis.outer; ++outer) {
    for (std::size_t position = 0; position < axis.length; ++position) {
      for (std::size_t inner = 0; inner < axis.inner;) {
        const std::size_t part = std::min(stage_elements, axis.inner - inner);
        const T* values = reader.take(part, stage.data());
        const std::size_t slot = outer * axis.inner + inner;
        for (std::size_t i = 0; i < part; ++i) step(slot + i, values[i], position);
        inner += part;
      }
    }
  }
}

/// Sums along `axis`, divided by `divisor`, as `To` in `out`. Where the dimension is not the last,
/// the sums need a row of their own type beside the output, which `scope` lends.
template <typename T, typename To>
Status sum_axis(const MemoryScope& scope, Tensor& out, const TensorView& a, const Axis& axis,
                [[maybe_unused]] double divisor) noexcept {
  To* to = out.mutable_data<To>();
  const std::size_t count = axis.outer * axis.inner;
  const auto finish = [&](SumOf<T> sum) {
    if constexpr (std::is_integral_v<To>) {
      return static_cast<To>(sum);
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<To>(static_cast<double>(static_cast<std::int64_t>(sum)) / divisor);
    } else {
      return static_cast<To>(sum / divisor);
    }
  };
  if (axis.inner == 1) {
    if (axis.length == 0) {
      std::fill_n(to, count, To{});
      return {};
    }
    Reader<T> reader(a);
    for (std::size_t i = 0; i < count; ++i) to[i] = finish(sum_next(reader, axis.length));
    return {};
  }
  const Result<Storage> row = scope.allocate(count * sizeof(SumOf<T>));
  if (!row) return row.error();
  auto* sums = static_cast<SumOf<T>*>(row->data());
  std::fill_n(sums, count, SumOf<T>{});
  for_each_element<T>(a, axis, [sums](std::size_t slot, T value, std::size_t) {
    sums[slot] += static_cast<SumOf<T>>(value);
  });
  for (std::size_t i = 0; i < count; ++i) to[i] = finish(sums[i]);
  return {};
}

Status check_whole(std::string_view op, const TensorView& a, bool empty_is_legal) noexcept {
  if (Status bad = check_input(op, a, numbers); !bad.ok()) return bad;
  if (a.elements() != 0 || empty_is_legal) return {};
  return (Message() << op << ": the tensor of shape " << a.shape() << " is empty, and has no "
                    << op)
      .invalid();
}

double sum_all(const TensorView& a) noexcept {
  if (a.elements() == 0) return 0;
  return visit_number(a.dtype(), [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_same_v<T, float>) {
      if (is_plain(a, DType::f32)) return simd::kernels().sum_f32(a.data<float>(), a.elements());
    }
    Reader<T> reader(a);
    const SumOf<T> total = sum_next(reader, a.elements());
    if constexpr (std::is_integral_v<T>) {
      return static_cast<double>(static_cast<std::int64_t>(total));
    } else {
      return total;
    }
  });
}

}  // namespace

Result<double> sum(const TensorView& a) noexcept {
  if (is_plain(a, DType::f32)) return simd::kernels().sum_f32(a.data<float>(), a.elements());
  if (Status bad = check_whole("sum", a, true); !bad.ok()) return bad;
  return sum_all(a);
}

Result<double> mean(const TensorView& a) noexcept {
  if (Status bad = check_whole("mean", a, false); !bad.ok()) return bad;
  return sum_all(a) / static_cast<double>(a.elements());
}

Result<double> max(const TensorView& a) noexcept {
  if (Status bad = check_whole("max", a, false); !bad.ok()) return bad;
  return visit_number(a.dtype(), [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_same_v<T, float>) {
      if (a.is_contiguous()) {
        return static_cast<double>(simd::kernels().max_f32(a.data<float>(), a.elements()));
      }
    }
    Reader<T> reader(a);
    return static_cast<double>(max_next(reader, a.elements()));
  });
}

Result<Tensor> sum(const MemoryScope& scope, const TensorView& a, int dim) noexcept {
  const Result<Axis> axis = find_axis("sum", a, dim, true);
  if (!axis) return axis.error();
  const DType dtype = a.dtype() == DType::i32 ? DType::i64 : a.dtype();
  return into_new(scope, axis->result, dtype, [&](Tensor& out) {
    if (out.elements() == 0) return Status();
    return visit_number(a.dtype(), [&](auto type) {
      using T = decltype(type);
      using To = std::conditional_t<std::is_integral_v<T>, std::int64_t, T>;
      return sum_axis<T, To>(scope, out, a, *axis, 1.0);
    });
  });
}

Result<Tensor> mean(const MemoryScope& scope, const TensorView& a, int dim) noexcept {
  const Result<Axis> axis = find_axis("mean", a, dim, false);
  if (!axis) return axis.error();
  const DType dtype = a.dtype() == DType::f32 ? DType::f32 : DType::f64;
  return into_new(scope, axis->result, dtype, [&](Tensor& out) {
    if (out.elements() == 0) return Status();
    return visit_number(a.dtype(), [&](auto type) {
      using T = decltype(type);
      using To = std::conditional_t<std::is_same_v<T, float>, float, double>;
      return sum_axis<T, To>(scope, out, a, *axis, static_cast<double>(axis->length));
    });
  });
}

Result<Tensor> max(const MemoryScope& scope, const TensorView& a, int dim) noexcept {
  const Result<Axis> axis = find_axis("max", a, dim, false);
  if (!axis) return axis.error();
  return into_new(scope, axis->result, a.dtype(), [&](Tensor& out) {
    if (out.elements() == 0) return Status();
    visit_number(a.dtype(), [&](auto type) {
      using T = decltype(type);
      T* to = out.mutable_data<T>();
      if (axis->inner == 1) {
        Reader<T> reader(a);
        for (std::size_t i = 0; i < axis->outer; ++i) to[i] = max_next(reader, axis->length);
        return;
      }
      for_each_element<T>(a, *axis, [to](std::size_t slot, T value, std::size_t position) {
        if (position == 0 || beats(value, to[slot])) to[slot] = value;
      });
    });
    return Status();
  });
}

Result<Tensor> argmax(const MemoryScope& scope, const TensorView& a, int dim) noexcept {
  const Result<Axis> axis = find_axis("argmax", a, dim, false);
  if (!axis) return axis.error();
  return into_new(scope, axis->result, DType::i64, [&](Tensor& out) {
    if (out.elements() == 0) return Status();
    auto* to = out.mutable_data<std::int64_t>();
    return visit_number(a.dtype(), [&](auto type) -> Status {
      using T = decltype(type);
      if (axis->inner == 1) {
        Reader<T> reader(a);
        for (std::size_t i = 0; i < axis->outer; ++i) to[i] = argmax_next(reader, axis->length);
        return {};
      }
      const Result<Storage> row = scope.allocate(out.elements() * sizeof(T));
      if (!row) return row.error();
      T* best = static_cast<T*>(row->data());
      for_each_element<T>(a, *axis, [to, best](std::size_t slot, T value, std::size_t position) {
        if (position != 0 && !beats(value, best[slot])) return;
        best[slot] = value;
        to[slot] = static_cast<std::int64_t>(position);
      });
      return {};
    });
  });
}

}  // namespace frys::ops
