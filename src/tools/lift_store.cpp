// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_store.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace frys::tools {
namespace {

constexpr std::size_t batch_rows = 256;  // Stored at one go.
constexpr std::size_t most_action_bytes = 512;

Outcome outcome_of(double reward, double success) {
  if (reward >= success) return Outcome::success;
  return reward > 0 ? Outcome::partial : Outcome::failure;
}

}  // namespace

Result<ScratchFolder> ScratchFolder::make() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  std::string path = (parent / "frys-lift-XXXXXX").string();
  if (error || ::mkdtemp(path.data()) == nullptr) {
    const std::string why = error ? error.message() : std::strerror(errno);
    return Status(ErrorCode::io_error, "a temporary folder can't be made: " + why);
  }
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string text_of(const RecordedStep& step, LiftQuestion question) {
  if (question == LiftQuestion::next) return step.situation;
  return step.situation + "\n" + step.action.substr(0, most_action_bytes);
}

Result<TrainingStore> TrainingStore::make(const std::string& folder, std::size_t dimension,
                                          LiftQuestion question, double success) {
  auto embedder = std::make_shared<const HashingEmbedder>(dimension);
  Result<ExperienceStore> store =
      ExperienceStore::open({.path = folder, .embedder = embedder}, Environment());
  if (!store) return store.error();
  return TrainingStore(*std::move(store), std::move(embedder), question, success);
}

Experience TrainingStore::experience_of(const RecordedStep& step, std::size_t number) const {
  const bool judged_alone = question_ == LiftQuestion::reward;
  Experience experience;
  experience.workflow = step.workflow;
  experience.step_type = step.action_type;
  experience.situation = text_of(step, question_);
  experience.reward = judged_alone ? step.reward : step.final_reward;
  experience.outcome = outcome_of(experience.reward, success_);
  // Tells steps apart that are alike in everything, and a match which step it is.
  experience.started_at_ns = static_cast<std::int64_t>(number) + 1;
  return experience;
}

Status TrainingStore::learn(const std::vector<RecordedStep>& steps,
                            const std::vector<std::size_t>& chosen) {
  std::vector<Experience> batch;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    batch.push_back(experience_of(steps[chosen[i]], chosen[i]));
    if (batch.size() < batch_rows && i + 1 < chosen.size()) continue;
    if (const auto stored = store_.store_many(batch); !stored) return stored.error();
    batch.clear();
  }
  return {};
}

Result<std::vector<float>> TrainingStore::vector_of(const RecordedStep& step) const {
  std::vector<float> vector(embedder_->dimension());
  Status status = embedder_->embed(text_of(step, question_), vector);
  if (!status.ok()) return status;
  return vector;
}

Result<std::vector<Neighbour>> TrainingStore::ask(const RecordedStep& step,
                                                  const std::vector<float>& vector, std::size_t k,
                                                  double outcome_weight) const {
  const bool no_words =
      std::all_of(vector.begin(), vector.end(), [](float value) { return value == 0; });
  if (no_words) return std::vector<Neighbour>();
  SimilarityQuery query;
  query.vector = vector;
  query.k = k;
  query.workflow = step.workflow;
  if (question_ == LiftQuestion::reward) query.step_type = step.action_type;
  query.outcome_weight = outcome_weight;
  query.recency_weight = 0;
  const Result<SimilarMatches> matches = store_.find_similar(query);
  if (!matches) return matches.error();
  std::vector<Neighbour> found;
  for (const Match& match : *matches) {
    if (match.score <= 0) continue;
    found.push_back({static_cast<std::size_t>(match.started_at_ns) - 1, match.score});
  }
  return found;
}

}  // namespace frys::tools
