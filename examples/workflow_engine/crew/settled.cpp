// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "crew/settled.hpp"

#include <cstring>
#include <memory>

#include "crew/take.hpp"

namespace crew {
namespace {

constexpr const char* settled_type = "settled clustering";

/// The payload as a tensor in place: the view keeps the experience's bytes alive.
std::optional<frys::TensorView> centres_in(std::vector<std::byte> payload, std::size_t dimension) {
  const std::size_t row_bytes = dimension * sizeof(float);
  if (payload.empty() || payload.size() % row_bytes != 0) return std::nullopt;
  const auto rows = static_cast<std::int64_t>(payload.size() / row_bytes);
  const auto bytes = std::make_shared<std::vector<std::byte>>(std::move(payload));
  frys::Result<frys::Storage> storage =
      frys::Storage::wrap(bytes->data(), bytes->size(), frys::Device{}, [bytes] {});
  if (!storage) return std::nullopt;
  frys::Result<frys::TensorView> view = frys::TensorView::from_storage(
      *std::move(storage), frys::DType::f32, {rows, static_cast<std::int64_t>(dimension)});
  if (!view) return std::nullopt;
  return *std::move(view);
}

}  // namespace

std::string clustering_situation(const CrewState& state) {
  return "divide the passages of " + state.options.folder + " into clusters, vectors by " +
         std::string(state.options.embedder->name());
}

std::optional<Settled> recall_settled(CrewState& state) {
  frys::SimilarityQuery query;
  query.text = clustering_situation(state);
  query.k = 1;
  query.workflow = workflow_name;
  query.step_type = settled_type;
  query.outcome = frys::Outcome::success;
  query.recency_weight = 0.5;  // Of runs over the same folder the latest knows best.
  query.recency_half_life_ns = std::int64_t{3600} * 1'000'000'000;
  query.with_experience = true;
  const std::int64_t start_ns = frys::system_clock().now_ns();
  const frys::Result<frys::SimilarMatches> found = state.kernel.experience().find_similar(query);
  state.measures.retrieval.record(frys::system_clock().now_ns() - start_ns);
  if (!found || found->empty() || found->front().similarity < 0.9) return std::nullopt;
  const std::optional<frys::TensorView> centres =
      centres_in(found->front().experience->payload, state.options.embedder->dimension());
  if (!centres) return std::nullopt;
  return Settled{*centres, found->front().reward};
}

void remember_settled(CrewState& state) {
  const frys::TensorView& centres = state.review.best.centres;
  frys::Experience experience;
  experience.workflow = workflow_name;
  experience.agent = "critic";
  experience.step_type = settled_type;
  experience.situation = clustering_situation(state);
  experience.action = std::to_string(centres.extent(0)) + " clusters after " +
                      std::to_string(state.review.rounds) + " rounds";
  experience.outcome_text = state.review.verdict;
  experience.reward = state.review.best.agreement;
  experience.started_at_ns = frys::system_clock().wall_ns();
  experience.input_size = static_cast<double>(state.passages);
  experience.payload.resize(centres.size_bytes());
  std::memcpy(experience.payload.data(), centres.data(), centres.size_bytes());
  state.review.host_copies.note(centres.size_bytes());
  take(state.kernel.experience().store(std::move(experience)));
}

}  // namespace crew
