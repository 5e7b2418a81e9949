// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Writes what the scopes of one tree do into a file.
//
// While it is on, no thread has credit (scope_credit.cpp), so every request and every release asks
// the tree and passes here; off, the warm path knows nothing of it. A record is appended to a
// buffer under one lock, so all records are in one order: a release is noted before the block can
// be given again. Who finds the buffer full writes it out, while others go on filling the next.
// What fails, the disk or the heap, is kept for `stop` and ends the recording; nobody else notices.
//
// Lock order: the file, the records. Those of scopes come under the tree's lock, which is before
// both, and never write.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "frys/core/clock.hpp"
#include "frys/core/status.hpp"
#include "frys/memory/trace.hpp"

namespace frys::detail {

class ScopeNode;
struct Block;

class TraceRecorder {
 public:
  TraceRecorder() = default;
  ~TraceRecorder() { static_cast<void>(stop()); }
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;

  [[nodiscard]] bool on() const noexcept { return on_.load(std::memory_order_relaxed); }

  /// Makes or replaces the file; nothing is recorded before `begin`. The clock must live until
  /// `stop`. Errors: failed_precondition (is open already), io_error, out_of_memory.
  Status open(const std::string& path, const Clock& clock) noexcept;
  /// From now on it is on. Under the tree's lock, once its open scopes are noted.
  void begin() noexcept { on_.store(true, std::memory_order_relaxed); }
  /// Writes the rest and closes the file. Errors: failed_precondition (is not open), and what
  /// failed meanwhile: io_error, out_of_memory.
  Status stop() noexcept;

  // Under the tree's lock.
  void opened(const ScopeNode* scope, const ScopeNode* parent, std::string_view name,
              std::size_t budget_bytes) noexcept;
  void closed(const ScopeNode* scope) noexcept;

  // These may write to the file.
  void allocated(const ScopeNode* scope, const Block* block, std::size_t bytes) noexcept;
  /// Before the block can be given again.
  void freed(const Block* block) noexcept;
  void reserved(const ScopeNode* scope, std::size_t bytes) noexcept;
  void refused(const ScopeNode* scope, std::size_t bytes, bool by_system) noexcept;
  /// Opening and closing scopes only fills the buffer.
  void write_when_full() noexcept;

  void hold_for_fork() noexcept;
  void let_go_after_fork() noexcept;
  /// The file is the parent's.
  void abandon_in_child() noexcept;

 private:
  template <typename Append>
  void record(Append&& append) noexcept;
  void begin_record(MemoryEventKind kind);
  void begin_record(std::uint8_t kind);
  void put(std::uint64_t number);
  /// Null, and nothing to record, for scopes that were closed before.
  const std::uint32_t* number_of(const ScopeNode* scope) const;
  std::uint32_t thread_number();
  void fail(Status why) noexcept;
  void write_out() noexcept;
  void put_end();

  std::atomic<bool> on_{false};
  std::atomic<std::size_t> waiting_bytes_{0};  ///< In `buffer_`, for who asks without the lock.

  std::mutex file_mutex_;  ///< Held to write, so that buffers are written in order.
  std::string writing_;
  std::uint64_t hash_ = 0;
  int descriptor_ = -1;

  std::mutex mutex_;  ///< Guards what follows.
  bool recording_ = false;
  std::string path_;
  std::string buffer_;
  const Clock* clock_ = nullptr;
  std::int64_t last_ns_ = 0;
  std::uint64_t records_ = 0;
  std::uint32_t scopes_ = 0;
  std::uint64_t blocks_ = 0;
  std::unordered_map<const ScopeNode*, std::uint32_t> scope_numbers_;
  std::unordered_map<const Block*, std::uint64_t> block_numbers_;
  std::unordered_map<std::uint64_t, std::uint32_t> thread_numbers_;
  Status failure_;
};

}  // namespace frys::detail
