// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Watches who hands work to whom, and says how the agents of a workflow collaborate: which belong
// together, in what pattern, and who is likely to be next. It needs no names, roles or training.
// Not for judging what agents say to each other.
//
//   frys::CollaborationDetector detector;
//   detector.observe(workflow, {.from = "writer", .to = "critic", .bytes = 4096});
//   detector.observe(workflow, {.from = "critic", .to = "writer", .bytes = 256});
//   detector.observe(workflow, {.from = "writer", .to = "critic", .bytes = 4200});
//   auto seen = *detector.detect(workflow);         // seen.pattern: review_loop

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "frys/core/export.hpp"
#include "frys/core/result.hpp"

namespace frys {

/// How agents work together. Values are stable.
enum class CollaborationPattern : std::uint8_t {
  solo = 0,            ///< One agent, or agents that never hand anything on.
  pipeline = 1,        ///< One after the other; stages may be loops of their own.
  scatter_gather = 2,  ///< One hands out to several, who do not talk, and one collects.
  hub = 3,             ///< Several partners who only talk through one in the middle.
  review_loop = 4,     ///< Two that alternate: one makes, the other sends back. Also reflection.
  debate = 5,          ///< Everybody hears everybody, in rounds.
  group_chat = 6,      ///< A shared floor where turns follow no fixed order.
};

/// "solo", "pipeline", … as spelled in the enumeration; "unknown" for a foreign value.
FRYS_API std::string_view to_string(CollaborationPattern pattern) noexcept;

struct CollaborationDetectorOptions {
  /// Workflows remembered; beyond it the one observed longest ago is forgotten. ≥ 1.
  std::size_t max_workflows = 1024;
  /// Agents told apart in a workflow; later ones share the name "(others)". 2 … 4096.
  std::size_t max_agents = 256;
  /// Latest turns kept for patterns in time; edges count everything. ≥ 16.
  std::size_t max_turns = 1024;
};

/// One agent gave something to another. Views need to live only during the call.
struct HandOff {
  std::string_view from;  ///< Not empty.
  std::string_view to;    ///< Empty: to everyone, as on a shared floor.
  std::uint64_t bytes = 0;
  std::uint64_t messages = 1;
  std::int64_t time_ns = 0;  ///< When, on the caller's clock; 0: not known.
};

/// Everything that went one way between two agents.
struct CollaborationEdge {
  std::string from;
  std::string to;  ///< Empty: the shared floor.
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
};

/// Agents that belong together: they reach each other, or stand side by side in one stage.
struct CollaborationGroup {
  std::vector<std::string> agents;  ///< In order of first appearance.
  CollaborationPattern pattern = CollaborationPattern::solo;
  std::string center;     ///< The hub's or scatterer's name; empty for other patterns.
  double confidence = 0;  ///< 0 … 1.
};

struct CollaborationGraph {
  std::vector<std::string> agents;         ///< In order of first appearance.
  std::vector<CollaborationEdge> edges;    ///< In order of first appearance.
  std::vector<CollaborationGroup> groups;  ///< In order of work; every agent is in exactly one.
  CollaborationPattern pattern = CollaborationPattern::solo;  ///< Of the whole workflow.
  double confidence = 0;  ///< 0 … 1; low while there is little to go by.
  std::uint64_t hand_offs = 0;

  /// {"pattern": …, "confidence": …, "agents": […], "edges": […], "groups": […]}.
  [[nodiscard]] std::string to_json() const;
};

/// Who may act next, and how likely that is.
struct NextAgent {
  std::string agent;
  double probability = 0;
};

/// Observes workflows by number. Deterministic: same calls, same answers.
/// Threads: safe, one internal lock, which is held to note and to copy, not to judge.
/// Memory: bounded by the options.
class FRYS_API CollaborationDetector {
 public:
  /// Options out of their range are moved to its nearer end.
  explicit CollaborationDetector(const CollaborationDetectorOptions& options = {});
  ~CollaborationDetector();
  CollaborationDetector(CollaborationDetector&&) noexcept;
  CollaborationDetector& operator=(CollaborationDetector&&) noexcept;

  /// Notes one hand-off. `from == to` counts as a turn, not as an edge.
  /// Errors: invalid_argument (no sender), out_of_memory. Cost: O(log agents).
  Status observe(std::uint64_t workflow, const HandOff& hand_off) noexcept;

  /// Notes that `agent` acted (began a step), whoever gave it the work; call it in order of start.
  /// A workflow whose turns are reported so takes the order of turns from here alone, otherwise
  /// every hand-off is a turn of its sender.
  /// Errors: invalid_argument (no agent), out_of_memory. Cost: O(log agents).
  Status observe_turn(std::uint64_t workflow, std::string_view agent) noexcept;

  /// How the agents of `workflow` collaborate, as far as it was observed.
  /// Errors: not_found (nothing was observed, or it was forgotten), out_of_memory.
  /// Source of the groups: strongly connected components (Tarjan, 1972).
  /// Cost: O(agents² + edges + turns).
  [[nodiscard]] Result<CollaborationGraph> detect(std::uint64_t workflow) const;

  /// Who is likely to act after what was observed, most likely first, at most `count`; never the
  /// one that acted last. Empty when nothing was observed. A few experts vote (who followed the
  /// last one, two, three turns before; who was just addressed; whose turn it is), each weighed by
  /// how often it has been right in this workflow.
  /// Source: weighted majority (Littlestone and Warmuth, 1994), contexts as in Cleary and Witten,
  /// "Prediction by partial matching", 1984. Cost: O(turns + agents log agents).
  [[nodiscard]] std::vector<NextAgent> predict_next(std::uint64_t workflow,
                                                    std::size_t count = 3) const;

  /// Forgets a workflow. False when it was not known.
  bool forget(std::uint64_t workflow) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys
