// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/recall_estimate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "experience/pattern_index.hpp"

namespace frys::detail {
namespace {

// A search costs as much in a small graph, which was linked soon: less is spent there.
constexpr std::size_t fewest_queries = 24;
constexpr std::size_t most_queries = 48;
constexpr std::size_t linked_per_query = 512;
// Numbers multiplied in one step: some two milliseconds.
constexpr std::size_t products_at_once = std::size_t{1} << 25;

}  // namespace

// ---- what was measured -----------------------------------------------------------------------

double RecallTable::at(std::size_t count, std::size_t effort) const noexcept {
  if (count == 0) return 1;
  double scaled = static_cast<double>(effort);
  if (count > most_counted)
    scaled *= static_cast<double>(most_counted) / static_cast<double>(count);
  const std::size_t column = std::min(count, most_counted) - 1;
  const double least = static_cast<double>(efforts.front());
  if (scaled <= least) return shares.front()[column] * scaled / least;
  const double place = std::log2(scaled / least);
  const auto row = static_cast<std::size_t>(place);
  if (row + 1 >= efforts.size()) return shares.back()[column];
  const double part = place - static_cast<double>(row);
  return shares[row][column] * (1 - part) + shares[row + 1][column] * part;
}

void RecallRecord::publish(const RecallTable& table) {
  tables_.push_back(std::make_unique<const RecallTable>(table));
  latest_.store(tables_.back().get(), std::memory_order_release);
}

// ---- measuring -------------------------------------------------------------------------------

bool RecallMeter::is_due(std::size_t linked) const noexcept {
  return linked >= index::IndexCore::graph_begins &&
         linked >= 2 * measured_.load(std::memory_order_relaxed);
}

void RecallMeter::restart() noexcept {
  queries_.clear();
  measured_.store(0, std::memory_order_relaxed);
}

bool RecallMeter::step(ResidentRows& rows) {
  if (queries_.empty() && !is_due(rows.core.linked())) return false;
  try {
    if (queries_.empty()) {
      begin(rows);
    } else if (compared_ < table_.linked) {
      compare_some(rows);
    } else if (searched_ < queries_.size()) {
      search_for(rows, queries_[searched_++]);
    } else {
      publish(rows);
    }
  } catch (const std::bad_alloc&) {
    restart();
    measured_.store(rows.core.linked(), std::memory_order_relaxed);
    throw;
  }
  return !queries_.empty();
}

/// Vectors that are about as far from one another in the order of their storing.
void RecallMeter::begin(const ResidentRows& rows) {
  table_ = RecallTable();
  table_.linked = rows.core.linked();
  compared_ = 0;
  searched_ = 0;
  const std::size_t queries =
      std::clamp(table_.linked / linked_per_query, fewest_queries, most_queries);
  // One of zeros resembles nothing.
  const auto serves = [&rows](std::size_t node) {
    const auto number = static_cast<std::uint32_t>(node);
    return !rows.core.hidden(number) && rows.similarity(rows.core.vector(number), number) > 0;
  };
  for (std::size_t i = 0; i < queries; ++i) {
    const std::size_t end = (i + 1) * table_.linked / queries;
    std::size_t node = i * table_.linked / queries;
    while (node < end && !serves(node)) ++node;
    if (node == end) continue;
    Query query;
    query.node = static_cast<std::uint32_t>(node);
    query.avoided = i % 2 == 1;
    queries_.push_back(std::move(query));
  }
  if (queries_.empty()) measured_.store(table_.linked, std::memory_order_relaxed);
}

void RecallMeter::Query::offer(float similarity) {
  if (similarity <= bound) return;
  nearest.push_back(similarity);
  if (nearest.size() == 2 * RecallTable::most_counted) shrink();
}

void RecallMeter::Query::shrink() {
  if (nearest.size() <= RecallTable::most_counted) return;
  const auto last = nearest.begin() + (RecallTable::most_counted - 1);
  std::ranges::nth_element(nearest, last, std::greater());
  bound = *last;
  nearest.resize(RecallTable::most_counted);
}

void RecallMeter::compare_some(const ResidentRows& rows) {
  const std::size_t products = queries_.size() * rows.core.dimension();
  const std::size_t end =
      std::min(table_.linked, compared_ + std::max<std::size_t>(products_at_once / products, 1));
  for (; compared_ < end; ++compared_) {
    const auto node = static_cast<std::uint32_t>(compared_);
    if (rows.core.hidden(node)) continue;
    const float* vector = rows.core.vector(node);
    for (Query& query : queries_) {
      if (query.node != node) query.offer(rows.similarity(vector, query.node));
    }
  }
}

void RecallMeter::search_for(const ResidentRows& rows, Query& query) {
  query.shrink();
  std::ranges::sort(query.nearest, std::greater());
  for (std::size_t i = 0; i < RecallTable::efforts.size(); ++i) count_found(rows, query, i);
}

/// Adds what a search finds, of which the query itself takes a place. Of equally near ones any is
/// as good.
void RecallMeter::count_found(const ResidentRows& rows, const Query& query, std::size_t place) {
  const std::size_t effort = RecallTable::efforts[place] + 1;
  const float* vector = rows.core.vector(query.node);
  const std::size_t count = std::min(effort, RecallTable::most_counted + 1);
  std::vector<float> found;
  index::SearchRequest request{{vector, rows.core.dimension()}, count, effort};
  if (query.avoided) request.avoided = query.node;
  for (const Neighbour& one : rows.search(request)) {
    // What was linked or added since is not among those compared.
    if (one.ordinal == query.node || one.ordinal >= table_.linked) continue;
    found.push_back(rows.similarity(rows.core.vector(one.ordinal), query.node));
  }
  std::ranges::sort(found, std::greater());
  std::size_t hits = 0;
  for (std::size_t k = 1; k <= RecallTable::most_counted; ++k) {
    const std::size_t there = std::min(k, query.nearest.size());
    while (hits < found.size() && there > 0 && found[hits] >= query.nearest[there - 1]) ++hits;
    const std::size_t counted = std::min(hits, there);
    table_.shares[place][k - 1] +=
        there == 0 ? 1 : static_cast<float>(counted) / static_cast<float>(there);
  }
}

void RecallMeter::publish(ResidentRows& rows) {
  const auto queries = static_cast<float>(queries_.size());
  for (std::size_t i = 0; i < table_.shares.size(); ++i) {
    for (std::size_t k = 0; k < RecallTable::most_counted; ++k) {
      float& share = table_.shares[i][k];
      share /= queries;
      // More effort finds no less, but for chance.
      if (i > 0) share = std::max(share, table_.shares[i - 1][k]);
    }
  }
  rows.recall.publish(table_);
  queries_.clear();
  measured_.store(table_.linked, std::memory_order_relaxed);
}

}  // namespace frys::detail
