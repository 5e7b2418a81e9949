// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The sets that experience_bench searches in.

#include <cstdio>
#include <optional>

#include "experience_rows.hpp"
#include "support/shared_data.hpp"

namespace frys::bench {
namespace {

/// As they lie in the folder of recorded data.
constexpr const char* fashion_train = "vectors/fashion-mnist/train-images-idx3-ubyte.gz";
constexpr const char* fashion_test = "vectors/fashion-mnist/t10k-images-idx3-ubyte.gz";
constexpr const char* sift = "vectors/sift-128-5k.bvecs.gz";
constexpr const char* svs_queries = "vectors/svs-queries-128-1k.fvecs";
constexpr const char* minilm = "vectors/lucene-minilm-384-2641.fvecs.gz";

std::string file_of(const char* relative) {
  return testing::shared_data(relative).value_or(relative);
}

Result<VectorSet> clustered_set(const BenchCache& cache) {
  VectorTable vectors = clustered_vectors(21'000, 128, 1);
  VectorTable queries = hold_out(vectors, 21);
  return make_set("clustered-20k", Metric::cosine, std::move(vectors), std::move(queries), cache);
}

Result<VectorSet> minilm_set(const BenchCache& cache) {
  Result<VectorTable> vectors = read_vectors(file_of(minilm));
  if (!vectors) return vectors.error();
  VectorTable queries = hold_out(*vectors, 11);
  return make_set("minilm-2k", Metric::cosine, std::move(*vectors), std::move(queries), cache);
}

/// Searched for some of its own.
Result<VectorSet> sift_set(const BenchCache& cache) {
  Result<VectorTable> vectors = read_vectors(file_of(sift));
  if (!vectors) return vectors.error();
  VectorTable queries = hold_out(*vectors, 10);
  return make_set("sift-4k", Metric::l2, std::move(*vectors), std::move(queries), cache);
}

Result<VectorSet> pair_of_files(const char* name, const char* vectors, const char* queries,
                                const BenchCache& cache) {
  Result<VectorSet> set = read_set(file_of(vectors), file_of(queries), Metric::l2, cache);
  if (set) set->name = name;
  return set;
}

/// Windows of the training images, searched for those of the test images.
Result<VectorSet> window_set(const char* name, std::size_t count, const BenchCache& cache) {
  const Result<VectorTable> train = read_vectors(file_of(fashion_train));
  if (!train) return train.error();
  const Result<VectorTable> test = read_vectors(file_of(fashion_test));
  if (!test) return test.error();
  return make_set(name, Metric::l2, image_windows(*train, 1, count),
                  image_windows(*test, 2, max_queries), cache);
}

bool at_hand(const std::string& name, std::initializer_list<const char*> files) {
  for (const char* file : files) {
    if (testing::shared_data(file)) continue;
    std::fprintf(stderr,
                 "experience_bench: no rows of %s: %s is not in the folder of recorded data"
                 " (FRYS_DATA_DIR names it)\n",
                 name.c_str(), file);
    return false;
  }
  return true;
}

}  // namespace

VectorSet vectors_to_store(std::size_t count, bool recorded) {
  VectorSet set;
  set.metric = Metric::cosine;
  set.dimension = 128;
  if (recorded && at_hand("windows", {fashion_train, fashion_test})) {
    const Result<VectorTable> train = read_vectors(file_of(fashion_train));
    const Result<VectorTable> test = read_vectors(file_of(fashion_test));
    if (!train || !test) fail((train ? test : train).error().to_string());
    set.name = "windows";
    set.vectors = image_windows(*train, 1, count).values;
    set.queries = image_windows(*test, 2, max_queries).values;
    return set;
  }
  VectorTable vectors = clustered_vectors(count + max_queries, set.dimension, 1);
  set.name = "clustered";
  set.queries = hold_out(vectors, vectors.rows() / max_queries).values;
  set.vectors = std::move(vectors.values);
  return set;
}

std::vector<SetSource> known_sets(const BenchCache& cache, bool full) {
  std::vector<SetSource> sets;
  sets.push_back({"clustered-20k", [cache] { return clustered_set(cache); }});
  if (at_hand("minilm-2k", {minilm})) {
    sets.push_back({"minilm-2k", [cache] { return minilm_set(cache); }});
  }
  if (at_hand("sift-4k", {sift})) {
    sets.push_back({"sift-4k", [cache] { return sift_set(cache); }});
  }
  // Queries from another kind of data: far from all vectors, which makes finding hard.
  if (at_hand("sift-5k", {sift, svs_queries})) {
    sets.push_back(
        {"sift-5k", [cache] { return pair_of_files("sift-5k", sift, svs_queries, cache); }});
  }
  if (at_hand("windows and fashion", {fashion_train, fashion_test})) {
    const auto add = [&](const char* name, auto&& make) { sets.push_back({name, make, true}); };
    add("windows-100k", [cache] { return window_set("windows-100k", 100'000, cache); });
    add("fashion-60k",
        [cache] { return pair_of_files("fashion-60k", fashion_train, fashion_test, cache); });
    if (full) add("windows-737k", [cache] { return window_set("windows-737k", SIZE_MAX, cache); });
  }
  return sets;
}

}  // namespace frys::bench
