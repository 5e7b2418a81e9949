// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Tensors without a kernel: memory from a scope with a budget, views that share it, operations, and
// who may write.

#include <cstdio>

#include "frys/frys.hpp"

namespace {

/// Copy on write: who is alone with a tensor gets it as it lies, everybody else a copy.
frys::Status write_twice(const frys::MemoryScope& scope, frys::Tensor tensor) {
  const float* const memory = tensor.data<float>();
  // Given up, it may be held by any number and is written by nobody …
  frys::SharedTensor one = std::move(tensor).share();
  frys::SharedTensor other = one;
  // … until somebody takes it back.
  auto first = std::move(one).make_exclusive(scope);
  if (!first) return first.error();
  auto second = std::move(other).make_exclusive(scope);
  if (!second) return second.error();
  std::printf("the first to write got %s, the last %s\n",
              first->mutable_data<float>() == memory ? "the memory itself" : "a copy",
              second->mutable_data<float>() == memory ? "the memory itself" : "a copy");
  return {};
}

frys::Status run() {
  // One manager owns the memory; every scope below it has a budget.
  auto memory = frys::TensorMemoryManager::create({}, {});
  if (!memory) return memory.error();
  auto scope = memory->root().child("example", {.budget_bytes = std::size_t{1} << 20});
  if (!scope) return scope.error();

  // A tensor is written by its one owner …
  auto vectors = frys::Tensor::empty(*scope, {4, 3}, frys::DType::f32);
  if (!vectors) return vectors.error();
  for (int i = 0; i < 12; ++i) vectors->mutable_data<float>()[i] = static_cast<float>(i % 5);

  // … and read through views, which share its memory: no element moves here.
  auto row = vectors->view().select(0, 2);
  if (!row) return row.error();
  std::printf("row 2 begins %td floats into the tensor\n",
              row->data<float>() - vectors->data<float>());

  // Operations take views and allocate their result from a scope.
  auto unit = frys::ops::l2_normalize_rows(*scope, *vectors);
  if (!unit) return unit.error();
  auto cosines = frys::ops::similarity(*scope, *unit, *unit);
  if (!cosines) return cosines.error();
  auto nearest = frys::ops::top_k(*scope, *cosines, 2);
  if (!nearest) return nearest.error();
  for (int i = 0; i < 4; ++i) {
    std::printf("row %d is most like row %d (cosine %.2f)\n", i,
                static_cast<int>(nearest->indices.data<std::int64_t>()[2 * i + 1]),
                static_cast<double>(nearest->values.data<float>()[2 * i + 1]));
  }

  // Asking for more than the budget is an answer, not a crash.
  auto large = frys::Tensor::empty(*scope, {1024, 1024}, frys::DType::f32);
  std::printf("4 MiB more: %s\n", std::string(frys::to_string(large.status().code())).c_str());
  return write_twice(*scope, *std::move(unit));
}

}  // namespace

int main() {
  const frys::Status status = run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.to_string().c_str());
  return status.ok() ? 0 : 1;
}
