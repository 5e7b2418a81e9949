// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A run that never happened, shaped like a real one, for tests of what is written about runs.

#pragma once

#include <string>

#include "run/run_summary.hpp"

namespace crew::testing {

class SyntheticRun {
 public:
  /// `experienced`: predictions are right, and the review ends after one round.
  static RunSummary make(std::int64_t number, bool experienced) {
    SyntheticRun making;
    making.fill(number, experienced);
    return std::move(making.run_);
  }

 private:
  void step(const std::string& name, const std::string& type, const std::string& agent,
            std::int64_t start_us, std::int64_t length_us, std::uint64_t bytes, int round = 0) {
    StepRow row;
    row.name = name;
    row.type = type;
    row.agent = agent;
    row.iteration = round;
    row.queued_ns = start_us * 1000 - 900'000;
    row.start_ns = start_us * 1000;
    row.end_ns = (start_us + length_us) * 1000;
    row.peak_bytes = bytes;
    const bool first = type != last_type_;
    row.predicted_bytes = experienced_ ? bytes : first ? 64U << 20U : bytes + bytes / 8;
    row.predicted_ns = experienced_ ? length_us * 1050 : first ? 0 : length_us * 700;
    row.first_touch_pages = experienced_ ? 0 : bytes / 4096;
    row.given_bytes = row.predicted_bytes;
    row.outcome = "success";
    last_type_ = type;
    run_.steps.push_back(row);
  }

  void edge(const std::string& from, const std::string& to, std::uint64_t bytes,
            std::uint64_t messages) {
    run_.edges.push_back({from, to, bytes, messages});
  }

