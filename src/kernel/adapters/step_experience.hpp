// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A step and an experience are two views of the same event. This is the one place that knows both:
// how a `StepRecord` becomes an `Experience`, and how a found `Experience` becomes a `PastStep`.

#pragma once

#include <string>
#include <string_view>

#include "frys/experience/experience.hpp"
#include "frys/experience/experience_store.hpp"
#include "frys/scheduler/advisor.hpp"
#include "frys/scheduler/step_record.hpp"

namespace frys::detail {

/// The text a step is remembered and looked for by: its situation, or, where the host gave none,
/// its type and agent.
std::string situation_text(std::string_view type, std::string_view agent,
                           std::string_view situation);

/// What a finished attempt is remembered as. Failures are remembered too; a cancelled attempt is
/// `partial`, for it says nothing about the work.
Experience to_experience(const StepRecord& record);

/// What the predictor learns from a match that carries its experience.
PastStep to_past_step(const Match& match);

}  // namespace frys::detail
