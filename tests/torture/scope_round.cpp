// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A round on scopes: one manager with options drawn from the seed, and workers that use it.

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

#include "torture/memory_worker.hpp"
#include "torture/round.hpp"

namespace frys::torture {
namespace {

class Round {
 public:
  Round(std::uint64_t seed, std::uint64_t threads);
  void run(Limit& limit, Totals& totals);

 private:
  TensorMemoryOptions draw_options();
  Place place() const { return workers_.empty() ? place_ : workers_.front()->place(); }
  void share_scopes();
  std::uint64_t run_period(std::uint64_t operations);
  void check();
  void end();

  Place place_;
  SeededRandom random_;
  Mix mix_;
  std::unique_ptr<Model> model_;
  std::vector<Node*> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

Round::Round(std::uint64_t seed, std::uint64_t threads)
    : place_{.seed = seed, .threads = threads},
      random_(seed),
      mix_(static_cast<Mix>(random_.next_below(8) < 5 ? 0 : 1 + random_.next_below(2))) {
  model_ = std::make_unique<Model>(draw_options(), threads == 1);
  for (std::uint64_t t = 0; t < threads; ++t) {
    workers_.push_back(std::make_unique<Worker>(*model_, mix_, place_, random_.next()));
  }
  for (const auto& worker : workers_) {
    for (const auto& other : workers_) {
      if (worker != other) worker->know(other.get());
    }
  }
}

TensorMemoryOptions Round::draw_options() {
  TensorMemoryOptions options;
  const std::uint64_t shift = mix_ == Mix::light ? 22 + random_.next_below(6) : 26;
  options.budget_bytes = (std::size_t{1} << shift) + random_.next_below(std::uint64_t{1} << shift);
  if (mix_ == Mix::heavy) options.budget_bytes += std::size_t{1} << 29;
  if (random_.next_below(3) == 0) options.pool.retain_bytes = random_.next_below(64U << 20);
  if (random_.next_below(3) == 0) options.pool.commit_bytes = random_.next_below(256U << 20);
  if (random_.next_below(3) == 0) options.pool.segment_bytes = random_.next_below(128U << 20);
  options.pool.thread_caches = random_.next_below(6) != 0;
  return options;
}

// With several threads: a few scopes for all of them, opened again when somebody closed them.
void Round::share_scopes() {
  for (const auto& worker : workers_) worker->unshare_all();
  if (!model_->exact()) {
    for (Node*& node : shared_) {
      if (!node->is_open()) node->handles.clear();
    }
    std::erase_if(shared_, [](const Node* node) { return node->handles.empty(); });
    while (shared_.size() < 6) {
      Node& parent = shared_.size() < 3 ? model_->root() : *shared_[random_.next_below(3)];
      shared_.push_back(model_->open(parent, some_options(random_), place()));
    }
  }
  for (const auto& worker : workers_) {
    worker->share(&model_->root());
    for (Node* node : shared_) worker->share(node);
  }
}

// Each thread is a new one in each period, and ends with the blocks that its worker holds.
std::uint64_t Round::run_period(std::uint64_t operations) {
  const std::uint64_t each = (operations + workers_.size() - 1) / workers_.size();
  const auto work = [each](Worker& worker) {
    for (std::uint64_t i = 0; i < each; ++i) worker.step();
  };
  if (workers_.size() == 1) {
    work(*workers_.front());
  } else {
    std::vector<std::thread> threads;
    for (const auto& worker : workers_) threads.emplace_back([&] { work(*worker); });
    for (std::thread& thread : threads) thread.join();
  }
  return each * workers_.size();
}

void Round::check() {
  for (const auto& worker : workers_) worker->verify_all();
  model_->check_all(place());
}

void Round::run(Limit& limit, Totals& totals) {
  std::uint64_t left = 50000 + random_.next_below(mix_ == Mix::light ? 3000000 : 400000);
  while (left != 0 && !limit.reached()) {
    share_scopes();
    // What is drawn does not depend on the limit, so that a shorter run is a part of a longer one.
    const std::uint64_t period = std::min(left, 1000 + random_.next_below(40000) * workers_.size());
    const std::uint64_t done = run_period(std::min(period, limit.operations_left));
    left -= period;
    limit.use(done);
    totals.operations += done;
    check();
  }
  end();
  ++totals.rounds;
  for (const auto& worker : workers_) {
    totals.allocations += worker->allocations();
    totals.refusals += worker->refusals();
  }
}

// Blocks, scratch, scopes and the manager go in one of three orders; nothing may be left.
void Round::end() {
  const Place at = place();
  const std::uint64_t order = random_.next_below(3);
  const auto each_worker = [this](auto&& act) {
    for (const auto& worker : workers_) act(*worker);
  };
  const auto drop_blocks = [&] {
    // Twice: what one worker drops it may have passed on before.
    each_worker([](Worker& worker) { worker.collect(); });
    each_worker([](Worker& worker) { worker.drop_blocks(); });
  };
  const auto close = [&] {
    each_worker([this](Worker& worker) { worker.end_borrows(model_->root()); });
    model_->close(model_->root(), [&] {
      if (!model_->manager().close().ok()) differs(at, "close did not succeed");
    });
  };
  if (order == 0) {
    drop_blocks();
    close();
  } else {
    close();
    check();
    if (order == 2) model_->destroy_manager();
    each_worker([](Worker& worker) { worker.drop_scopes(); });
    drop_blocks();
  }
  each_worker([](Worker& worker) { worker.drop_scopes(); });
  each_worker([](Worker& worker) { worker.drop_scratch(); });
  shared_.clear();
  model_->check_empty(at);
}

}  // namespace

void run_scope_round(std::uint64_t seed, std::uint64_t threads, Limit& limit, Totals& totals) {
  Round(seed, threads).run(limit, totals);
}

}  // namespace frys::torture
