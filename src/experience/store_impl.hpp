// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What stands behind `ExperienceStore`: its parts in their order, and what its members do. Opening
// and closing are in experience_store.cpp, writing in store_writes.cpp, reading in store_reads.cpp,
// what is of spaces in store_spaces.cpp.

#pragma once

#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "experience/commit_queue.hpp"
#include "experience/index_set.hpp"
#include "experience/lake.hpp"
#include "experience/operation_gate.hpp"
#include "experience/record_codec.hpp"
#include "frys/experience/experience_store.hpp"

namespace frys {

struct ExperienceStore::Impl : std::enable_shared_from_this<Impl> {
  ExperienceStoreOptions options;
  Environment environment;
  std::shared_ptr<const Embedder> embedder;
  std::size_t dimension = 0;        // Of vectors in the space that has no name,
  std::vector<VectorSpace> spaces;  // and the others, by number from 1.
  // Below, each needs those above it.
  std::unique_ptr<detail::ExperienceLake> lake;
  detail::IndexSet indexes;
  detail::PatternIndex* index = nullptr;  // Of these, that which knows every experience.
  std::unique_ptr<detail::CommitQueue> commits;
  detail::OperationGate gate;
  std::mutex close_mutex;
  bool is_closed = false;  // Under close_mutex.
  Status close_status;     // Under close_mutex.
  Counter* stored = nullptr;
  Counter* queried = nullptr;
  LatencyHistogram* store_latency = nullptr;
  LatencyHistogram* find_latency = nullptr;

  Status open();
  Status make_indexes();
  Status add_spaces();
  template <typename T>
  struct Answer;
  struct PreparedWrite;
  Status prepare(const Experience& experience, bool sync, PreparedWrite& prepared,
                 detail::PendingWrite& write) const;
  Status prepare_spaces(const Experience& experience, PreparedWrite& prepared,
                        detail::Addition& addition) const;
  Result<std::vector<ExperienceId>> store(std::span<const Experience> experiences,
                                          const StoreOptions& how);
  Result<ExperienceId> store_one(const Experience& experience, const StoreOptions& how);
  [[nodiscard]] bool wants_sync(const StoreOptions& how) const noexcept {
    return how.durability.value_or(options.durability) == Durability::synced;
  }
  Status change(detail::PendingWrite& write, const StoreOptions& how);
  Status amend(const ExperienceId& id, const Amendment& amendment, const StoreOptions& how);
  Result<std::uint64_t> remove_matching(const ScanQuery& which, const StoreOptions& how);
  Result<ScanRow> look_up(const ExperienceId& id) const;
  Result<SimilarMatches> find(const SimilarityQuery& query) const;
  Result<std::uint8_t> space_of(const SimilarityQuery& query) const;
  Result<SimilarMatches> search(const SimilarityQuery& query, const float* unit,
                                const detail::PatternIndex& in) const;
  Result<ScanPage> scan(const ScanQuery& query) const;
  Result<Experience> get(const ExperienceId& id) const;
  Result<PinnedPayload> payload(const ExperienceId& id) const;
  Result<Tensor> payload_tensor(const ExperienceId& id, const MemoryScope& scope) const;
  template <typename T>
  Status fill(std::vector<T>& rows) const;
  Result<std::vector<float>> vector_of(const Experience& experience) const;
  Result<std::vector<float>> embed(std::string_view text) const;
  void take_description();
  void expire();
  Status close();

  [[nodiscard]] Status closed_error() const noexcept try {
    return Status(ErrorCode::closed,
                  "experience store " + options.path + ": it is closed; open it again");
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }

  /// Runs `call` inside the gate; what it throws becomes a Status.
  template <typename F>
  auto run(LatencyHistogram* latency, detail::OperationGate& through, F&& call) const
      -> decltype(call()) {
    if (!through.enter()) return closed_error();
    struct Leave {
      detail::OperationGate& gate;
      ~Leave() { gate.leave(); }
    } leave{through};
    try {
      if (latency == nullptr) return call();
      const std::int64_t start_ns = environment.clock->now_ns();
      auto result = call();
      latency->record(environment.clock->now_ns() - start_ns);
      return result;
    } catch (const std::bad_alloc&) {
      return Status::out_of_memory();
    } catch (const std::exception& error) {
      return Status(ErrorCode::internal, std::string("experience store: ") + error.what());
    }
  }

  /// Calls `done` with what `call` answers, on the executor, or with why there is no answer.
  template <typename T, typename F>
  void run_later(TaskClass where, LatencyHistogram* latency, UniqueFunction<void(Result<T>)> done,
                 F call) {
    std::shared_ptr<Answer<T>> answer;
    Status status;
    try {
      answer = std::make_shared<Answer<T>>(shared_from_this(), std::move(done));
      status = environment.executor->submit(
          [answer, latency, work = std::move(call)] {
            Impl& self = *answer->store;
            // Outside the gate when `done` runs: it may close the store.
            answer->give(self.run(latency, self.gate, [&] { return work(self); }));
          },
          where);
    } catch (const std::bad_alloc&) {
      status = Status::out_of_memory();
    }
    if (!status.ok()) answer == nullptr ? done(status) : answer->give(status);
  }
};

/// Everything of a write that needs no turn in the line.
struct ExperienceStore::Impl::PreparedWrite {
  detail::EncodedRecord record;
  std::string vector;
  std::vector<float> unit;
  // The same of each space in which there is one.
  std::vector<std::string> in_spaces;
  std::vector<std::vector<float>> units_in_spaces;
  std::vector<detail::EncodedVector> encoded;
  std::vector<detail::SpaceVector> units;
};

/// Calls `done` once, whatever becomes of the task that holds it: an executor that closes destroys
/// those that it has not begun, in the thread that closes it.
template <typename T>
struct ExperienceStore::Impl::Answer {
  Answer(std::shared_ptr<Impl> of, UniqueFunction<void(Result<T>)> callback) noexcept
      : store(std::move(of)), done(std::move(callback)) {}
  ~Answer() {
    if (done) give(store->closed_error());
  }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  void give(Result<T> result) {
    UniqueFunction<void(Result<T>)> once = std::move(done);
    if (once) once(std::move(result));
  }

  const std::shared_ptr<Impl> store;
  UniqueFunction<void(Result<T>)> done;
};

namespace detail {

/// Errors: invalid_argument, unless `value` is from `least` to `most`.
Status check_range(std::string_view name, std::size_t value, std::size_t least, std::size_t most);

}  // namespace detail
}  // namespace frys
