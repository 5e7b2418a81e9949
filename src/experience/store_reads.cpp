// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>

#include "experience/ranking.hpp"
#include "experience/record_codec.hpp"
#include "experience/store_impl.hpp"

namespace frys {
namespace {

using namespace detail;  // NOLINT: as in experience_store.cpp.

// Among so few candidates a filter is scanned, exactly, rather than searched through.
constexpr std::size_t narrow_limit = 4096;
// Of these, so many are fetched ahead: a vector takes longer to come than to be compared.
constexpr std::size_t fetched_ahead = 8;

ScanRow describe(const Attributes& row) {
  return {row.sequence, row.id,         row.outcome,       row.reward,
          row.uses,     row.used_at_ns, row.started_at_ns, {}};
}

/// All that a filter lets through: which of them rank highest is not for likeness to say.
std::vector<Neighbour> score_all(const ResidentRows& rows, const AttributeFilter& filter,
                                 const float* unit) {
  const std::size_t published = rows.core.size();
  std::vector<Neighbour> found;
  std::array<std::uint32_t, 1024> some;
  std::size_t count = 0;
  for (std::uint32_t from = 0; (count = rows.attributes.carriers(filter, from, some)) > 0;
       from = some[count - 1] + 1) {
    for (std::size_t i = 0; i < count; ++i) {
      if (i + fetched_ahead < count) rows.prefetch(some[i + fetched_ahead]);
      const std::uint32_t ordinal = some[i];
      if (ordinal >= published || rows.core.hidden(ordinal) ||
          !filter.accepts(rows.attributes.row(ordinal))) {
        continue;
      }
      found.push_back({rows.similarity(unit, ordinal), ordinal});
    }
  }
  return found;
}

}  // namespace

Result<SimilarMatches> ExperienceStore::Impl::find(const SimilarityQuery& query) const {
  Span span(environment.tracer, "find_similar", "experience");
  const Result<std::uint8_t> space = space_of(query);
  if (!space) return space.error();
  const std::size_t floats = *space == 0 ? dimension : spaces[*space - 1U].dimension;
  Status status = check_query(query, floats);
  if (!status.ok()) return status;
  std::vector<float> unit(floats);
  if (query.text.empty()) {
    normalise(query.vector, unit);
  } else {
    Result<std::vector<float>> embedded = embed(query.text);
    if (!embedded) return embedded.error();
    if (!normalise(*embedded, unit)) {
      return Status(ErrorCode::invalid_argument,
                    "find_similar: the embedder finds nothing in the text; give one with words");
    }
  }
  if (queried != nullptr) queried->add();
  Result<SimilarMatches> matches = search(query, unit.data(), indexes.at(*space));
  if (!matches || !query.with_experience) return matches;
  status = fill(matches->matches);
  if (!status.ok()) return status;
  return matches;
}

/// Reads the experience of each; one that was removed meanwhile is left out, though it may have
/// been added again; and so is one that a failed write has removed from the lake, as its next
/// reading will find.
template <typename T>
Status ExperienceStore::Impl::fill(std::vector<T>& rows) const {
  for (T& row : rows) {
    Result<Experience> experience = get(row.id);
    if (experience) {
      row.experience = *std::move(experience);
      continue;
    }
    if (experience.error() != ErrorCode::not_found || commits->must_be_at(row.id, row.sequence)) {
      return experience.error();
    }
  }
  std::erase_if(rows, [](const T& row) { return !row.experience; });
  return {};
}

Result<SimilarMatches> ExperienceStore::Impl::search(const SimilarityQuery& query,
                                                     const float* unit,
                                                     const PatternIndex& in) const {
  SimilarMatches found;
  // Before the tables are looked at: what was shown by then is in them.
  found.sees_through = commits->shown_through();
  found.estimated_recall = 1;
  const std::shared_ptr<const ResidentRows> rows = in.view();
  const AttributeTable& attributes = rows->attributes;
  const int outcome = query.outcome ? static_cast<int>(*query.outcome) : -1;
  const AttributeFilter filter =
      attributes.filter(query.workflow, query.agent, query.step_type, outcome);
  if (filter.impossible) return found;
  const std::int64_t now_ns = environment.clock->wall_ns();
  if (!filter.empty() && filter.carriers <= narrow_limit) {
    found.matches = rank_matches(query, score_all(*rows, filter, unit), *rows, now_ns);
    return found;
  }
  const auto accepts = [&](std::uint32_t ordinal) {
    return filter.accepts(attributes.row(ordinal));
  };
  std::uint32_t next = 0;
  const auto list = [&](std::size_t from, std::span<std::uint32_t> out) {
    if (from == 0) next = 0;
    const std::size_t count = attributes.carriers(filter, next, out);
    if (count > 0) next = out[count - 1] + 1;
    return count;
  };
  index::NodeFilter let_through{accepts, list, filter.carriers};
  if (filter.marks != nullptr) let_through.marks = {filter.marks->words};
  index::SearchRequest wanted{
      {unit, rows->core.dimension()}, candidates_wanted(query), query.effort};
  if (query.effort == 0) wanted.effort = std::max(std::size_t{64}, 2 * query.k);
  if (!filter.empty()) wanted.filter = &let_through;
  found.matches = rank_matches(query, rows->search(wanted), *rows, now_ns);
  const std::size_t effort = std::max(wanted.effort, wanted.count);
  found.estimated_recall = rows->expected_recall(query.k, effort);
  return found;
}

Result<ScanPage> ExperienceStore::Impl::scan(const ScanQuery& query) const {
  Status status = check_range("scan: limit", query.limit, 1, 65536);
  if (!status.ok()) return status;
  const std::shared_ptr<const ResidentRows> rows = index->view();
  const AttributeTable& attributes = rows->attributes;
  const std::size_t published = rows->core.size();
  const int outcome = query.outcome ? static_cast<int>(*query.outcome) : -1;
  const AttributeFilter filter =
      attributes.filter(query.workflow, query.agent, query.step_type, outcome);
  ScanPage page;
  if (filter.impossible || query.after_sequence > commits->last_sequence()) return page;
  std::uint32_t ordinal = attributes.find(query.after_sequence + 1, published);
  for (; ordinal < published; ++ordinal) {
    const Attributes& row = attributes.row(ordinal);
    if (rows->core.hidden(ordinal) || !filter.accepts(row) ||
        row.started_at_ns < query.started_from_ns || row.started_at_ns >= query.started_before_ns) {
      continue;
    }
    if (page.rows.size() == query.limit) {
      page.next = page.rows.back().sequence;
      break;
    }
    page.rows.push_back(describe(row));
  }
  if (query.with_experience) status = fill(page.rows);
  if (!status.ok()) return status;
  return page;
}

Result<ScanRow> ExperienceStore::Impl::look_up(const ExperienceId& id) const {
  const std::optional<std::uint64_t> sequence = commits->sequence_of(id);
  const std::shared_ptr<const ResidentRows> rows = index->view();
  std::uint32_t ordinal = 0;
  if (sequence && rows->find(*sequence, ordinal)) return describe(rows->attributes.row(ordinal));
  return Status(ErrorCode::not_found,
                "experience store " + options.path + ": there is no experience " + id.to_string());
}

Result<Experience> ExperienceStore::Impl::get(const ExperienceId& id) const {
  const Result<PinnedRecord> record = lake->read(id);
  if (!record) return record.error();
  const std::string where = "experience store " + options.path + ": " + id.to_string();
  Result<Experience> experience = decode_record(record->bytes);
  if (!experience) return experience.error().with_context(where);
  if (record_id(record->bytes) != id) {
    return Status(ErrorCode::corruption, where + ": the row is another experience's");
  }
  return experience;
}

}  // namespace frys
