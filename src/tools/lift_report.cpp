// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What `frys store lift` prints.

#include <cmath>
#include <string>

#include "tools/lift_score.hpp"
#include "tools/report_text.hpp"

namespace frys::tools {
namespace {

struct Name {
  const char* key;
  const char* text;
};
constexpr PerPredictor<Name> predictor_names = {{{"reward_aware", "reward-aware"},
                                                 {"similarity", "similarity"},
                                                 {"likeness", "likeness"},
                                                 {"recency", "recency"},
                                                 {"frequency", "frequency"},
                                                 {"random", "random"}}};
constexpr std::array<Name, measures> measure_names = {
    {{"auc", "AUC of rewards"}, {"hit1", "hit@1"}, {"hit3", "hit@3"}}};

constexpr const char* notes = R"(
AUC           chance that a step that was good is predicted a higher reward than one that was not
hit@1, hit@3  share of steps of successful runs whose type of action is among the first proposals
reward-aware  find_similar with its outcome weight; similarity: without
likeness      how similar those of similarity are, blind to rewards
recency       the last steps before; random: any steps
frequency     all steps of the type; the most frequent types of successful runs
coverage      share of steps that were answered about, for the reward and for the next type
)";

const Resampled& value_of(const WorkflowScore& score, std::size_t measure, std::size_t who) {
  return score.values[measure][who];
}

void append_value(std::string& out, const Resampled& value) {
  if (std::isnan(value.value)) {
    append(out, "  %23s", "-");
    return;
  }
  const Interval interval = interval_of(value);
  append(out, "  %7.4f [%6.4f,%6.4f]", value.value, interval.low, interval.high);
}

void append_lift(std::string& out, const Lift& lift) {
  if (!lift.known()) {
    append(out, "  %23s", "-");
    return;
  }
  append(out, " %+8.4f [%+.4f,%+.4f]", lift.value, lift.interval.low, lift.interval.high);
}

void append_table(std::string& out, const WorkflowScore& score) {
  append(out, "%s: %zu tasks, %zu steps; rewards of %zu, %zu good; next type of %zu\n",
         score.workflow.c_str(), score.tasks, score.steps, score.judged, score.good, score.next);
  append(out, "  %-14s", "");
  for (const Name& name : measure_names) append(out, "  %-23s", name.text);
  append(out, "  coverage\n");
  for (std::size_t who = 0; who < predictors; ++who) {
    append(out, "  %-14s", predictor_names[who].text);
    for (std::size_t m = 0; m < measures; ++m) append_value(out, value_of(score, m, who));
    append(out, "  %.3f / %.3f\n", score.reward_coverage[who], score.next_coverage[who]);
  }
  for (const Predictor than : {Predictor::similarity, Predictor::likeness}) {
    append(out, "  %-14s", than == Predictor::similarity ? "- similarity" : "- likeness");
    for (std::size_t m = 0; m < measures; ++m) {
      append_lift(out, lift_over(score, static_cast<Measure>(m), than));
    }
    out += "\n";
  }
}

const char* verdict_of(const Lift& lift) {
  if (!lift.known()) return "can't be told";
  if (lift.beats()) return "yes";
  return lift.interval.high < 0 ? "no, it is worse" : "no";
}

void append_verdicts(std::string& out, const std::vector<WorkflowScore>& scores) {
  out +=
      "Does reward-aware ranking beat plain similarity (interval of the difference above zero)?\n";
  for (const WorkflowScore& score : scores) {
    append(out, "  %-32s", score.workflow.c_str());
    for (std::size_t m = 0; m < measures; ++m) {
      append(out, "  %s: %s;", measure_names[m].text,
             verdict_of(lift_over(score, static_cast<Measure>(m), Predictor::similarity)));
    }
    append(out, "  AUC over likeness: %s\n",
           verdict_of(lift_over(score, Measure::auc, Predictor::likeness)));
  }
}

/// JSON has no word for what is not known: it is left out.
void write_known(JsonWriter& json, const char* key, double value) {
  if (!std::isnan(value)) write_number(json, key, value);
}

void write_estimate(JsonWriter& json, const char* key, double value, const Interval& interval) {
  if (std::isnan(value)) return;
  json.Key(key);
  json.StartObject();
  write_number(json, "value", value);
  write_known(json, "low", interval.low);
  write_known(json, "high", interval.high);
  json.EndObject();
}

void write_predictor(JsonWriter& json, const WorkflowScore& score, std::size_t who) {
  json.Key(predictor_names[who].key);
  json.StartObject();
  write_number(json, "reward_coverage", score.reward_coverage[who]);
  write_number(json, "next_coverage", score.next_coverage[who]);
  for (std::size_t m = 0; m < measures; ++m) {
    const Resampled& value = value_of(score, m, who);
    write_estimate(json, measure_names[m].key, value.value, interval_of(value));
  }
  json.EndObject();
}

void write_lifts(JsonWriter& json, const WorkflowScore& score, Predictor than) {
  json.Key(than == Predictor::similarity ? "over_similarity" : "over_likeness");
  json.StartObject();
  for (std::size_t m = 0; m < measures; ++m) {
    const Lift lift = lift_over(score, static_cast<Measure>(m), than);
    write_estimate(json, measure_names[m].key, lift.value, lift.interval);
  }
  json.EndObject();
}

void write_score(JsonWriter& json, const WorkflowScore& score) {
  json.StartObject();
  write_text(json, "workflow", score.workflow);
  write_count(json, "tasks", score.tasks);
  write_count(json, "steps", score.steps);
  write_count(json, "steps_judged", score.judged);
  write_count(json, "steps_good", score.good);
  write_count(json, "steps_of_successful_runs", score.next);
  json.Key("predictors");
  json.StartObject();
  for (std::size_t who = 0; who < predictors; ++who) write_predictor(json, score, who);
  json.EndObject();
  write_lifts(json, score, Predictor::similarity);
  write_lifts(json, score, Predictor::likeness);
  json.EndObject();
}

}  // namespace

std::string to_text(const std::vector<WorkflowScore>& scores, const LiftOptions& options) {
  std::string out;
  for (const WorkflowScore& score : scores) {
    append_table(out, score);
    out += "\n";
  }
  append_verdicts(out, scores);
  out += notes;
  append(out, "k is %zu, the outcome weight %g; a step is good from a reward of %g.\n",
         options.neighbours, options.outcome_weight, options.success);
  append(
      out,
      "Brackets hold 95 %% of %zu draws of tasks (seed %llu). Of %zu folds of tasks, a store is\n",
      options.resamples, static_cast<unsigned long long>(options.seed), options.folds);
  out += "asked about one and holds the others: never a step of a task that it is asked about.\n";
  return out;
}

std::string to_json(const std::vector<WorkflowScore>& scores, const LiftOptions& options) {
  rapidjson::StringBuffer buffer;
  JsonWriter json(buffer);
  json.SetIndent(' ', 2);
  json.StartObject();
  write_count(json, "seed", options.seed);
  write_count(json, "folds", options.folds);
  write_count(json, "resamples", options.resamples);
  write_count(json, "neighbours", options.neighbours);
  write_number(json, "success", options.success);
  write_number(json, "outcome_weight", options.outcome_weight);
  json.Key("workflows");
  json.StartArray();
  for (const WorkflowScore& score : scores) write_score(json, score);
  json.EndArray();
  json.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace frys::tools
