// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/scheduler/collaboration_detector.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/json_text.hpp"
#include "scheduler/hand_off_graph.hpp"
#include "scheduler/next_agent.hpp"

namespace frys {
namespace {

using detail::Agent;
using detail::HandOffGraph;
using detail::Move;
using detail::Verdict;

constexpr std::string_view others = "(others)";

std::uint64_t add_capped(std::uint64_t a, std::uint64_t b) noexcept {
  return a > std::numeric_limits<std::uint64_t>::max() - b
             ? std::numeric_limits<std::uint64_t>::max()
             : a + b;
}

// The latest `capacity` entries, oldest first.
template <typename T>
class Latest {
 public:
  void push(const T& entry, std::size_t capacity) {
    if (entries_.size() < capacity) {
      entries_.push_back(entry);
      return;
    }
    entries_[next_] = entry;
    next_ = (next_ + 1) % entries_.size();
  }
  [[nodiscard]] std::vector<T> in_order() const {
    std::vector<T> out(entries_.begin() + static_cast<std::ptrdiff_t>(next_), entries_.end());
    out.insert(out.end(), entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(next_));
    return out;
  }

 private:
  std::vector<T> entries_;
  std::size_t next_ = 0;
};

struct EdgeTotals {
  std::int64_t from;
  std::int64_t to;  // Or detail::to_floor.
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
};

// All that a verdict rests on. It is copied to be judged, as that takes long and who observes does
// not wait for it.
struct Evidence {
  std::vector<std::string> names;
  std::vector<EdgeTotals> edges;
  Latest<Move> moves;
  Latest<Agent> turns;  // Only when somebody reports turns as such.
  bool turns_reported = false;
  std::uint64_t hand_offs = 0;
};

struct Observed : Evidence {
  std::map<std::string, Agent, std::less<>> index;
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> edge_index;
  std::uint64_t touched = 0;
};

// Graph entries in the order that work first reached them.
std::vector<std::vector<Agent>> groups_in_order(const HandOffGraph& graph, const Verdict& verdict) {
  std::vector<std::vector<Agent>> groups;
  std::vector<bool> placed(graph.agents(), false);
  const auto place = [&](std::vector<Agent> members) {
    for (const Agent member : members) placed[member] = true;
    groups.push_back(std::move(members));
  };
  const auto side_by_side = detail::siblings(graph);
  for (const auto& component : detail::components(graph)) {
    if (placed[component.front()]) continue;
    const auto holds = [&](const std::vector<Agent>& set) {
      return std::find(set.begin(), set.end(), component.front()) != set.end();
    };
    if (holds(verdict.members)) {
      place(verdict.members);
      continue;
    }
    const auto set = std::find_if(side_by_side.begin(), side_by_side.end(), holds);
    if (component.size() == 1 && set != side_by_side.end()) {
      std::vector<Agent> free;
      std::copy_if(set->begin(), set->end(), std::back_inserter(free),
                   [&](Agent agent) { return !placed[agent]; });
      place(std::move(free));
      continue;
    }
    std::vector<Agent> free;
    std::copy_if(component.begin(), component.end(), std::back_inserter(free),
                 [&](Agent agent) { return !placed[agent]; });
    place(std::move(free));
  }
  return groups;
}

CollaborationGroup describe(const HandOffGraph& graph, const std::vector<Agent>& members,
                            const Verdict& verdict, const Evidence& seen, double evidence) {
  CollaborationGroup group;
  for (const Agent member : members) group.agents.push_back(seen.names[member]);
  group.confidence = evidence;
  if (members.size() == 1) return group;
  if (members == verdict.members) {
    group.pattern = verdict.pattern;
    if (verdict.center) group.center = seen.names[*verdict.center];
    group.confidence = evidence * verdict.clarity;
    return group;
  }
  const bool apart = !graph.linked(members[0], members[1]);
  group.pattern =
      apart ? CollaborationPattern::scatter_gather : detail::loop_pattern(graph, members);
  if (apart) {
    for (Agent giver = 0; giver < graph.agents() && group.center.empty(); ++giver) {
      if (graph.count(giver, members[0]) > 0) group.center = seen.names[giver];
    }
  } else if (group.pattern == CollaborationPattern::hub) {
    if (const auto star = detail::star_of(graph, members)) group.center = seen.names[star->center];
  }
  return group;
}

void append_strings(std::string& out, const std::vector<std::string>& strings) {
  out += '[';
  for (std::size_t i = 0; i < strings.size(); ++i) {
    if (i > 0) out += ", ";
    detail::append_json_string(out, strings[i]);
  }
  out += ']';
}

void append_pattern(std::string& out, CollaborationPattern pattern, double confidence) {
  out += "\"pattern\": ";
  detail::append_json_string(out, to_string(pattern));
  out += ", \"confidence\": ";
  detail::append_json_number(out, confidence);
}

}  // namespace

std::string_view to_string(CollaborationPattern pattern) noexcept {
  switch (pattern) {
    case CollaborationPattern::solo:
      return "solo";
    case CollaborationPattern::pipeline:
      return "pipeline";
    case CollaborationPattern::scatter_gather:
      return "scatter_gather";
    case CollaborationPattern::hub:
      return "hub";
    case CollaborationPattern::review_loop:
      return "review_loop";
    case CollaborationPattern::debate:
      return "debate";
    case CollaborationPattern::group_chat:
      return "group_chat";
  }
  return "unknown";
}

std::string CollaborationGraph::to_json() const {
  std::string out = "{";
  append_pattern(out, pattern, confidence);
  out += ", \"hand_offs\": " + std::to_string(hand_offs) + ", \"agents\": ";
  append_strings(out, agents);
  out += ", \"edges\": [";
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const CollaborationEdge& edge = edges[i];
    out += i > 0 ? ", {\"from\": " : "{\"from\": ";
    detail::append_json_string(out, edge.from);
    out += ", \"to\": ";
    detail::append_json_string(out, edge.to);
    out += ", \"bytes\": " + std::to_string(edge.bytes) +
           ", \"messages\": " + std::to_string(edge.messages) +
           ", \"first_ns\": " + std::to_string(edge.first_ns) +
           ", \"last_ns\": " + std::to_string(edge.last_ns) + "}";
  }
  out += "], \"groups\": [";
  for (std::size_t i = 0; i < groups.size(); ++i) {
    out += i > 0 ? ", {" : "{";
    append_pattern(out, groups[i].pattern, groups[i].confidence);
    out += ", \"center\": ";
    detail::append_json_string(out, groups[i].center);
    out += ", \"agents\": ";
    append_strings(out, groups[i].agents);
    out += '}';
  }
  return out + "]}";
}

