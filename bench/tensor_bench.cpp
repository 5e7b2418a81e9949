// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Tensor operations through the public interface, beside Eigen doing the same work on the same
// memory in the same thread.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "frys/core/environment.hpp"
#include "frys/core/random.hpp"
#include "frys/memory/manager.hpp"
#include "frys/tensor/ops.hpp"
#include "frys/tensor/simd_level.hpp"
#include "support/ratio_reporter.hpp"
#include "tensor_bench_eigen.hpp"

namespace {

using frys::Shape;
using frys::Status;
using frys::Tensor;
using frys::TensorView;

frys::MemoryScope scope;

/// Tensors that one workload's two rows share.
struct Data {
  Tensor a;
  Tensor b;
  Tensor out;

  const float* x() const { return a.data<float>(); }
  const float* y() const { return b.data<float>(); }
  float* z() { return out.mutable_data<float>(); }
};

Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  Tensor tensor = *frys::Tensor::empty(scope, shape, frys::DType::f32);
  frys::SeededRandom random(seed);
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    tensor.mutable_data<float>()[i] = static_cast<float>(random.next_unit() * 2 - 1);
  }
  return tensor;
}

/// One workload: its name, the work by each, and what a call does for the counters.
struct Workload {
  std::string name;
  Shape a;
  Shape b;
  Shape out;
  std::function<Status(Data&)> ours;
  std::function<void(Data&)> theirs;
  double flops = 0;  ///< Of one call.
  double bytes = 0;
};

std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

void count(benchmark::State& state, const Workload& work) {
  const auto calls = static_cast<double>(state.iterations());
  state.counters["FLOP/s"] = benchmark::Counter(work.flops * calls, benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(work.bytes * calls));
}

void add_rows(const Workload& work) {
  // Made when the first of the two rows runs, so that the long rows' memory is not held by others.
  auto data = std::make_shared<std::weak_ptr<Data>>();
  const auto make = [work, data] {
    std::shared_ptr<Data> made = data->lock();
    if (!made) {
      made = std::make_shared<Data>(
          Data{random_tensor(work.a, 1), random_tensor(work.b, 2), random_tensor(work.out, 3)});
      *data = made;
    }
    return made;
  };
  benchmark::RegisterBenchmark((work.name + "/frys").c_str(),
                               [work, make](benchmark::State& state) {
                                 const std::shared_ptr<Data> mine = make();
                                 for (auto _ : state) {
                                   const Status status = work.ours(*mine);
                                   if (!status.ok()) {
                                     state.SkipWithError(status.to_string().c_str());
                                     return;
                                   }
                                   benchmark::ClobberMemory();
                                 }
                                 count(state, work);
                               });
  benchmark::RegisterBenchmark((work.name + "/eigen").c_str(),
                               [work, make](benchmark::State& state) {
                                 const std::shared_ptr<Data> mine = make();
                                 for (auto _ : state) {
                                   work.theirs(*mine);
                                   benchmark::ClobberMemory();
                                 }
                                 count(state, work);
                               });
}

void register_vectors(std::int64_t n) {
  const std::string parameter = std::to_string(n);
  const auto floats = static_cast<double>(n);
  add_rows({.name = "add/" + parameter,
            .a = {n},
            .b = {n},
            .out = {n},
            .ours = [](Data& d) { return frys::ops::add(d.out, d.a, d.b); },
            .theirs = [n](Data& d) { frys::bench::eigen::add(d.z(), d.x(), d.y(), size(n)); },
            .flops = floats,
            .bytes = 12 * floats});
  add_rows({.name = "dot/" + parameter,
            .a = {n},
            .b = {n},
            .out = {},
            .ours =
                [](Data& d) {
                  const frys::Result<double> result = frys::ops::dot(d.a, d.b);
                  if (result) d.z()[0] = static_cast<float>(*result);
                  return result.status();
                },
            .theirs = [n](Data& d) { *d.z() = frys::bench::eigen::dot(d.x(), d.y(), size(n)); },
            .flops = 2 * floats,
            .bytes = 8 * floats});
  add_rows({.name = "sum/" + parameter,
            .a = {n},
            .b = {},
            .out = {},
            .ours =
                [](Data& d) {
                  const frys::Result<double> result = frys::ops::sum(d.a);
                  if (result) d.z()[0] = static_cast<float>(*result);
                  return result.status();
                },
            .theirs = [n](Data& d) { *d.z() = frys::bench::eigen::sum(d.x(), size(n)); },
            .flops = floats,
            .bytes = 4 * floats});
}

