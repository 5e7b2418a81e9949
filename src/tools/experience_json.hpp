// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One experience as one line of JSON, and back. Nothing is lost on the way: what is read from a
// line has the identity of what was written to it.
//
//   {"workflow":"…","agent":"…","step_type":"…","situation":"…","action":"…","outcome_text":"…",
//    "outcome":"success|failure|partial","reward":0.5,"started_at_ns":0,"duration_ns":0,
//    "input_size":0,"resources":{"predicted_bytes":0,…},"tags":["…"],"embedding":[0.1,…],
//    "payload":"base64","unknown_fields":"base64"}
//
// What is empty or zero is left out, and may be. A text that is not UTF-8 is {"base64":"…"}.

#pragma once

#include <string>
#include <string_view>

#include "frys/core/result.hpp"
#include "frys/experience/experience.hpp"

namespace frys::tools {

/// Without a line end.
std::string to_json_line(const Experience& experience);

/// Errors: invalid_argument (where in the line, or which field, and what is wrong with it). A field
/// that it does not know is an error too: it is most likely misspelt.
Result<Experience> from_json_line(std::string_view line);

}  // namespace frys::tools
