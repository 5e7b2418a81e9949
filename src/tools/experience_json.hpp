// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One experience as one line of JSON, and back. Nothing is lost on the way: what is read from a
// line has the identity of what was written to it.
//
//   {"workflow":"…","agent":"…","step_type":"…","situation":"…","action":"…","outcome_text":"…",
//    "outcome":"success|failure|partial","reward":0.5,"started_at_ns":0,"duration_ns":0,
//    "input_size":0,"resources":{"predicted_bytes":0,…},"tags":["…"],"embedding":[0.1,…],
//    "embeddings":{"name of a space":[0.1,…],…},"payload":"base64",
//    "payload_tensor":{"dtype":"f32","shape":[2,3]},"unknown_fields":"base64",
//    "standing":{"outcome":"…","reward":0.7,"uses":3,"used_at_ns":0}}
//
// What is empty or zero is left out, and may be. A text that is not UTF-8 is {"base64":"…"}.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "frys/core/result.hpp"
#include "frys/experience/experience.hpp"

namespace frys::tools {

/// Without a line end. The standing is written where it is given and another than the record's.
std::string to_json_line(const Experience& experience,
                         const std::optional<Standing>& standing = std::nullopt);

struct ExperienceLine {
  Experience experience;
  std::optional<Standing> standing;  ///< Where the line has one.
};

/// Errors: invalid_argument (where in the line, or which field, and what is wrong with it). A field
/// that it does not know is an error too: it is most likely misspelt.
Result<ExperienceLine> from_json_line(std::string_view line);

}  // namespace frys::tools
