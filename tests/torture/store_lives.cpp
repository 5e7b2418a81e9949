// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "torture/store_rounds.hpp"

namespace frys::torture {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FRYS_TORTURE_SLOW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FRYS_TORTURE_SLOW 1
#endif
#endif
#ifdef FRYS_TORTURE_SLOW
constexpr std::chrono::seconds most_seconds(600);
#else
constexpr std::chrono::seconds most_seconds(60);
#endif

std::string make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "frys-torture-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    std::fprintf(stderr, "frys_experience_torture: no folder can be made in %s\n",
                 std::filesystem::temp_directory_path().c_str());
    std::exit(1);
  }
  return name;
}

std::uint64_t bytes_in(const std::string& folder) {
  std::uint64_t bytes = 0;
  std::error_code none_yet;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none_yet)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

}  // namespace

pid_t start_process(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) {
    std::perror("frys_experience_torture: fork");
    std::exit(1);
  }
  if (pid > 0) return pid;
  ::signal(SIGXFSZ, SIG_IGN);
  body();
  ::_exit(0);
}

bool wait_until(pid_t pid, const std::function<bool()>& until) {
  const SteadyClock::time_point latest = SteadyClock::now() + most_seconds;
  siginfo_t info{};
  while (!until()) {
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == pid || SteadyClock::now() > latest) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

Ended wait_for_end(pid_t pid) {
  Ended ended;
  (void)wait_until(pid, [] { return false; });
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) == 0) {
    ended.hung = true;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &status, 0);
  }
  ended.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  ended.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ended.words = ended.hung            ? "it hung"
                : WIFSIGNALED(status) ? "it ended by signal " + std::to_string(WTERMSIG(status))
                                      : "it ended with " + std::to_string(ended.code);
  return ended;
}

const char* name_of(StoreRound round) {
  switch (round) {
    case StoreRound::kill:
      return "kill";
    case StoreRound::damage:
      return "damage";
    case StoreRound::fault:
      return "fault";
    case StoreRound::threads:
      break;
  }
  return "threads";
}

StoreLives::StoreLives(std::uint64_t seed, StoreRound round, StoreTotals& totals)
    : seed_(seed),
      round_(round),
      totals_(totals),
      random_(mix64(seed) ^ 0x5eed),
      folder_(make_folder()),
      model_({seed, std::size_t{16} << random_.next_below(3), random_.next_below(2) == 0}) {
  options_.path = store_path();
  options_.dimension = model_.recipe().dimension;
  if (model_.recipe().has_spaces) options_.spaces = torture_spaces;
  options_.graph_links = 8 + below(9);
  options_.graph_build_effort = 32 + below(64);
  options_.write_buffer_bytes = std::size_t{1} << (20 + below(2));
  options_.cache_bytes = below(3) == 0 ? 0 : std::size_t{1} << (14 + below(8));
  churn_ = below(3) == 0;
  Disk::shared().clear();
  journal_.tickets = 0;
}

StoreLives::~StoreLives() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void StoreLives::fail(const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr,
               "DIFFERENCE in the %s round of seed %llu, process %llu (%s): %s\n"
               "kept: %s\nagain: frys_experience_torture --seed %llu --only %s\n",
               name_of(round_), static_cast<unsigned long long>(seed_),
               static_cast<unsigned long long>(lives_), what_.c_str(), text.c_str(),
               folder_.c_str(), static_cast<unsigned long long>(seed_), name_of(round_));
  std::exit(1);
}

Task StoreLives::some_task() {
  Task task;
  task.seed = random_.next();
  task.options = options_;
  task.threads = round_ == StoreRound::threads ? 4 + below(4) : below(5) < 3 ? 1 : 3;
  task.inline_executor = task.threads == 1 && below(3) == 0;
  task.bursts = 1 + below(4);
  task.operations = 1 + below(round_ == StoreRound::threads ? 80 : 16);
  task.faults = round_ == StoreRound::fault;
  task.churn = churn_;
  const std::uint64_t dice = below(100);
  timed_ = false;
  if (round_ == StoreRound::threads ? dice < 90 : dice < 8) {
    task.end_closed = true;
    now("ends by itself");
  } else if (dice < 50) {
    timed_ = true;
    task.end_closed = below(2) == 0;
    now("killed at some moment");
  } else {
    using From = StepKill::From;
    task.kill.from = dice < 62 ? From::start : dice < 85 ? From::checked : From::closing;
    task.kill.end = static_cast<StepEnd>(below(3));
    task.kill.nth = 1 + below(task.kill.from == From::checked ? 1 << below(9) : 30);
    task.end_closed = task.kill.from == From::closing;
    now("killed at step " + std::to_string(task.kill.nth) + " from " +
        (task.kill.from == From::start     ? "its start"
         : task.kill.from == From::checked ? "its first write"
                                           : "closing") +
        (task.kill.end == StepEnd::before   ? ", before it"
         : task.kill.end == StepEnd::within ? ", within it"
                                            : ", after it"));
  }
  return task;
}

