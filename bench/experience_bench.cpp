// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Search in vectors beside hnswlib and faiss, and the experience store beside RocksDB. Rows:
//
//   search/<set>@<recall>/<who>   one query for 10 neighbours, recall by distance
//   build/<set>/<who>             the graph of all vectors
//   memory/<set>/<who>            what it takes, as the counter bytes_per_vector
//
// and those of the store (experience_bench_store.cpp, experience_bench_payload.cpp,
// experience_bench_filter.cpp, experience_bench_lasting.cpp). With --vectors
// and --queries the first three run on the user's own files, and nothing else runs. What takes
// long, the peers' graphs and the true neighbours, is kept between runs in the cache folder.

#include <cstdio>
#include <cstdlib>

#include "experience_rows.hpp"
#include "support/ratio_reporter.hpp"

namespace frys::bench {
namespace {

struct Flags {
  std::string vectors;
  std::string queries;
  std::string metric;
  std::string cache = BenchCache::default_folder();
};

Metric metric_named(const std::string& name) {
  if (name.empty() || name == "l2") return Metric::l2;
  if (name == "ip") return Metric::inner_product;
  if (name == "cosine") return Metric::cosine;
  refuse("--metric " + name + ": expected l2, ip or cosine");
}

/// The set that the user brought.
SetSource brought_set(const Flags& flags, const BenchCache& cache) {
  if (flags.queries.empty()) refuse("--vectors needs --queries FILE");
  const Metric metric = metric_named(flags.metric);
  std::string name = flags.vectors.substr(flags.vectors.rfind('/') + 1);  // npos + 1 is 0.
  return {std::move(name), [=] { return read_set(flags.vectors, flags.queries, metric, cache); }};
}

void add_rows(const Flags& flags) {
  const BenchCache cache(flags.cache);
  if (!flags.vectors.empty()) return add_index_rows({brought_set(flags, cache)}, cache, true);
  if (!flags.queries.empty() || !flags.metric.empty()) {
    refuse("--queries and --metric need --vectors FILE");
  }
  add_store_rows(full());
  add_payload_rows();
  add_filter_rows();
  add_lasting_rows(full());
  add_index_rows(known_sets(cache, full()), cache, full());
}

}  // namespace

void fail(const std::string& what) {
  std::fprintf(stderr, "experience_bench: %s\n", what.c_str());
  std::exit(1);
}

}  // namespace frys::bench

int main(int argc, char** argv) {
  using namespace frys::bench;
  Flags flags;
  init(argc, argv,
       {{"--vectors", "FILE", "search these: .fvecs, .bvecs, .i8vecs or idx, also with .gz",
         &flags.vectors},
        {"--queries", "FILE", "for the nearest of these; the first 1,000", &flags.queries},
        {"--metric", "NAME", "by l2 (as it is without), ip or cosine", &flags.metric},
        {"--cache", "DIR", "where peers' graphs lie between runs; '' keeps none", &flags.cache}});
  add_rows(flags);
  return run(argc, argv);
}
