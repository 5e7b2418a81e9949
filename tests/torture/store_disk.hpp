// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The disk under a store, in a program that takes the place of the calls that change files
// (store_disk.cpp): each is a step at which the process can be made to end or be refused, and it is
// known how much of every file is on the device. What is known lies in memory that a parent and its
// children share, so that it outlives them.

#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>

namespace frys::torture {

/// Where in its last step a process ends. `within`: a part of the bytes is written.
enum class StepEnd : std::uint8_t { before, within, after };

/// What a step does; values are bits.
enum Change : std::uint8_t { change_bytes = 1, change_sync = 2, change_names = 4 };

/// Threads: safe, and so for processes; what is planned, by one at a time.
class Disk {
 public:
  /// The one of this program and of all that it forks.
  static Disk& shared();

  /// From now on this process's calls are steps.
  void watch() noexcept;
  /// How many steps there were in all.
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_.load(); }

  /// Ends the process with SIGKILL at the `nth` step from now; 1 is the next.
  void kill_at(std::uint64_t nth, StepEnd end, std::uint64_t seed) noexcept;
  /// Refuses steps of the kinds `changes` with `error`, from the `nth` from now to `times` − 1
  /// after it. A full disk (ENOSPC) takes a part of the first.
  void refuse(std::uint64_t nth, std::uint64_t times, std::uint8_t changes, int error) noexcept;
  /// Steps refused so far.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(); }
  /// No more ends or refusals.
  void be_good() noexcept;

  /// Nothing is on the device. While nobody else uses it.
  void clear() noexcept;
  /// The machine goes down: cuts the files in `folder` to what is on the device.
  void go_down(const std::string& folder) const;

  /// For the calls themselves.
  template <typename Call>
  long change(Change kind, std::size_t bytes, Call&& call) noexcept;
  [[nodiscard]] static bool watched() noexcept;
  void note(ino_t inode, off_t bytes) noexcept;
  void forget(const char* path) noexcept;
  void cut(ino_t inode, off_t bytes) noexcept;

 private:
  struct File {
    std::atomic<ino_t> inode{0};  // 0: free.
    std::atomic<off_t> bytes{0};  // On the device.
  };
  static constexpr std::size_t most_files = std::size_t{1} << 15;

  File* find(ino_t inode, bool add) noexcept;
  [[nodiscard]] off_t on_device(ino_t inode) const noexcept;

  std::atomic<std::uint64_t> steps_{0};
  std::atomic<std::uint64_t> last_step_{0};  // 0: none.
  std::atomic<std::uint64_t> part_seed_{0};
  std::atomic<StepEnd> end_{StepEnd::before};
  std::atomic<std::uint64_t> refuse_from_{0};
  std::atomic<std::uint64_t> refuse_before_{0};
  std::atomic<std::uint8_t> refuse_changes_{0};
  std::atomic<int> refuse_error_{0};
  std::atomic<std::uint64_t> refused_{0};
  File files_[most_files];
};

}  // namespace frys::torture