void register_rows(std::int64_t rows, std::int64_t columns) {
  const std::string parameter = std::to_string(rows) + "x" + std::to_string(columns);
  const auto floats = static_cast<double>(rows * columns);
  add_rows(
      {.name = "softmax/" + parameter,
       .a = {rows, columns},
       .b = {},
       .out = {rows, columns},
       .ours = [](Data& d) { return frys::ops::softmax(d.out, d.a); },
       .theirs =
           [=](Data& d) { frys::bench::eigen::softmax(d.z(), d.x(), size(rows), size(columns)); },
       .flops = 0,
       .bytes = 8 * floats});
  add_rows({.name = "l2_normalize/" + parameter,
            .a = {rows, columns},
            .b = {},
            .out = {rows, columns},
            .ours = [](Data& d) { return frys::ops::l2_normalize_rows(d.out, d.a); },
            .theirs =
                [=](Data& d) {
                  frys::bench::eigen::l2_normalize(d.z(), d.x(), size(rows), size(columns));
                },
            .flops = 3 * floats,
            .bytes = 8 * floats});
  add_rows(
      {.name = "transpose_copy/" + parameter,
       .a = {rows, columns},
       .b = {},
       .out = {columns, rows},
       .ours =
           [](Data& d) {
             const frys::Result<TensorView> view = d.a.view().transpose(0, 1);
             return view ? frys::ops::copy(d.out, *view) : view.error();
           },
       .theirs =
           [=](Data& d) { frys::bench::eigen::transpose(d.z(), d.x(), size(rows), size(columns)); },
       .flops = 0,
       .bytes = 8 * floats});
}

void register_matmul(std::int64_t n) {
  add_rows({.name = "matmul/" + std::to_string(n),
            .a = {n, n},
            .b = {n, n},
            .out = {n, n},
            .ours = [](Data& d) { return frys::ops::matmul(d.out, d.a, d.b); },
            .theirs =
                [n](Data& d) {
                  frys::bench::eigen::matmul(d.z(), d.x(), d.y(), size(n), size(n), size(n));
                },
            .flops = 2.0 * static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n),
            .bytes = 0});
}

void register_similarity(std::int64_t rows, std::int64_t dim) {
  add_rows({.name = "similarity/" + std::to_string(rows) + "x" + std::to_string(dim),
            .a = {rows, dim},
            .b = {rows, dim},
            .out = {rows, rows},
            .ours = [](Data& d) { return frys::ops::similarity(d.out, d.a, d.b); },
            .theirs =
                [=](Data& d) {
                  frys::bench::eigen::similarity(d.z(), d.x(), d.y(), size(rows), size(dim));
                },
            .flops = 2.0 * static_cast<double>(rows) * static_cast<double>(rows) *
                     static_cast<double>(dim),
            .bytes = 0});
}

void register_all(bool full) {
  for (const std::int64_t n : {256, 4096, 65536, 1 << 20}) register_vectors(n);
  register_rows(64, 1000);
  register_rows(1000, 256);
  for (const std::int64_t n : {64, 128, 256, 512, 1024}) register_matmul(n);
  register_similarity(200, 256);
  register_similarity(1000, 256);
  if (!full) return;
  register_vectors(1 << 24);
  register_rows(4096, 4096);
  for (const std::int64_t n : {96, 100, 333, 2048}) register_matmul(n);
  register_similarity(4000, 384);
}

}  // namespace

int main(int argc, char** argv) {
  frys::bench::init(argc, argv);
  auto manager = frys::TensorMemoryManager::create({}, frys::Environment{});
  if (!manager) {
    std::fprintf(stderr, "%s\n", manager.error().to_string().c_str());
    return 1;
  }
  scope = manager->root();
  benchmark::AddCustomContext("simd", std::string(frys::simd_level()));
  register_all(frys::bench::full());
  return frys::bench::run(argc, argv);
}
