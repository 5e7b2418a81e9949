// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/trace_recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <utility>

#include "core/file.hpp"
#include "frys/memory/scope.hpp"
#include "memory/block.hpp"
#include "memory/trace_format.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

// Tells threads apart, also those whose system's number was another's before. 0: not asked yet.
std::atomic<std::uint64_t> threads_seen{0};
constinit thread_local std::uint64_t this_thread = 0;

}  // namespace

Status TraceRecorder::open(const std::string& path, const Clock& clock) noexcept {
  try {
    const std::lock_guard file_lock(file_mutex_);
    const std::lock_guard lock(mutex_);
    if (descriptor_ >= 0) {
      return {ErrorCode::failed_precondition,
              "allocations are being recorded into " + path_ + "; stop that first"};
    }
    path_ = path;
    buffer_.clear();
    buffer_.reserve(buffer_bytes * 2);
    writing_.clear();
    writing_.reserve(buffer_bytes * 2);
    descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) return io_error("cannot create", path, errno);
    buffer_ = trace_magic;
    buffer_ += static_cast<char>(trace_version);
    hash_ = fnv_start;
    clock_ = &clock;
    last_ns_ = clock.now_ns();
    records_ = scopes_ = 0;
    blocks_ = 0;
    failure_ = {};
    recording_ = true;
    return {};
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Status TraceRecorder::stop() noexcept {
  on_.store(false, std::memory_order_relaxed);
  try {
    const std::lock_guard file_lock(file_mutex_);
    if (descriptor_ < 0) {
      return {ErrorCode::failed_precondition, "allocations are not being recorded"};
    }
    put_end();
    const std::lock_guard lock(mutex_);
    recording_ = false;
    const int descriptor = std::exchange(descriptor_, -1);
    if (::close(descriptor) != 0 && failure_.ok())
      failure_ = io_error("cannot close", path_, errno);
    scope_numbers_ = {};
    block_numbers_ = {};
    thread_numbers_ = {};
    buffer_ = {};
    writing_ = {};
    clock_ = nullptr;
    return std::exchange(failure_, {});
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

void TraceRecorder::hold_for_fork() noexcept {
  file_mutex_.lock();
  mutex_.lock();
}

void TraceRecorder::let_go_after_fork() noexcept {
  mutex_.unlock();
  file_mutex_.unlock();
}

void TraceRecorder::abandon_in_child() noexcept {
  on_.store(false, std::memory_order_relaxed);
  recording_ = false;
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

// Under the file's lock, once nobody appends any more.
void TraceRecorder::put_end() {
  {
    const std::lock_guard lock(mutex_);
    if (!recording_) return;
    recording_ = false;
    const std::uint64_t before = records_;
    begin_record(trace_end);
    put(before);
  }
  write_out();
  std::string sum;
  for (int shift = 0; shift < 64; shift += 8) sum += static_cast<char>(hash_ >> shift);
  const std::lock_guard lock(mutex_);
  if (!failure_.ok()) return;
  failure_ = write_all(descriptor_, path_, sum);
}

template <typename Append>
void TraceRecorder::record(Append&& append) noexcept {
  const std::lock_guard lock(mutex_);
  if (!recording_) return;
  try {
    append();
  } catch (const std::bad_alloc&) {
    fail(Status::out_of_memory());
  }
  waiting_bytes_.store(buffer_.size(), std::memory_order_relaxed);
}

// Under the lock.
void TraceRecorder::fail(Status why) noexcept {
  recording_ = false;
  on_.store(false, std::memory_order_relaxed);
  if (failure_.ok()) failure_ = std::move(why);
}

void TraceRecorder::begin_record(MemoryEventKind kind) {
  begin_record(static_cast<std::uint8_t>(kind));
}

void TraceRecorder::begin_record(std::uint8_t kind) {
  const std::uint32_t thread = thread_number();
  buffer_ += static_cast<char>(kind | (std::min(thread, thread_behind) << 4));
  if (thread >= thread_behind) put(thread - thread_behind);
  const std::int64_t now_ns = clock_->now_ns();
  put(static_cast<std::uint64_t>(std::max<std::int64_t>(now_ns - last_ns_, 0)));
  last_ns_ = std::max(now_ns, last_ns_);
  ++records_;
}

void TraceRecorder::put(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) buffer_ += static_cast<char>(number | 0x80);
  buffer_ += static_cast<char>(number);
}

std::uint32_t TraceRecorder::thread_number() {
  if (this_thread == 0) this_thread = threads_seen.fetch_add(1, std::memory_order_relaxed) + 1;
  const auto next = static_cast<std::uint32_t>(thread_numbers_.size());
  return thread_numbers_.try_emplace(this_thread, next).first->second;
}

const std::uint32_t* TraceRecorder::number_of(const ScopeNode* scope) const {
  const auto found = scope_numbers_.find(scope);
  return found == scope_numbers_.end() ? nullptr : &found->second;
}

void TraceRecorder::opened(const ScopeNode* scope, const ScopeNode* parent, std::string_view name,
                           std::size_t budget_bytes) noexcept {
  record([&] {
    const std::uint32_t* above = parent != nullptr ? number_of(parent) : nullptr;
    const std::uint64_t parent_field = above != nullptr ? std::uint64_t{*above} + 1 : 0;
    // The address may have been another's.
    scope_numbers_.insert_or_assign(scope, scopes_);
    begin_record(MemoryEventKind::opened);
    put(parent_field);
    put(budget_bytes == unlimited_bytes ? 0 : std::uint64_t{budget_bytes} + 1);
    put(name.size());
    buffer_ += name;
    ++scopes_;
  });
}

void TraceRecorder::closed(const ScopeNode* scope) noexcept {
  record([&] {
    const std::uint32_t* number = number_of(scope);
    if (number == nullptr) return;
    begin_record(MemoryEventKind::closed);
    put(*number);
  });
}

void TraceRecorder::allocated(const ScopeNode* scope, const Block* block,
                              std::size_t bytes) noexcept {
  record([&] {
    const std::uint32_t* number = number_of(scope);
    if (number == nullptr) return;
    block_numbers_.insert_or_assign(block, blocks_);
    begin_record(MemoryEventKind::allocated);
    put(*number);
    put(bytes);
    ++blocks_;
  });
  write_when_full();
}

void TraceRecorder::freed(const Block* block) noexcept {
  record([&] {
    const auto known = block_numbers_.find(block);
    if (known == block_numbers_.end()) {
      begin_record(MemoryEventKind::freed_old);
      put(block->size_bytes);
      return;
    }
    begin_record(MemoryEventKind::freed);
    put(blocks_ - known->second);
    block_numbers_.erase(known);
  });
  write_when_full();
}

void TraceRecorder::reserved(const ScopeNode* scope, std::size_t bytes) noexcept {
  record([&] {
    const std::uint32_t* number = number_of(scope);
    if (number == nullptr) return;
    begin_record(MemoryEventKind::reserved);
    put(*number);
    put(bytes);
  });
  write_when_full();
}

void TraceRecorder::refused(const ScopeNode* scope, std::size_t bytes, bool by_system) noexcept {
  record([&] {
    const std::uint32_t* number = number_of(scope);
    if (number == nullptr) return;
    begin_record(MemoryEventKind::refused);
    put(*number);
    put(bytes);
    put(by_system ? 1 : 0);
  });
  write_when_full();
}

void TraceRecorder::write_when_full() noexcept {
  if (waiting_bytes_.load(std::memory_order_relaxed) < buffer_bytes) return;
  const std::lock_guard file_lock(file_mutex_);
  if (waiting_bytes_.load(std::memory_order_relaxed) >= buffer_bytes) write_out();
}

// Under the file's lock.
void TraceRecorder::write_out() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (descriptor_ < 0 || !failure_.ok()) return;
    std::swap(buffer_, writing_);
    buffer_.clear();
    waiting_bytes_.store(0, std::memory_order_relaxed);
  }
  hash_ = fnv_1a(hash_, writing_);
  Status status;
  try {
    status = write_all(descriptor_, path_, writing_);
  } catch (const std::bad_alloc&) {
    status = Status::out_of_memory();
  }
  if (status.ok()) return;
  const std::lock_guard lock(mutex_);
  fail(std::move(status));
}

}  // namespace frys::detail
