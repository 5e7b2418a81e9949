// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Files that take long to make, kept between runs. Libraries that trust what they load are spared
// what a crash or a disk left behind: beside each file stand its size and CRC-32, and a file that
// does not agree is as if it were not there.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "frys/core/result.hpp"

namespace frys::bench {

class BenchCache {
 public:
  /// Files lie in `folder`, which is made when the first is kept; empty: nothing is kept.
  explicit BenchCache(std::string folder) : folder_(std::move(folder)) {}

  /// The folder to use where none was named: $XDG_CACHE_HOME/frys-bench, ~/.cache/frys-bench; empty
  /// where neither is known.
  static std::string default_folder();

  /// Where the file of that key lies, when it is there and whole. Removes it when it is not whole.
  [[nodiscard]] std::optional<std::string> find(const std::string& key) const;

  /// Has `write` make the file at a path beside its place, and puts it there. What was kept before
  /// under that key is gone even when this fails.
  /// Errors: io_error, or what `write` said.
  Status keep(const std::string& key,
              const std::function<Status(const std::string& path)>& write) const;

  /// Removes what is kept under the key.
  void forget(const std::string& key) const;

 private:
  [[nodiscard]] std::string path_of(const std::string& key) const { return folder_ + "/" + key; }

  std::string folder_;
};

}  // namespace frys::bench
