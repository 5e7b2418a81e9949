// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A memory of what was tried and how it ended, found again by likeness, also by a later process.

#include <cstdio>
#include <filesystem>

#include "frys/frys.hpp"

namespace {

frys::Status remember(frys::ExperienceStore& store) {
  const struct {
    const char* situation;
    const char* action;
    frys::Outcome outcome;
  } past[] = {
      {"login page answers 500 after the deploy", "restart the cache", frys::Outcome::success},
      {"login page answers 500, database is slow", "restart the cache", frys::Outcome::failure},
      {"nightly backup ran out of disk", "delete old archives", frys::Outcome::success},
  };
  for (const auto& one : past) {
    frys::Experience experience;
    experience.step_type = "repair";
    experience.situation = one.situation;
    experience.action = one.action;
    experience.outcome = one.outcome;
    // Synced: when this returns, the record survives the machine going down.
    auto id = store.store(std::move(experience), {.durability = frys::Durability::synced});
    if (!id) return id.error();
  }
  return {};
}

frys::Status ask(const frys::ExperienceStore& store) {
  auto matches = store.find_similar({.text = "500 on the login page", .with_experience = true});
  if (!matches) return matches.error();
  for (const frys::Match& match : *matches) {
    const std::string outcome(frys::to_string(match.outcome));
    std::printf("%.2f  %s -> %s: %s\n", match.score, match.experience->situation.c_str(),
                match.experience->action.c_str(), outcome.c_str());
  }
  return {};
}

frys::Status run(const std::string& folder) {
  {
    auto kernel = frys::Kernel::open({.data_dir = folder});
    if (!kernel) return kernel.error();
    if (frys::Status status = remember(kernel->experience()); !status.ok()) return status;
    if (frys::Status status = kernel->close(); !status.ok()) return status;
  }
  auto again = frys::Kernel::open({.data_dir = folder});
  if (!again) return again.error();
  return ask(again->experience());
}

}  // namespace

int main() {
  const auto folder = std::filesystem::temp_directory_path() / "frys-example-03";
  std::filesystem::remove_all(folder);
  const frys::Status status = run(folder.string());
  std::filesystem::remove_all(folder);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.to_string().c_str());
  return status.ok() ? 0 : 1;
}
