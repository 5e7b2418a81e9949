// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// A process that the system gives only so much memory: it allocates until it is refused. That must
// be told as a Status, after which all that was given can be used, given back and had again.
// usage: frys_memory_limits address-space|data|cgroup

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "frys/core/machine.hpp"
#include "frys/memory/manager.hpp"
#include "trust/expect.hpp"

namespace frys::trust {
namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t limit_bytes = 192 * mib;

// Bytes of address space, or of private writable pages, that the process has now.
std::size_t used_bytes(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == field && status >> kib) return kib * 1024;
  }
  return 0;
}

bool limit(int resource, const char* field) {
  const rlim_t most = used_bytes(field) + limit_bytes;
  const rlimit wanted{most, most};
  return ::setrlimit(resource, &wanted) == 0;
}

/// A memory cgroup (version 2) of this process's own, gone with the object.
class Cgroup {
 public:
  bool join() {
    std::ifstream self("/proc/self/cgroup");
    std::string line;
    while (std::getline(self, line) && !line.starts_with("0::")) {
    }
    if (!line.starts_with("0::")) return false;
    above_ = "/sys/fs/cgroup" + line.substr(3);
    path_ = above_ / ("frys-limits-" + std::to_string(::getpid()));
    std::error_code error;
    if (!std::filesystem::create_directory(path_, error)) return false;
    // Where it is a mere folder, or the memory controller is not ours to use, the kernel put no
    // such file into it.
    if (!std::filesystem::exists(path_ / "memory.max", error)) return false;
    // Without swap, so that the limit is one.
    write(path_ / "memory.swap.max", "0");
    joined_ = write(path_ / "memory.max", std::to_string(limit_bytes)) &&
              write(path_ / "cgroup.procs", std::to_string(::getpid()));
    return joined_;
  }
  ~Cgroup() {
    if (path_.empty()) return;
    if (joined_) write(above_ / "cgroup.procs", std::to_string(::getpid()));
    ::rmdir(path_.c_str());
  }

 private:
  static bool write(const std::filesystem::path& file, const std::string& text) {
    std::ofstream stream(file);
    stream << text << std::flush;
    return stream.good();
  }
  std::filesystem::path above_;
  std::filesystem::path path_;
  bool joined_ = false;
};

// Takes blocks of `bytes` until one is refused; every byte of each is written.
Status take_all(const MemoryScope& scope, std::size_t bytes, std::vector<Storage>& held) {
  for (;;) {
    Result<Storage> block = scope.allocate(bytes);
    if (!block) return block.error();
    std::memset(block->data(), 1, bytes);
    held.push_back(*std::move(block));
  }
}

// Budgets refuse only where the budget was made from the limit.
void use_up(std::size_t budget_bytes, ErrorCode expected) {
  Result<TensorMemoryManager> memory =
      TensorMemoryManager::create({.budget_bytes = budget_bytes}, {});
  if (!expect(bool(memory), "there is a manager")) return;
  const MemoryScope root = memory->root();
  std::vector<Storage> held;
  held.reserve(16 * 1024);  // for the blocks of 64 KiB, so that the heap is not asked at the end
  for (const std::size_t bytes : {4 * mib, std::size_t{64} << 10, 300 * mib}) {
    const Status status = take_all(root, bytes, held);
    expect(status == expected, "blocks of " + std::to_string(bytes) + " bytes end with " +
                                   std::string(to_string(expected)) + ", not " +
                                   status.to_string());
    const std::size_t live = root.stats().live_bytes;
    expect(bytes > 64 * mib || live >= limit_bytes / 4,
           "a good part could be had, not " + std::to_string(live) + " bytes");
    if (bytes <= mib) expect(!root.reserve(bytes).ok(), "nothing can be made ready any more");
    held.clear();
    expect(root.stats().live_bytes == 0, "all was given back");
  }
  expect(bool(root.allocate(mib)), "what was given back can be had again");
  memory->trim();
  expect(memory->close().ok(), "the manager closes");
}

int run(const std::string& what) {
  constexpr std::size_t huge_budget = std::size_t{1} << 40;
  if (what == "address-space") {
    if (!limit(RLIMIT_AS, "VmSize:")) return skipped_code;
    use_up(huge_budget, ErrorCode::out_of_memory);
  } else if (what == "data") {
    if (!limit(RLIMIT_DATA, "VmData:")) return skipped_code;
    use_up(huge_budget, ErrorCode::out_of_memory);
  } else if (what == "cgroup") {
    Cgroup cgroup;
    if (!cgroup.join()) {
      std::puts("skipped: no memory cgroup of version 2 can be made here");
      return skipped_code;
    }
    expect(machine().memory_bytes <= limit_bytes, "the machine is as large as the cgroup allows");
    use_up(0, ErrorCode::budget_exceeded);
  } else {
    std::fprintf(stderr, "usage: frys_memory_limits address-space|data|cgroup\n");
    return 2;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace frys::trust

int main(int count, char** words) { return frys::trust::run(count == 2 ? words[1] : ""); }
