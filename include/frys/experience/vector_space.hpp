// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A space of vectors of an experience store, beside the one that its embedder makes vectors for:
// what resembles what may be asked of texts, of code and of pictures, each by a model of its own.
//
//   options.spaces = {{"code", 768}, {"screen", 512}};
//   experience.embeddings = {{"code", code_model(patch)}};
//   store.find_similar({.vector = code_model(other), .space = "code"});

#pragma once

#include <cstddef>
#include <string>

namespace frys {

struct VectorSpace {
  std::string name;           ///< 1 to 64 visible characters of ASCII.
  std::size_t dimension = 0;  ///< Floats that its vectors have, 2 to 4,096.

  friend bool operator==(const VectorSpace&, const VectorSpace&) = default;
};

}  // namespace frys
