// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "scheduler/graph_shape.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>

namespace frys::detail {

namespace {

Status refuse(const std::string& message) { return Status(ErrorCode::invalid_argument, message); }

std::vector<char> reachable(const Links& links, std::size_t from) {
  std::vector<char> seen(links.size(), 0);
  std::vector<std::size_t> work{from};
  seen[from] = 1;
  while (!work.empty()) {
    const std::size_t node = work.back();
    work.pop_back();
    for (const std::size_t next : links[node]) {
      if (seen[next] == 0) {
        seen[next] = 1;
        work.push_back(next);
      }
    }
  }
  return seen;
}

void sort_unique(std::vector<std::size_t>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

Status check_cycle(const std::vector<StepSpec>& steps, const Links& successors,
                   std::string_view what) {
  const std::vector<std::size_t> cycle = find_cycle(successors);
  if (cycle.empty()) return {};
  return refuse(std::string(what) + describe_cycle(cycle, [&](std::size_t i) {
                  return std::string_view(steps[i].name);
                }));
}

/// Two loops that share steps must contain one another.
Status check_overlap(const std::vector<StepSpec>& steps, const std::vector<LoopSpec>& loops,
                     const Links& bodies) {
  for (std::size_t a = 0; a < bodies.size(); ++a) {
    for (std::size_t b = a + 1; b < bodies.size(); ++b) {
      std::vector<std::size_t> both;
      std::set_intersection(bodies[a].begin(), bodies[a].end(), bodies[b].begin(), bodies[b].end(),
                            std::back_inserter(both));
      const bool nested = both.size() == bodies[a].size() || both.size() == bodies[b].size();
      const bool same_end = loops[a].last == loops[b].last;
      if (!both.empty() && (!nested || same_end)) {
        return refuse("the loops that end with '" + steps[loops[a].last.value].name + "' and '" +
                      steps[loops[b].last.value].name + "' overlap at '" + steps[both[0]].name +
                      "'; loops may nest, with last steps of their own, or be apart");
      }
    }
  }
  return {};
}

Status add_loop_waits(const std::vector<StepSpec>& steps, const std::vector<LoopSpec>& loops,
                      GraphShape& shape) {
  Links bodies;
  for (const LoopSpec& loop : loops) {
    for (const StepId id : {loop.first, loop.last}) {
      if (id.value >= steps.size()) {
        return refuse("a loop names step " + std::to_string(id.value) + ", but there are " +
                      std::to_string(steps.size()));
      }
    }
    bodies.push_back(between(shape.successors, shape.after, loop.first.value, loop.last.value));
    if (bodies.back().empty()) {
      return refuse("the loop from '" + steps[loop.first.value].name + "' to '" +
                    steps[loop.last.value].name +
                    "' can't repeat: its last step does not wait for its first");
    }
  }
  if (Status checked = check_overlap(steps, loops, bodies); !checked.ok()) return checked;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    const std::size_t last = loops[i].last.value;
    for (const std::size_t inside : bodies[i]) {
      for (const std::size_t next : shape.successors[inside]) {
        if (!std::binary_search(bodies[i].begin(), bodies[i].end(), next)) {
          shape.after[next].push_back(last);
        }
      }
    }
  }
  for (auto& list : shape.after) sort_unique(list);
  shape.successors = reversed(shape.after);
  return {};
}

}  // namespace

Links reversed(const Links& links) {
  Links result(links.size());
  for (std::size_t from = 0; from < links.size(); ++from) {
    for (const std::size_t to : links[from]) result[to].push_back(from);
  }
  return result;
}

std::vector<std::size_t> find_cycle(const Links& successors) {
  enum : char { fresh, open, done };
  std::vector<char> state(successors.size(), fresh);
  std::vector<std::pair<std::size_t, std::size_t>> path;  // Node, next link to follow.
  for (std::size_t start = 0; start < successors.size(); ++start) {
    if (state[start] != fresh) continue;
    path.assign(1, {start, 0});
    state[start] = open;
    while (!path.empty()) {
      auto& [node, link] = path.back();
      if (link == successors[node].size()) {
        state[node] = done;
        path.pop_back();
        continue;
      }
      const std::size_t next = successors[node][link++];
      if (state[next] == open) {
        std::vector<std::size_t> cycle;
        auto at = std::find_if(path.begin(), path.end(),
                               [next](const auto& entry) { return entry.first == next; });
        for (; at != path.end(); ++at) cycle.push_back(at->first);
        return cycle;
      }
      if (state[next] == fresh) {
        state[next] = open;
        path.emplace_back(next, 0);
      }
    }
  }
  return {};
}

std::vector<std::size_t> find_path(SuccessorsOf successors, std::size_t from, std::size_t to) {
  std::unordered_map<std::size_t, std::size_t> reached_by{{from, from}};
  std::vector<std::size_t> work{from};
  while (!work.empty() && !reached_by.contains(to)) {
    const std::size_t node = work.back();
    work.pop_back();
    for (const std::size_t next : successors(node)) {
      if (reached_by.emplace(next, node).second) work.push_back(next);
    }
  }
  if (!reached_by.contains(to)) return {};
  std::vector<std::size_t> path{to};
  while (path.back() != from) path.push_back(reached_by.at(path.back()));
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<double> b_levels(SuccessorsOf successors, const std::vector<double>& seconds) {
  const std::size_t n = seconds.size();
  std::vector<std::size_t> waits(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (const std::size_t next : successors(i)) ++waits[next];
  }
  std::vector<std::size_t> sorted;
  sorted.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (waits[i] == 0) sorted.push_back(i);
  }
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    for (const std::size_t next : successors(sorted[i])) {
      if (--waits[next] == 0) sorted.push_back(next);
    }
  }
  std::vector<double> levels = seconds;
  for (std::size_t i = sorted.size(); i-- > 0;) {
    double longest = 0;
    for (const std::size_t next : successors(sorted[i])) {
      if (waits[next] == 0) longest = std::max(longest, levels[next]);
    }
    levels[sorted[i]] += longest;
  }
  return levels;
}

std::vector<std::size_t> between(const Links& successors, const Links& predecessors,
                                 std::size_t first, std::size_t last) {
  const std::vector<char> below = reachable(successors, first);
  std::vector<std::size_t> body;
  if (below[last] == 0) return body;
  const std::vector<char> above = reachable(predecessors, last);
  for (std::size_t i = 0; i < successors.size(); ++i) {
    if (below[i] != 0 && above[i] != 0) body.push_back(i);
  }
  return body;
}

std::string describe_cycle(const std::vector<std::size_t>& cycle,
                           const std::function<std::string_view(std::size_t)>& name) {
  std::string text;
  for (const std::size_t node : cycle) text.append(name(node)).append(" -> ");
  return text.append(name(cycle.front()));
}

Status derive_shape(const std::vector<StepSpec>& steps, const std::vector<LoopSpec>& loops,
                    GraphShape* shape) {
  shape->after.assign(steps.size(), {});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (const StepId id : steps[i].after) {
      if (id.value >= steps.size()) {
        return refuse("step '" + steps[i].name + "' waits for step " + std::to_string(id.value) +
                      ", but there are only " + std::to_string(steps.size()));
      }
      shape->after[i].push_back(id.value);
    }
    sort_unique(shape->after[i]);
  }
  shape->successors = reversed(shape->after);
  if (Status checked = check_cycle(steps, shape->successors, "steps wait for each other: ");
      !checked.ok()) {
    return checked;
  }
  if (loops.empty()) return {};
  if (Status looped = add_loop_waits(steps, loops, *shape); !looped.ok()) return looped;
  return check_cycle(steps, shape->successors, "loops wait for each other: ");
}

Status check_spec(StepSpec& spec) {
  if (spec.name.empty()) return refuse("a step has no name; each needs one of its own");
  const std::string who = "step '" + spec.name + "': ";
  if (!std::isfinite(spec.request.cpu_slots) || spec.request.cpu_slots < 0) {
    return refuse(who + "request.cpu_slots is " + std::to_string(spec.request.cpu_slots) +
                  "; give a finite number of at least 0");
  }
  if (!std::isfinite(spec.input_size) || spec.input_size < 0) {
    return refuse(who + "input_size is " + std::to_string(spec.input_size) +
                  "; give a finite number of at least 0");
  }
  if (spec.deadline_ns < 0) {
    return refuse(who + "deadline_ns is " + std::to_string(spec.deadline_ns) +
                  "; give nanoseconds from the start, or 0 for none");
  }
  if (spec.max_attempts < 1) {
    return refuse(who + "max_attempts is " + std::to_string(spec.max_attempts) +
                  "; give at least 1");
  }
  if (spec.type.empty()) spec.type = spec.name;
  if (spec.agent.empty()) spec.agent = spec.type;
  return {};
}

}  // namespace frys::detail
