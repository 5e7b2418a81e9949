// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>

#include "experience/record_codec.hpp"
#include "experience/store_impl.hpp"

namespace frys {
namespace {

using namespace detail;  // NOLINT: as in experience_store.cpp.

constexpr std::size_t removed_at_once = 256;

Status check_amendment(const Amendment& amendment) {
  if (amendment.reward && !std::isfinite(*amendment.reward)) {
    return Status(ErrorCode::invalid_argument, "amend: reward is not a finite number");
  }
  if (amendment.outcome && *amendment.outcome > Outcome::partial) {
    return Status(ErrorCode::invalid_argument,
                  "amend: outcome is none of success, failure, partial");
  }
  return {};
}

}  // namespace

Result<std::vector<float>> ExperienceStore::Impl::embed(std::string_view text) const {
  if (embedder == nullptr && dimension >= HashingEmbedder::min_dimension) {
    return Status(ErrorCode::failed_precondition,
                  "experience store " + options.path + ": its vectors are made by embedder \"" +
                      lake->description().embedder + "\"; open it with that, or give vectors");
  }
  if (embedder == nullptr) {
    return Status(ErrorCode::failed_precondition,
                  "experience store " + options.path + ": vectors of " + std::to_string(dimension) +
                      " floats are too short to make of texts (" +
                      std::to_string(HashingEmbedder::min_dimension) +
                      " at least); give vectors, or open it with an embedder");
  }
  std::vector<float> vector(dimension);
  Status status = embedder->embed(text, vector);
  if (!status.ok()) return status;
  for (const float value : vector) {
    if (std::isfinite(value)) continue;
    return Status(ErrorCode::invalid_argument, "embedder " + std::string(embedder->name()) +
                                                   " made a number that is not finite");
  }
  return vector;
}

Result<std::vector<float>> ExperienceStore::Impl::vector_of(const Experience& experience) const {
  const std::vector<float>& own = experience.embedding;
  if (own.empty()) {
    const std::string_view text = embedded_text(experience);
    if (text.empty()) return std::vector<float>(dimension);
    return embed(text);
  }
  if (own.size() != dimension) {
    return Status(ErrorCode::invalid_argument,
                  "experience: embedding has " + std::to_string(own.size()) +
                      " floats, the store's have " + std::to_string(dimension));
  }
  if (std::all_of(own.begin(), own.end(), [](float value) { return value == 0; })) {
    return Status(ErrorCode::invalid_argument,
                  "experience: embedding is all zeros: it resembles nothing; give one with a "
                  "direction, or none");
  }
  return own;
}

Status ExperienceStore::Impl::prepare(const Experience& experience, bool sync,
                                      PreparedWrite& prepared, PendingWrite& write) const {
  Result<EncodedRecord> record = encode_record(experience);
  if (!record) return record.error();
  Result<std::vector<float>> vector = vector_of(experience);
  if (!vector) return vector.error();
  prepared.record = std::move(*record);
  prepared.unit = std::move(*vector);
  prepared.vector = encode_vector(prepared.unit);
  normalise(prepared.unit, prepared.unit);
  write.addition.record = prepared.record.bytes;
  write.addition.vector = prepared.vector;
  write.addition.unit = prepared.unit;
  write.addition.entry = {
      prepared.record.id,  experience.outcome, experience.reward,   experience.started_at_ns, 0,
      experience.workflow, experience.agent,   experience.step_type};
  write.sync = sync;
  return experience.embeddings.empty() ? Status()
                                       : prepare_spaces(experience, prepared, write.addition);
}

Result<std::vector<ExperienceId>> ExperienceStore::Impl::store(
    std::span<const Experience> experiences, const StoreOptions& how) {
  Span span(environment.tracer, "store", "experience");
  const bool sync = wants_sync(how);
  std::vector<PreparedWrite> prepared(experiences.size());
  std::vector<PendingWrite> writes(experiences.size());
  for (std::size_t i = 0; i < experiences.size(); ++i) {
    Status status = prepare(experiences[i], sync, prepared[i], writes[i]);
    if (status.ok()) continue;
    return experiences.size() == 1 ? status
                                   : status.with_context("experience " + std::to_string(i));
  }
  commits->commit(writes);
  std::vector<ExperienceId> ids;
  ids.reserve(writes.size());
  for (const PendingWrite& write : writes) {
    if (!write.status.ok()) return write.status;
    ids.push_back(write.addition.entry.id);
  }
  if (stored != nullptr) stored->add(ids.size());
  return ids;
}

Result<ExperienceId> ExperienceStore::Impl::store_one(const Experience& experience,
                                                      const StoreOptions& how) {
  Result<std::vector<ExperienceId>> ids = store({&experience, 1}, how);
  if (!ids) return ids.error();
  return ids->front();
}

Status ExperienceStore::Impl::change(PendingWrite& write, const StoreOptions& how) {
  write.sync = wants_sync(how);
  commits->commit({&write, 1});
  return write.status.ok() ? Status()
                           : write.status.with_context("experience store " + options.path);
}

Status ExperienceStore::Impl::amend(const ExperienceId& id, const Amendment& amendment,
                                    const StoreOptions& how) {
  Status status = check_amendment(amendment);
  if (!status.ok()) return status;
  PendingWrite write;
  write.kind = PendingWrite::Kind::amend;
  write.id = id;
  write.amendment = amendment;
  return change(write, how);
}

Result<std::uint64_t> ExperienceStore::Impl::remove_matching(const ScanQuery& which,
                                                             const StoreOptions& how) {
  ScanQuery some = which;
  some.after_sequence = 0;
  some.limit = removed_at_once;
  some.with_experience = false;
  std::uint64_t removed = 0;
  do {
    const Result<ScanPage> page = scan(some);
    if (!page) return page.error();
    std::vector<PendingWrite> writes(page->rows.size());
    for (std::size_t i = 0; i < writes.size(); ++i) {
      writes[i].kind = PendingWrite::Kind::remove;
      writes[i].id = page->rows[i].id;
      writes[i].sync = wants_sync(how);
    }
    commits->commit(writes);
    for (const PendingWrite& write : writes) {
      if (write.status.ok()) ++removed;
      // Another call may have removed it in between.
      if (!write.status.ok() && write.status != ErrorCode::not_found) return write.status;
    }
    some.after_sequence = page->next;
  } while (some.after_sequence != 0);
  return removed;
}

}  // namespace frys
