// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/ops/elementwise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "simd/dispatch.hpp"
#include "tensor/checks.hpp"
#include "tensor/convert.hpp"
#include "tensor/strided.hpp"

namespace frys::ops {
namespace {

using namespace frys::detail;

// ---- loops -----------------------------------------------------------------------------------

/// kernel(out, a, count) over contiguous pieces of `a`.
template <typename T, typename Kernel>
void run1(Tensor& out, const TensorView& a, Kernel kernel) noexcept {
  const std::size_t count = out.elements();
  T* to = out.mutable_data<T>();
  if (a.is_contiguous()) return kernel(to, a.data<T>(), count);
  Reader<T> reader(a);
  alignas(64) std::array<T, stage_elements> stage;
  for (std::size_t done = 0; done < count;) {
    const std::size_t part = std::min(reader.good_count(), count - done);
    kernel(to + done, reader.take(part, stage.data()), part);
    done += part;
  }
}

/// kernel(out, a, b, count) over pieces that are contiguous in both, staged where they are not.
template <typename T, typename Kernel>
void run2(Tensor& out, const TensorView& a, const TensorView& b, Kernel kernel) noexcept {
  const std::size_t count = out.elements();
  T* to = out.mutable_data<T>();
  Reader<T> read_a(a);
  Reader<T> read_b(b);
  alignas(64) std::array<T, stage_elements> stage_a;
  alignas(64) std::array<T, stage_elements> stage_b;
  for (std::size_t done = 0; done < count;) {
    const std::size_t part = std::min({read_a.good_count(), read_b.good_count(), count - done});
    kernel(to + done, read_a.take(part, stage_a.data()), read_b.take(part, stage_b.data()), part);
    done += part;
  }
}

/// An integer operation done in the unsigned type wraps instead of being undefined.
template <typename T, typename Op>
T wrapping(T a, T b, Op op) noexcept {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(op(static_cast<U>(a), static_cast<U>(b)));
  } else {
    return op(a, b);
  }
}

template <typename T>
using Kernel2 = void (*)(T*, const T*, const T*, std::size_t);

/// What one of add, sub, mul, div is in each dtype.
struct BinaryOp {
  std::string_view name;
  Kernel2<float> simd::Kernels::* f32;
  Kernel2<double> f64;
  Kernel2<std::int32_t> i32;
  Kernel2<std::int64_t> i64;
};

struct Add {
  template <typename T>
  static T apply(T a, T b) noexcept {
    return wrapping(a, b, [](auto x, auto y) { return x + y; });
  }
};
struct Sub {
  template <typename T>
  static T apply(T a, T b) noexcept {
    return wrapping(a, b, [](auto x, auto y) { return x - y; });
  }
};
struct Mul {
  template <typename T>
  static T apply(T a, T b) noexcept {
    return wrapping(a, b, [](auto x, auto y) { return x * y; });
  }
};
struct Div {
  /// For integers `div` has checked that b is not 0; but whoever shares the memory may have written
  /// since, and must not make this process trap.
  template <typename T>
  static T apply(T a, T b) noexcept {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if (b == -1) return Sub::apply(T{0}, a);  // The lowest value over -1 would trap.
    }
    return a / b;
  }
};

template <typename Op, typename T>
void apply_op(T* out, const T* a, const T* b, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = Op::apply(a[i], b[i]);
}

template <typename Op>
constexpr BinaryOp make_op(std::string_view name, Kernel2<float> simd::Kernels::* f32) noexcept {
  return {name, f32, apply_op<Op, double>, apply_op<Op, std::int32_t>, apply_op<Op, std::int64_t>};
}

constexpr BinaryOp add_op = make_op<Add>("add", &simd::Kernels::add_f32);
constexpr BinaryOp sub_op = make_op<Sub>("sub", &simd::Kernels::sub_f32);
constexpr BinaryOp mul_op = make_op<Mul>("mul", &simd::Kernels::mul_f32);
constexpr BinaryOp div_op = make_op<Div>("div", &simd::Kernels::div_f32);

// ---- two inputs ------------------------------------------------------------------------------

/// No broadcast, no strides, no overlap: the common case, kept short.
bool is_plain_f32(const Tensor& out, const TensorView& a, const TensorView& b) noexcept {
  const void* to = out.view().data();
  if (!is_plain(out, DType::f32) || !is_plain(a, DType::f32) || !is_plain(b, DType::f32) ||
      a.shape() != out.shape() || b.shape() != out.shape()) {
    return false;
  }
  const std::size_t bytes = out.size_bytes();
  return same_or_apart(to, a.data(), bytes) && same_or_apart(to, b.data(), bytes);
}

