// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/index/vector_index.hpp"

#include <string>

#include "index/index_core.hpp"

namespace frys {
namespace {

Status invalid(const std::string& message) noexcept {
  return Status(ErrorCode::invalid_argument, message);
}

std::string out_of_range(const char* option, std::size_t value, std::size_t least,
                         std::size_t most) {
  return "VectorIndexOptions::" + std::string(option) + " is " + std::to_string(value) +
         "; it must be from " + std::to_string(least) + " to " + std::to_string(most);
}

Status check(const VectorIndexOptions& options) {
  const struct {
    const char* name;
    std::size_t value, least, most;
  } ranges[] = {
      {"dimension", options.dimension, VectorIndex::min_dimension, VectorIndex::max_dimension},
      {"links", options.links, 4, 64},
      {"build_effort", options.build_effort, options.links, 4096},
      {"max_vectors", options.max_vectors, 1, std::size_t{1} << 30}};
  for (const auto& range : ranges) {
    if (range.value < range.least || range.value > range.most) {
      return invalid(out_of_range(range.name, range.value, range.least, range.most));
    }
  }
  if (to_string(options.metric) == "unknown" || to_string(options.codes) == "unknown") {
    return invalid("VectorIndexOptions has a metric or codes that don't exist");
  }
  if (options.codes == VectorCodes::exact_u8 && options.metric != Metric::l2) {
    return invalid("exact_u8 codes have the metric l2 only; take u8 for " +
                   std::string(to_string(options.metric)));
  }
  return {};
}

}  // namespace

std::string_view to_string(Metric metric) noexcept {
  switch (metric) {
    case Metric::l2:
      return "l2";
    case Metric::inner_product:
      return "inner_product";
    case Metric::cosine:
      return "cosine";
  }
  return "unknown";
}

std::string_view to_string(VectorCodes codes) noexcept {
  switch (codes) {
    case VectorCodes::f32:
      return "f32";
    case VectorCodes::f16:
      return "f16";
    case VectorCodes::u8:
      return "u8";
    case VectorCodes::exact_u8:
      return "exact_u8";
  }
  return "unknown";
}

struct VectorIndex::Impl {
  Impl(const VectorIndexOptions& options, const Environment& environment)
      : core(options, environment.seed, {.executor = environment.executor}) {}
  index::IndexCore core;
};

VectorIndex::VectorIndex(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
VectorIndex::VectorIndex(VectorIndex&&) noexcept = default;
VectorIndex& VectorIndex::operator=(VectorIndex&&) noexcept = default;
VectorIndex::~VectorIndex() = default;

Result<VectorIndex> VectorIndex::create(const VectorIndexOptions& options,
                                        const Environment& environment) noexcept {
  try {
    Status status = check(options);
    if (!status.ok()) return status;
    auto impl = std::make_unique<Impl>(options, environment);
    status = impl->core.open();
    if (!status.ok()) return status;
    return VectorIndex(std::move(impl));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<std::uint32_t> VectorIndex::add(std::span<const float> rows) noexcept {
  try {
    return impl_->core.add(rows);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<std::size_t> VectorIndex::search(std::span<const float> query, std::size_t count,
                                        std::size_t effort,
                                        std::span<VectorNeighbour> out) const noexcept {
  try {
    return impl_->core.search({query, count, effort}, out);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

std::size_t VectorIndex::dimension() const noexcept { return impl_->core.dimension(); }
std::size_t VectorIndex::size() const noexcept { return impl_->core.size(); }
std::size_t VectorIndex::bytes() const noexcept { return impl_->core.bytes(); }

}  // namespace frys