struct CollaborationDetector::Impl {
  explicit Impl(const CollaborationDetectorOptions& given) : options(given) {
    options.max_workflows = std::max<std::size_t>(1, options.max_workflows);
    options.max_agents = std::clamp<std::size_t>(options.max_agents, 2, 4096);
    options.max_turns = std::max<std::size_t>(16, options.max_turns);
  }

  Observed& touch(std::uint64_t workflow) {
    auto at = workflows.find(workflow);
    if (at == workflows.end()) {
      if (workflows.size() >= options.max_workflows) {
        workflows.erase(std::min_element(
            workflows.begin(), workflows.end(),
            [](const auto& a, const auto& b) { return a.second.touched < b.second.touched; }));
      }
      at = workflows.try_emplace(workflow).first;
    }
    at->second.touched = ++ticks;
    return at->second;
  }

  Agent agent(Observed& seen, std::string_view name) const {
    auto at = seen.index.find(name);
    if (at != seen.index.end()) return at->second;
    if (seen.names.size() + 1 >= options.max_agents && name != others) return agent(seen, others);
    seen.names.emplace_back(name);
    at = seen.index.emplace(std::string(name), static_cast<Agent>(seen.names.size() - 1)).first;
    return at->second;
  }

  void add_edge(Observed& seen, std::int64_t from, std::int64_t to, const HandOff& hand_off) const {
    const auto [at, fresh] = seen.edge_index.try_emplace({from, to}, seen.edges.size());
    if (fresh) seen.edges.push_back({from, to, 0, 0, hand_off.time_ns, hand_off.time_ns});
    EdgeTotals& edge = seen.edges[at->second];
    edge.bytes = add_capped(edge.bytes, hand_off.bytes);
    edge.messages = add_capped(edge.messages, hand_off.messages);
    edge.last_ns = std::max(edge.last_ns, hand_off.time_ns);
  }

  void observe(std::uint64_t workflow, const HandOff& hand_off) {
    Observed& seen = touch(workflow);
    const Agent from = agent(seen, hand_off.from);
    Move move{from, detail::to_floor};
    if (!hand_off.to.empty()) {
      const Agent to = agent(seen, hand_off.to);
      move.to = from == to ? detail::to_self : static_cast<std::int64_t>(to);
    }
    if (move.to != detail::to_self) {
      add_edge(seen, from, move.to, hand_off);
      ++seen.hand_offs;
    }
    seen.moves.push(move, options.max_turns);
  }

  std::optional<Evidence> evidence(std::uint64_t workflow) const {
    const std::lock_guard lock(mutex);
    const auto at = workflows.find(workflow);
    return at == workflows.end() ? std::nullopt : std::optional<Evidence>(at->second);
  }

  static CollaborationGraph detect(const Evidence& seen);
  static std::vector<NextAgent> predict_next(const Evidence& seen, std::size_t count);

  CollaborationDetectorOptions options;
  mutable std::mutex mutex;
  std::unordered_map<std::uint64_t, Observed> workflows;
  std::uint64_t ticks = 0;
};