void StoreLives::kill_at_some_moment(pid_t pid, const Task& task) {
  std::uint64_t after_us = 0;
  const std::uint64_t dice = below(10);
  if (dice < 4) {
    after_us = below(static_cast<std::uint64_t>(opening_us_) * 3 / 2 + 500);
  } else if (dice < 8 || !task.end_closed) {
    (void)wait_until(pid, [this] { return journal_.phase.load() != Phase::starting; });
    after_us = below(std::uint64_t{1} << (5 + below(11)));
  } else {
    (void)wait_until(pid, [this] { return journal_.closes.load() > 0; });
    after_us = below(3000);
  }
  std::this_thread::sleep_for(std::chrono::microseconds(after_us));
  ::kill(pid, SIGKILL);
}

void StoreLives::judge(const Task& task, const Ended& ended) {
  if (journal_.failed.load()) fail(journal_.message.data());
  const bool may_be_killed = timed_ || task.kill.nth != 0 || !task.end_closed;
  if (ended.hung) fail("it hung");
  if (ended.killed ? !may_be_killed : ended.code != 0) fail(ended.words);
  if (journal_.phase.load() != Phase::starting) {
    const std::string difference = model_.compare(journal_);
    if (!difference.empty()) fail(difference);
  }
  model_.take(journal_);
  totals_.operations += journal_.operations;
  totals_.records_checked += journal_.records_checked;
  totals_.refusals += journal_.refusals;
  totals_.searches += journal_.searches;
  totals_.misses += journal_.misses;
  totals_.removals += journal_.removals;
  totals_.amendments += journal_.amendments;
  totals_.exchanges += journal_.exchanges;
  if (journal_.opening_us > 0) opening_us_ = journal_.opening_us;
}

bool StoreLives::live(Task task) {
  ++lives_;
  journal_.clear();
  Disk& disk = Disk::shared();
  disk.be_good();
  const pid_t pid = start_process([&] { StoreWorker(task, model_, journal_).run(); });
  if (timed_) kill_at_some_moment(pid, task);
  const Ended ended = wait_for_end(pid);
  judge(task, ended);
  if (!ended.killed) {
    ++totals_.clean_ends;
    return false;
  }
  ++totals_.kills;
  totals_.step_kills += task.kill.nth != 0 ? 1 : 0;
  if (below(6) == 0) {
    ++totals_.power_losses;
    disk.go_down(store_path());
    model_.lose_power();
  }
  return true;
}

void StoreLives::check_all() {
  Task task;
  task.seed = random_.next();
  task.options = options_;
  task.bursts = 0;
  task.check_all = true;
  task.end_closed = true;
  timed_ = false;
  now("compares everything");
  (void)live(task);
}

void run_life_round(std::uint64_t seed, StoreRound round, StoreLimit& limit, StoreTotals& totals) {
  constexpr std::uint64_t most_bytes = std::uint64_t{96} << 20;
  StoreLives lives(seed, round, totals);
  const std::size_t most_rows = 500 << lives.below(5);
  const std::uint64_t processes = round == StoreRound::kill    ? 40 + lives.below(160)
                                  : round == StoreRound::fault ? 20
                                                               : 4;
  for (std::uint64_t i = 0; i < processes && !limit.reached(); ++i) {
    Task task = lives.some_task();
    task.check_all = i % 50 == 49;
    if (lives.live(task) && limit.kills_left > 0) --limit.kills_left;
    if (lives.model().rows().size() > most_rows || bytes_in(lives.store_path()) > most_bytes) break;
  }
  lives.check_all();
}

}  // namespace frys::torture
