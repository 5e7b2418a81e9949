// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "tools/arguments.hpp"

namespace {

constexpr const char* help =
    R"(frys: looks at how the Frys Kernel schedules, predicts, detects, keeps memory and experience

  frys replay FILE… [--workers P] [--memory BYTES] [--request BYTES]
              [--policy organized|fifo] [--json] [--decisions OUT.tsv]
      Runs recorded workflows (WfFormat 1.5 JSON) in simulated time through the scheduler, one
      after the other, so that it learns from one to the next. Prints each makespan against the
      bound max(critical path, work / P) and against FIFO, and how far predicted memory and run
      time were from the truth, beside trivial predictors.
        --workers P       steps that run at the same time (default 8)
        --memory BYTES    memory for all running steps together, as 64G (default: no limit)
        --request BYTES   what a step of a type never seen before is given (default 1G)
        --policy NAME     organized (default) or fifo
        --json            the same figures as JSON
        --decisions FILE  one line an attempt: workflow task type start_s end_s attempt
                          predicted_bytes allocated_bytes used_bytes runtime_s
                          predicted_runtime_s outcome reason (tab separated)
      A step that is given less than it used is killed when memory that grows evenly reaches what
      it was given, and starts again with more.

  frys collaboration MESSAGES.tsv [--json]
      Feeds recorded agent messages (columns dataset trace pattern_label kind agent target, tab
      separated) to the collaboration detector. Prints how often it names the labelled pattern and
      the next agent, beside nearest neighbours.

  frys memory replay TRACE… [--rounds N] [--threads M] [--json]
      Does again what allocation traces tell (TensorMemoryManager::start_trace, or workflow_engine
      --memory-trace) on a memory manager of its own, several times. Prints what an operation
      takes, the most bytes requested at once (rounded up to 64 a block), what is committed for
      them once it no longer grows, caches included, pages first touched and system calls.
        --rounds N        times a trace is done (default 100); the first half warms up
        --threads M       use at most M threads (default 64); recorded ones beyond share them
        --json            the same figures as JSON
      Threads take turns in the recorded order; the hand-over is not timed.

  frys store inspect DIR [--json]
  frys store export DIR [OUT.jsonl] [FILTERS]
  frys store import DIR FILE.jsonl… [--dimension N] [--space NAME=N]…
  frys store verify DIR
  frys store backup DIR TO
  frys store compact DIR
      Looks into an experience store, writes it as JSON lines (one experience a line, nothing lost;
      to the standard output without OUT), reads such lines into a store (made when there is none;
      what is there already is not stored again), reads every record and compares it with its
      content hash, copies the store into the new folder TO (which it is restored from by being
      opened, or copied back), or gives back the room on disk of what was removed.
        --dimension N     floats a vector has, of a store that import makes (default 256)
        --space NAME=N    has the store take vectors of N floats in the space NAME, too; inspect
                          tells those of the store that was exported
        --salvage         opens a store whose log is damaged as far as it is whole
        FILTERS           --workflow W, --agent A, --step-type T, --outcome success|failure|partial
      A damaged record stops neither export nor verify: each is named, and the exit code is 1.

  frys store lift FILE.jsonl… [--neighbours K] [--outcome-weight W] [--success R] [--folds F]
                  [--seed S] [--resamples N] [--limit T] [--dimension N] [--json]
      Measures what a store is good for on recorded steps: JSON lines of InterCode, of tau-bench, or
      written by store export (not compressed; gzip -d does that). For tasks that a store was not
      taught, how well it tells an action's reward (AUC) and the type of action that a successful
      run takes next (hit@1, hit@3), with and without regard to rewards, beside trivial predictors.
      The stores are temporary. What is exported is told apart by a tag task:NAME, or else by its
      situation.
        --neighbours K      experiences an answer is made of (default 10)
        --outcome-weight W  of the ranking that regards rewards, 0 to 1 (default 0.2; at 1 all that
                            it finds has succeeded, which tells no reward)
        --success R         the reward from which a step is good, above 0 to 1 (default 1)
        --folds F           parts that the tasks are dealt into; each is asked about once (default 5)
        --seed S            of the folds, the random predictor and the intervals (default 1)
        --resamples N       draws of tasks that an interval is made of (default 1000)
        --limit T           at most T tasks of each workflow (default: all)

  frys --version
  frys --help

Exit codes: 0 success, 1 the work failed, 2 a wrong argument or a broken file.
)";

int dispatch(const std::vector<std::string>& words) {
  if (words.empty())
    return frys::tools::complain("no command; replay, collaboration, memory and store exist");
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "--version") {
    if (!rest.empty()) return frys::tools::complain("unknown argument " + rest[0]);
    std::fputs(words[0] == "--version" ? "frys " FRYS_VERSION "\n" : help, stdout);
    return frys::tools::exit_ok;
  }
  for (const std::string& word : rest) {
    if (word != "--help") continue;
    std::fputs(help, stdout);
    return frys::tools::exit_ok;
  }
  if (words[0] == "replay") return frys::tools::replay_command(rest);
  if (words[0] == "collaboration") return frys::tools::collaboration_command(rest);
  if (words[0] == "memory") return frys::tools::memory_command(rest);
  if (words[0] == "store") return frys::tools::store_command(rest);
  return frys::tools::complain("unknown command " + words[0]);
}

/// What was printed may still wait in a buffer, and the disk behind it be full.
int finish_output(int code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  std::fputs("frys: the standard output can't be written to\n", stderr);
  return code == frys::tools::exit_ok ? frys::tools::exit_failed : code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return finish_output(
        dispatch(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc)));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "frys: %s\n", error.what());
    return frys::tools::exit_failed;
  }
}
