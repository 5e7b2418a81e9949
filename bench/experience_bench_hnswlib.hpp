// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// hnswlib as its users get it: its own distances, -O3 -march=native.

#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace frys::bench {

/// An index of unit vectors by inner product. One thread.
class HnswlibPeer {
 public:
  HnswlibPeer(std::size_t dimension, std::size_t capacity, std::size_t m,
              std::size_t ef_construction);
  ~HnswlibPeer();
  void add(const float* vector, std::size_t label);
  void set_ef(std::size_t ef);
  /// Labels of the nearest, in no order.
  void search(const float* query, std::size_t k, std::vector<std::size_t>& labels) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys::bench