CollaborationGraph CollaborationDetector::Impl::detect(const Evidence& seen) {
  HandOffGraph graph(seen.names.size());
  double floor_messages = 0;
  double direct_messages = 0;
  CollaborationGraph out;
  out.agents = seen.names;
  out.hand_offs = seen.hand_offs;
  for (const EdgeTotals& edge : seen.edges) {
    const auto messages = static_cast<double>(std::max<std::uint64_t>(1, edge.messages));
    const bool floor = edge.to == detail::to_floor;
    (floor ? floor_messages : direct_messages) += messages;
    if (!floor) graph.add(static_cast<Agent>(edge.from), static_cast<Agent>(edge.to), messages);
    out.edges.push_back({seen.names[static_cast<std::size_t>(edge.from)],
                         floor ? "" : seen.names[static_cast<std::size_t>(edge.to)], edge.bytes,
                         edge.messages, edge.first_ns, edge.last_ns});
  }
  const std::vector<Move> moves = seen.moves.in_order();
  std::vector<Agent> turns = seen.turns.in_order();
  if (!seen.turns_reported) {
    turns.clear();
    for (const Move& move : moves) turns.push_back(move.from);
  }
  const Verdict verdict =
      detail::judge_pattern(graph, moves, turns, floor_messages, direct_messages);
  const auto amount = static_cast<double>(seen.hand_offs);
  const double evidence = amount / (amount + 2);
  out.pattern = verdict.pattern;
  out.confidence = std::clamp(verdict.clarity, 0.0, 1.0) * evidence;
  for (const auto& members : groups_in_order(graph, verdict)) {
    out.groups.push_back(describe(graph, members, verdict, seen, evidence));
  }
  return out;
}

std::vector<NextAgent> CollaborationDetector::Impl::predict_next(const Evidence& seen,
                                                                 std::size_t count) {
  std::vector<Move> moves;
  if (seen.turns_reported) {
    for (const Agent turn : seen.turns.in_order()) moves.push_back({turn, detail::to_self});
  } else {
    moves = seen.moves.in_order();
  }
  const auto likely = detail::next_agent_probabilities(moves, seen.names.size());
  std::vector<std::size_t> order;
  for (std::size_t agent = 0; agent < likely.size(); ++agent) {
    if (likely[agent] > 0) order.push_back(agent);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return likely[a] != likely[b] ? likely[a] > likely[b] : a < b;
  });
  if (order.size() > count) order.resize(count);
  std::vector<NextAgent> out;
  for (const std::size_t agent : order) out.push_back({seen.names[agent], likely[agent]});
  return out;
}

CollaborationDetector::CollaborationDetector(const CollaborationDetectorOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
CollaborationDetector::~CollaborationDetector() = default;
CollaborationDetector::CollaborationDetector(CollaborationDetector&&) noexcept = default;
CollaborationDetector& CollaborationDetector::operator=(CollaborationDetector&&) noexcept = default;

Status CollaborationDetector::observe(std::uint64_t workflow, const HandOff& hand_off) noexcept {
  if (hand_off.from.empty()) {
    return Status(ErrorCode::invalid_argument, "observe: the hand-off has no sender; name one");
  }
  try {
    const std::lock_guard lock(impl_->mutex);
    impl_->observe(workflow, hand_off);
    return {};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Status CollaborationDetector::observe_turn(std::uint64_t workflow,
                                           std::string_view agent) noexcept {
  if (agent.empty()) {
    return Status(ErrorCode::invalid_argument, "observe_turn: the agent has no name; give one");
  }
  try {
    const std::lock_guard lock(impl_->mutex);
    Observed& seen = impl_->touch(workflow);
    seen.turns.push(impl_->agent(seen, agent), impl_->options.max_turns);
    seen.turns_reported = true;
    return {};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<CollaborationGraph> CollaborationDetector::detect(std::uint64_t workflow) const {
  try {
    const std::optional<Evidence> seen = impl_->evidence(workflow);
    if (seen) return Impl::detect(*seen);
    return Status(ErrorCode::not_found, "detect: nothing was observed of workflow " +
                                            std::to_string(workflow) +
                                            ", or it was forgotten (max_workflows is " +
                                            std::to_string(impl_->options.max_workflows) + ")");
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

std::vector<NextAgent> CollaborationDetector::predict_next(std::uint64_t workflow,
                                                           std::size_t count) const {
  try {
    const std::optional<Evidence> seen = impl_->evidence(workflow);
    return seen ? Impl::predict_next(*seen, count) : std::vector<NextAgent>();
  } catch (const std::bad_alloc&) {
    return {};  // Nothing is known that could be said.
  }
}

bool CollaborationDetector::forget(std::uint64_t workflow) noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->workflows.erase(workflow) > 0;
}

}  // namespace frys