/// Checks `out`, `a`, `b` and calls run(a, b) with both broadcast to the shape of `out`.
template <typename Run>
Status with_broadcast(std::string_view name, Tensor& out, const TensorView& a, const TensorView& b,
                      Run run) noexcept {
  if (Status bad = check_equal_dtypes(name, a, b); !bad.ok()) return bad;
  if (Status bad = check_host(name, a); !bad.ok()) return bad;
  if (Status bad = check_host(name, b); !bad.ok()) return bad;
  const Result<Shape> shape = broadcast_shape(name, a.shape(), b.shape());
  if (!shape) return shape.error();
  if (Status bad = check_out(name, out, *shape, a.dtype()); !bad.ok()) return bad;
  if (Status bad = check_disjoint_or_same(name, out, a); !bad.ok()) return bad;
  if (Status bad = check_disjoint_or_same(name, out, b); !bad.ok()) return bad;
  if (out.elements() == 0) return {};
  const Result<TensorView> wide_a = a.broadcast_to(*shape);
  if (!wide_a) return wide_a.error().with_context(name);
  const Result<TensorView> wide_b = b.broadcast_to(*shape);
  if (!wide_b) return wide_b.error().with_context(name);
  return run(*wide_a, *wide_b);
}

Status check_arithmetic(std::string_view name, const TensorView& a) noexcept {
  return check_input(name, a, {DType::f32, DType::f64, DType::i32, DType::i64});
}

Status binary(const BinaryOp& op, Tensor& out, const TensorView& a, const TensorView& b) noexcept {
  const Kernel2<float> f32 = simd::kernels().*op.f32;
  if (is_plain_f32(out, a, b)) {
    f32(out.mutable_data<float>(), a.data<float>(), b.data<float>(), out.elements());
    return {};
  }
  if (Status bad = check_arithmetic(op.name, a); !bad.ok()) return bad;
  return with_broadcast(op.name, out, a, b, [&](const TensorView& x, const TensorView& y) {
    switch (a.dtype()) {
      case DType::f64:
        run2<double>(out, x, y, op.f64);
        break;
      case DType::i32:
        run2<std::int32_t>(out, x, y, op.i32);
        break;
      case DType::i64:
        run2<std::int64_t>(out, x, y, op.i64);
        break;
      default:
        run2<float>(out, x, y, f32);
    }
    return Status();
  });
}

Result<Tensor> binary(const BinaryOp& op, const MemoryScope& scope, const TensorView& a,
                      const TensorView& b) noexcept {
  if (Status bad = check_arithmetic(op.name, a); !bad.ok()) return bad;
  const Result<Shape> shape = broadcast_shape(op.name, a.shape(), b.shape());
  if (!shape) return shape.error();
  return into_new(scope, *shape, a.dtype(), [&](Tensor& out) { return binary(op, out, a, b); });
}

template <typename T>
bool has_zero(const TensorView& view) noexcept {
  Reader<T> reader(view);
  std::array<T, stage_elements> stage;
  for (std::size_t left = view.elements(); left > 0;) {
    const std::size_t part = std::min(reader.good_count(), left);
    const T* values = reader.take(part, stage.data());
    if (std::find(values, values + part, T{0}) != values + part) return true;
    left -= part;
  }
  return false;
}

Status check_divisor(const TensorView& b) noexcept {
  const bool zero = b.dtype() == DType::i32   ? has_zero<std::int32_t>(b)
                    : b.dtype() == DType::i64 ? has_zero<std::int64_t>(b)
                                              : false;
  if (!zero) return {};
  return (Message() << "div: the divisor of shape " << b.shape() << " of " << b.dtype()
                    << " holds a zero")
      .invalid();
}

// ---- one input -------------------------------------------------------------------------------

/// Checks and calls run(a) for each dtype that is allowed.
template <typename Run>
Status unary(std::string_view name, Tensor& out, const TensorView& a,
             std::initializer_list<DType> allowed, Run run) noexcept {
  if (Status bad = check_input(name, a, allowed); !bad.ok()) return bad;
  if (Status bad = check_out(name, out, a.shape(), a.dtype()); !bad.ok()) return bad;
  if (Status bad = check_disjoint_or_same(name, out, a); !bad.ok()) return bad;
  if (out.elements() != 0) run();
  return {};
}

template <typename T>
void relu_of(Tensor& out, const TensorView& a) noexcept {
  run1<T>(out, a, [](T* to, const T* x, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) to[i] = x[i] < T{0} ? T{0} : x[i];
  });
}

}  // namespace

Status add(Tensor& out, const TensorView& a, const TensorView& b) noexcept {
  return binary(add_op, out, a, b);
}
Status sub(Tensor& out, const TensorView& a, const TensorView& b) noexcept {
  return binary(sub_op, out, a, b);
}
Status mul(Tensor& out, const TensorView& a, const TensorView& b) noexcept {
  return binary(mul_op, out, a, b);
}
Status div(Tensor& out, const TensorView& a, const TensorView& b) noexcept {
  if (Status bad = check_host("div", b); !bad.ok()) return bad;
  if (Status bad = check_divisor(b); !bad.ok()) return bad;
  return binary(div_op, out, a, b);
}

Result<Tensor> add(const MemoryScope& scope, const TensorView& a, const TensorView& b) noexcept {
  return binary(add_op, scope, a, b);
}
Result<Tensor> sub(const MemoryScope& scope, const TensorView& a, const TensorView& b) noexcept {
  return binary(sub_op, scope, a, b);
}
Result<Tensor> mul(const MemoryScope& scope, const TensorView& a, const TensorView& b) noexcept {
  return binary(mul_op, scope, a, b);
}
Result<Tensor> div(const MemoryScope& scope, const TensorView& a, const TensorView& b) noexcept {
  if (Status bad = check_host("div", b); !bad.ok()) return bad;
  if (Status bad = check_divisor(b); !bad.ok()) return bad;
  return binary(div_op, scope, a, b);
}

Status scale(Tensor& out, const TensorView& a, double factor) noexcept {
  return unary("scale", out, a, {DType::f32, DType::f64}, [&] {
    if (a.dtype() == DType::f32) {
      const auto f = static_cast<float>(factor);
      run1<float>(out, a, [f](float* to, const float* x, std::size_t count) {
        simd::kernels().scale_f32(to, x, f, count);
      });
    } else {
      run1<double>(out, a, [factor](double* to, const double* x, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) to[i] = x[i] * factor;
      });
    }
  });
}
Result<Tensor> scale(const MemoryScope& scope, const TensorView& a, double factor) noexcept {
  return into_new(scope, a.shape(), a.dtype(), [&](Tensor& out) { return scale(out, a, factor); });
}

Status axpy(Tensor& out, double alpha, const TensorView& x, const TensorView& y) noexcept {
  if (Status bad = check_input("axpy", x, {DType::f32, DType::f64}); !bad.ok()) return bad;
  return with_broadcast("axpy", out, x, y, [&](const TensorView& u, const TensorView& v) {
    if (x.dtype() == DType::f32) {
      const auto f = static_cast<float>(alpha);
      run2<float>(out, u, v, [f](float* to, const float* a, const float* b, std::size_t count) {
        simd::kernels().axpy_f32(to, f, a, b, count);
      });
    } else {
      run2<double>(out, u, v,
                   [alpha](double* to, const double* a, const double* b, std::size_t count) {
                     for (std::size_t i = 0; i < count; ++i) to[i] = alpha * a[i] + b[i];
                   });
    }
    return Status();
  });
}
Result<Tensor> axpy(const MemoryScope& scope, double alpha, const TensorView& x,
                    const TensorView& y) noexcept {
  const Result<Shape> shape = broadcast_shape("axpy", x.shape(), y.shape());
  if (!shape) return shape.error();
  return into_new(scope, *shape, x.dtype(), [&](Tensor& out) { return axpy(out, alpha, x, y); });
}

Status relu(Tensor& out, const TensorView& a) noexcept {
  return unary("relu", out, a, {DType::f32, DType::f64, DType::i32, DType::i64}, [&] {
    switch (a.dtype()) {
      case DType::f64:
        return relu_of<double>(out, a);
      case DType::i32:
        return relu_of<std::int32_t>(out, a);
      case DType::i64:
        return relu_of<std::int64_t>(out, a);
      default:
        return run1<float>(out, a, simd::kernels().relu_f32);
    }
  });
}
Result<Tensor> relu(const MemoryScope& scope, const TensorView& a) noexcept {
  return into_new(scope, a.shape(), a.dtype(), [&](Tensor& out) { return relu(out, a); });
}

Status exp(Tensor& out, const TensorView& a) noexcept {
  return unary("exp", out, a, {DType::f32, DType::f64}, [&] {
    if (a.dtype() == DType::f32) return run1<float>(out, a, simd::kernels().exp_f32);
    run1<double>(out, a, [](double* to, const double* x, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) to[i] = std::exp(x[i]);
    });
  });
}
Result<Tensor> exp(const MemoryScope& scope, const TensorView& a) noexcept {
  return into_new(scope, a.shape(), a.dtype(), [&](Tensor& out) { return exp(out, a); });
}

Status fill(Tensor& out, double value) noexcept {
  if (Status bad = check_host("fill", out.view()); !bad.ok()) return bad;
  fill_elements(out.dtype(), out.mutable_data(), value, out.elements());
  return {};
}

}  // namespace frys::ops
