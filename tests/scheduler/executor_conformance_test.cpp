// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The thread pool against what every executor must do; what is its own is in thread_pool_test.cpp.

#include <thread>

#include "conformance/executor_suite.hpp"
#include "frys/scheduler/thread_pool.hpp"

namespace frys::testing {
namespace {

template <std::size_t workers>
struct Pool {
  static constexpr bool has_timers = true;
  std::unique_ptr<ThreadPool> pool =
      *ThreadPool::create({.workers = workers, .background_workers = 1});
  Executor& executor() { return *pool; }
  void run_until(FunctionRef<bool()> done) {
    while (!done()) std::this_thread::yield();
  }
};

using OneWorker = Pool<1>;
using FourWorkers = Pool<4>;
INSTANTIATE_TYPED_TEST_SUITE_P(OneWorker, ExecutorConformance, OneWorker);
INSTANTIATE_TYPED_TEST_SUITE_P(FourWorkers, ExecutorConformance, FourWorkers);

}  // namespace
}  // namespace frys::testing
