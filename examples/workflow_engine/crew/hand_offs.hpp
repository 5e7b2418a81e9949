// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Keeps account of the tensors that agents take from each other: how many, how large, and whether
// the taker holds the very memory that the giver published.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "frys/frys.hpp"

namespace crew {

struct HandOffTotals {
  std::uint64_t taken = 0;
  std::uint64_t same_memory = 0;  ///< Of those, the taker's first byte is the giver's.
  std::uint64_t bytes = 0;        ///< Elements of the views taken; copies would have moved them.
};

/// Threads: safe.
class HandOffs {
 public:
  /// Lets a test stand between giver and taker, and replace what is handed over.
  using Intercept = std::function<frys::TensorView(frys::StepContext&, frys::TensorView)>;

  void set_intercept(Intercept intercept) { intercept_ = std::move(intercept); }

  /// Publishes what the giver gives up, or what it was given itself (a view), and remembers where
  /// its elements are. Throws StepError.
  void give(frys::StepContext& context, const std::string& name, frys::SharedTensor tensor);
  void give(frys::StepContext& context, const std::string& name, frys::Tensor tensor);
  void give(frys::StepContext& context, const std::string& name, frys::TensorView view);

  /// What `step` gave under `name`, to be read. Throws StepError.
  frys::TensorView take(frys::StepContext& context, const std::string& step,
                        const std::string& name);
  /// The same, to be written: for an agent that nobody reads it after. Throws StepError.
  frys::Tensor take_over(frys::StepContext& context, const std::string& step,
                         const std::string& name);

  [[nodiscard]] HandOffTotals totals() const;

 private:
  void note_given(const frys::StepContext& context, const std::string& name,
                  const frys::TensorView& view);
  void note_taken(const std::string& step, const std::string& name, const frys::TensorView& view);

  Intercept intercept_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, const void*, std::less<>> given_;
  HandOffTotals totals_;
};

}  // namespace crew