  void fill_steps(int rounds) {
    step("scout", "scout", "scout", 0, 5200, 4096);
    std::int64_t at = 5400;
    for (int part = 0; part < 16; ++part) {
      const std::string id = std::to_string(part + 1);
      const std::string agent = "-" + std::to_string(part % 4 + 1);
      step("read-" + id, "read", "reader" + agent, at + part * 900, 1700, 8192);
    }
    at += 15'000;
    for (int part = 0; part < 16; ++part) {
      const std::string id = std::to_string(part + 1);
      const std::string agent = "-" + std::to_string(part % 4 + 1);
      step("embed-" + id, "embed", "embedder" + agent, at + part * 3500, 6900, 262'144);
    }
    at += 60'000;
    step("centre", "centre", "librarian", at, 2500, 4'300'000);
    at += 2600;
    for (int part = 0; part < 16; ++part) {
      const std::string id = std::to_string(part + 1);
      const std::string agent = "-" + std::to_string(part % 4 + 1);
      step("compare-" + id, "compare", "analyst" + agent, at + part * 2300, 4500, 390'000);
    }
    at += 37'000;
    for (int round = 0; round < rounds; ++round, at += 25'000) {
      step("cluster", "cluster", "clusterer", at, 21'000, 900'000, round);
      step("critique", "critique", "critic", at + 21'200, 3500, 4096, round);
    }
    step("search-1", "search", "searcher", at, 1500, 20'000);
    step("report", "report", "reporter", at + 1600, 18'000, 0);
    run_.wall_ns = (at + 19'800) * 1000;
  }

  void fill_graph() {
    run_.agents = {"scout"};
    for (const char* role : {"reader", "embedder"}) {
      for (int i = 1; i <= 4; ++i) run_.agents.push_back(role + ("-" + std::to_string(i)));
    }
    run_.agents.push_back("librarian");
    for (int i = 1; i <= 4; ++i) run_.agents.push_back("analyst-" + std::to_string(i));
    for (const char* role : {"clusterer", "critic", "searcher", "reporter"}) {
      run_.agents.push_back(role);
    }
    for (int i = 1; i <= 4; ++i) {
      const std::string id = "-" + std::to_string(i);
      edge("scout", "reader" + id, 1500, 8);
      edge("reader" + id, "embedder" + id, 310'000, 8);
      edge("embedder" + id, "librarian", 1'050'000, 4);
      edge("librarian", "analyst" + id, 16'800'000, 64);
      edge("analyst" + id, "clusterer", 99'000, 8);
      edge("analyst" + id, "critic", 66'000, 4);
      edge("reader" + id, "reporter", 33'000, 4);
    }
    edge("librarian", "clusterer", 4'200'000, 16);
    edge("clusterer", "critic", 66'000, 33);
    edge("critic", "clusterer", 500, 3);
    edge("critic", "reporter", 40'000, 33);
    edge("critic", "searcher", 30'000, 4);
    edge("librarian", "searcher", 4'200'000, 17);
    run_.pattern = "pipeline";
    run_.pattern_confidence = 0.8;
    run_.groups = {{"scatter_gather", "scout", 0.9, {"scout", "reader-1", "reader-2"}},
                   {"review_loop", "", 0.95, {"clusterer", "critic"}}};
  }

  void fill_memory() {
    for (std::int64_t t = 0; t <= run_.wall_ns; t += 2'000'000) {
      MemorySample sample;
      sample.time_ns = t;
      for (const std::string& agent : run_.agents) {
        std::uint64_t bytes = 0;
        for (const StepRow& step : run_.steps) {
          if (step.agent == agent && step.end_ns < t) bytes += step.peak_bytes;
        }
        sample.live_bytes.push_back(bytes);
      }
      run_.memory.push_back(sample);
    }
    run_.segments = {
        {5 << 20, 1 << 20, {1 << 20, 700'000, 0, 1 << 20, 4096}, {0, 300'000, 0, 0, 0}}};
    run_.large_block_bytes = 2 << 20;
    run_.blocks = {{1024, 90, 10}, {196'608, 12, 2}};
  }

  void fill_findings() {
    for (int i = 0; i < 8; ++i) {
      run_.clusters.push_back({static_cast<std::uint64_t>(120 - 13 * i),
                               0.41,
                               0.78 - 0.04 * i,
                               {"scope", "budget", "bytes", "release", "arena", "pages", "pool"},
                               "src/memory/scope_node.cpp:88",
                               "/// Charges `bytes` to this node and all above it; the first that "
                               "refuses makes the whole refuse."});
    }
    run_.duplicates = {{0.97, {"src/a.cpp:1", "src/b.cpp:1"}, "The same <licence> & more of it"}};
    run_.answers = {{"where does the river end?", 0.52, 2, "atlas/rivers.txt:12",
                     "Every river ends in a sea, but for those that end in sand."},
                    {"where does the river end?", 0.44, 1, "atlas/sand.txt:80", "No river here."}};
    run_.latencies = {{"tensor allocated", 400, 5200, {{300, 20}, {420, 60}, {800, 9}, {5200, 2}}},
                      {"experience found", 90'000, 400'000, {{80'000, 30}, {400'000, 3}}},
                      {"experience stored", 21'000, 90'000, {{20'000, 44}, {90'000, 2}}}};
  }

  void fill(std::int64_t number, bool experienced) {
    experienced_ = experienced;
    run_.run = number;
    run_.started_wall_ns = 1'763'800'000'000'000'000;
    run_.folder = "/home/someone/project";
    run_.embedder = "frys-hashing-1/256";
    run_.simd = "avx2";
    run_.cores = 2;
    run_.files = 214;
    run_.skipped = 1;
    run_.skipped_files = {{"logo.png", "not text"}};
    run_.text_bytes = 1'300'000;
    run_.passages = 2048;
    run_.rounds = experienced ? 1 : 4;
    run_.warm_start = experienced;
    run_.verdict = "accepted: another round made it no better";
    run_.agreement = 0.66;
    run_.experiences_before = experienced ? 64 : 0;
    run_.experiences_after = experienced ? 122 : 64;
    run_.hand_offs = 512;
    run_.same_memory = 512;
    run_.shared_bytes = 76'000'000;
    run_.host_copies = 1;
    run_.host_copied_bytes = 24'576;
    fill_steps(experienced ? 1 : 4);
    fill_graph();
    fill_memory();
    fill_findings();
    run_.plans = {{6'000'000,
                   38,
                   150'000'000,
                   170'000'000,
                   1'200'000,
                   {"read-1", "embed-1", "centre", "cluster", "critique"}}};
  }

  RunSummary run_;
  std::string last_type_;
  bool experienced_ = false;
};

}  // namespace crew::testing
