// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// An experience store of training steps, which lasts as long as a fold of `frys store lift`.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "frys/core/result.hpp"
#include "frys/experience/experience_store.hpp"
#include "tools/lift_step.hpp"

namespace frys::tools {

/// A folder under the system's temporary one, removed with all that is in it.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  explicit ScratchFolder(std::string path) noexcept : path_(std::move(path)) {}
  std::string path_;
};

/// What a store is asked. It decides what makes an experience's situation and its outcome.
enum class LiftQuestion : bool {
  reward,  ///< Situation and action; the outcome is the step's.
  next,    ///< The situation alone; the outcome is the run's.
};

/// What the store compares.
std::string text_of(const RecordedStep& step, LiftQuestion question);

/// A training step that was chosen.
struct Neighbour {
  std::size_t step = 0;
  double weight = 1;
};

/// Everything runs in the calling thread, so that the same steps give the same answers.
class TrainingStore {
 public:
  /// `success`: the reward from which an outcome is one; above 0 it is partial.
  static Result<TrainingStore> make(const std::string& folder, std::size_t dimension,
                                    LiftQuestion question, double success);

  /// Adds `steps[i]` for each of `chosen`.
  Status learn(const std::vector<RecordedStep>& steps, const std::vector<std::size_t>& chosen);
  /// The k best of the step's workflow, and for the reward of its type, with their scores.
  /// None when the step's text has no words. `vector` is `vector_of(step)`.
  Result<std::vector<Neighbour>> ask(const RecordedStep& step, const std::vector<float>& vector,
                                     std::size_t k, double outcome_weight) const;
  /// By the store's embedder. Errors: out_of_memory.
  [[nodiscard]] Result<std::vector<float>> vector_of(const RecordedStep& step) const;

 private:
  TrainingStore(ExperienceStore store, std::shared_ptr<const Embedder> embedder,
                LiftQuestion question, double success) noexcept
      : store_(std::move(store)),
        embedder_(std::move(embedder)),
        question_(question),
        success_(success) {}
  [[nodiscard]] Experience experience_of(const RecordedStep& step, std::size_t number) const;

  ExperienceStore store_;
  std::shared_ptr<const Embedder> embedder_;
  LiftQuestion question_;
  double success_;
};

}  // namespace frys::tools
