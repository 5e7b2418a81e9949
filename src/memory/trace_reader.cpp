// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "core/file.hpp"
#include "frys/memory/scope.hpp"
#include "frys/memory/trace.hpp"
#include "memory/os_memory.hpp"
#include "memory/size_class.hpp"
#include "memory/trace_format.hpp"

namespace frys {
namespace {

using detail::thread_behind;
using detail::trace_end;
using detail::trace_magic;

// More than any machine has; keeps all sums below 2^63.
constexpr std::uint64_t most_time_ns = std::uint64_t{1} << 62;
constexpr std::uint64_t most_threads = std::uint64_t{1} << 16;

/// Reads one trace. Every member that reads says false once something is wrong, and then `problem`
/// and `at` say what and where.
class Parser {
 public:
  Parser(std::string_view bytes, MemoryTrace& trace) : bytes_(bytes), trace_(trace) {}

  bool parse() {
    if (!header()) return false;
    for (;;) {
      record_at_ = at_;
      if (at_ == bytes_.size()) return wrong("the trace ends before its end record: cut off");
      const auto first = static_cast<unsigned char>(bytes_[at_++]);
      if ((first & 15) == trace_end) return end();
      if (!event(first)) return false;
    }
  }
  [[nodiscard]] std::string message(const std::string& name) const {
    return name + ": byte " + std::to_string(record_at_) + ": " + problem_;
  }

 private:
  bool wrong(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  bool header() {
    if (!bytes_.starts_with(trace_magic) || bytes_.size() == trace_magic.size()) {
      return wrong("this is not an allocation trace, which begins with \"" +
                   std::string(trace_magic) + "\" and a version");
    }
    at_ = trace_magic.size();
    const auto version = static_cast<unsigned char>(bytes_[at_++]);
    if (version == detail::trace_version) return true;
    return wrong("the trace has version " + std::to_string(version) + ", this reads version " +
                 std::to_string(detail::trace_version));
  }

  bool number(const char* what, std::uint64_t most, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at_ == bytes_.size()) return wrong(std::string(what) + " is cut off");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      if (shift > 63 || (shift == 63 && byte > 1)) {
        return wrong(std::string(what) + " is longer than 64 bits");
      }
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) break;
    }
    if (value <= most) return true;
    return wrong(std::string(what) + " is " + std::to_string(value) + ", at most " +
                 std::to_string(most) + " is possible here");
  }

  bool event(unsigned char first) {
    MemoryEvent event;
    std::uint64_t thread = first >> 4;
    if (thread == thread_behind && !number("the thread", most_threads, thread)) return false;
    if ((first >> 4) == thread_behind) thread += thread_behind;
    // Numbered as they come: each is known or the next.
    if (thread > trace_.threads) {
      return wrong("thread " + std::to_string(thread) + " comes before thread " +
                   std::to_string(trace_.threads));
    }
    event.thread = static_cast<std::uint32_t>(thread);
    trace_.threads = std::max(trace_.threads, event.thread + 1);
    std::uint64_t delta_ns = 0;
    if (!number("the time", most_time_ns - time_ns_, delta_ns)) return false;
    time_ns_ += delta_ns;
    event.time_ns = static_cast<std::int64_t>(time_ns_);
    event.kind = static_cast<MemoryEventKind>(first & 15);
    if (!fields(event)) return false;
    trace_.events.push_back(event);
    return true;
  }

  bool fields(MemoryEvent& event) {
    switch (event.kind) {
      case MemoryEventKind::opened:
        return opened(event);
      case MemoryEventKind::closed:
        return scope(event) && close(event.scope);
      case MemoryEventKind::allocated:
        return scope(event) && size(event) && allocated(event);
      case MemoryEventKind::freed:
        return freed(event);
      case MemoryEventKind::freed_old:
        return size(event);
      case MemoryEventKind::reserved:
        return scope(event) && size(event);
      case MemoryEventKind::refused:
        return scope(event) && size(event) && refused(event);
    }
    return wrong("there is no record of kind " + std::to_string(static_cast<int>(event.kind)));
  }

  bool opened(MemoryEvent& event) {
    if (trace_.scopes.size() == no_scope_number) return wrong("there are too many scopes");
    MemoryTraceScope scope;
    std::uint64_t parent = 0;
    std::uint64_t budget = 0;
    std::uint64_t length = 0;
    if (!number("the parent", trace_.scopes.size(), parent) ||
        !number("the budget", std::uint64_t(-1), budget) ||
        !number("the name's length", bytes_.size() - at_, length)) {
      return false;
    }
    if (length > bytes_.size() - at_) return wrong("the name is cut off");
    if (length == 0) return wrong("the name is empty");
    if ((parent == 0) != trace_.scopes.empty()) {
      return wrong("the first scope, and no other, has no parent");
    }
    if (parent != 0) {
      scope.parent = static_cast<std::uint32_t>(parent - 1);
      if (!open_[scope.parent]) return wrong("the parent is closed");
    }
    scope.name = bytes_.substr(at_, length);
    at_ += length;
    scope.budget_bytes = budget == 0 ? unlimited_bytes : budget - 1;
    event.scope = static_cast<std::uint32_t>(trace_.scopes.size());
    trace_.scopes.push_back(std::move(scope));
    open_.push_back(true);
    return true;
  }

  bool close(std::uint32_t scope) {
    if (!open_[scope]) return wrong("scope " + std::to_string(scope) + " is closed twice");
    open_[scope] = false;
    return true;
  }

  bool scope(MemoryEvent& event) {
    if (trace_.scopes.empty()) return wrong("no scope was opened before");
    std::uint64_t scope = 0;
    if (!number("the scope", trace_.scopes.size() - 1, scope)) return false;
    event.scope = static_cast<std::uint32_t>(scope);
    return true;
  }

  bool size(MemoryEvent& event) {
    return number("the number of bytes", detail::max_request_bytes, event.bytes);
  }

  bool allocated(MemoryEvent& event) {
    live_bytes_ += detail::units_of(event.bytes) * detail::unit_bytes;
    if (live_bytes_ > detail::max_request_bytes) return wrong("more is live than can be addressed");
    event.block = trace_.blocks++;
    blocks_.push_back({event.bytes, event.scope, true});
    return true;
  }

  bool freed(MemoryEvent& event) {
    if (trace_.blocks == 0) return wrong("no block was allocated before");
    std::uint64_t back = 0;
    if (!number("the block", trace_.blocks, back)) return false;
    if (back == 0 || !blocks_[trace_.blocks - back].live) {
      return wrong("the block freed is not allocated");
    }
    event.block = trace_.blocks - back;
    BlockSeen& block = blocks_[event.block];
    block.live = false;
    event.bytes = block.bytes;
    event.scope = block.scope;
    live_bytes_ -= detail::units_of(event.bytes) * detail::unit_bytes;
    return true;
  }

  bool refused(MemoryEvent& event) {
    std::uint64_t by_system = 0;
    if (!number("who refused", 1, by_system)) return false;
    event.by_system = by_system == 1;
    return true;
  }

  bool end() {
    std::uint64_t ignored = 0;
    std::uint64_t records = 0;
    const unsigned first = static_cast<unsigned char>(bytes_[at_ - 1]) >> 4;
    if (first == thread_behind && !number("the thread", most_threads, ignored)) return false;
    if (!number("the time", most_time_ns, ignored) ||
        !number("the number of records", std::uint64_t(-1), records)) {
      return false;
    }
    if (records != trace_.events.size()) {
      return wrong("the end tells of " + std::to_string(records) + " records, there are " +
                   std::to_string(trace_.events.size()));
    }
    if (bytes_.size() - at_ != 8) return wrong("eight bytes of checksum must follow and no more");
    std::uint64_t sum = 0;
    for (unsigned i = 0; i < 8; ++i) {
      sum |= std::uint64_t{static_cast<unsigned char>(bytes_[at_ + i])} << (8 * i);
    }
    if (sum == detail::fnv_1a(detail::fnv_start, bytes_.substr(0, at_))) return true;
    return wrong("the checksum is another: bytes before were changed");
  }

  struct BlockSeen {
    std::uint64_t bytes;
    std::uint32_t scope;
    bool live;
  };

  std::string_view bytes_;
  MemoryTrace& trace_;
  std::size_t at_ = 0;
  std::size_t record_at_ = 0;
  std::uint64_t time_ns_ = 0;
  std::uint64_t live_bytes_ = 0;
  std::vector<bool> open_;
  std::vector<BlockSeen> blocks_;
  std::string problem_;
};

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace

Result<MemoryTrace> MemoryTrace::parse(std::span<const std::byte> bytes, const std::string& name) {
  try {
    MemoryTrace trace;
    Parser parser({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, trace);
    if (parser.parse()) return trace;
    return Status(ErrorCode::corruption, parser.message(name));
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<MemoryTrace> MemoryTrace::read(const std::string& path) {
  try {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
    if (file == nullptr) return detail::io_error("cannot read", path, errno);
    std::vector<std::byte> bytes;
    std::size_t used = 0;
    for (std::size_t got = 1; got != 0; used += got) {
      bytes.resize(std::max<std::size_t>(used * 2, std::size_t{64} << 10));
      got = std::fread(bytes.data() + used, 1, bytes.size() - used, file.get());
    }
    if (std::ferror(file.get()) != 0) return detail::io_error("cannot read", path, errno);
    return parse(std::span(bytes).first(used), path);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

std::uint64_t MemoryTrace::peak_bytes() const noexcept {
  std::uint64_t live = 0;
  std::uint64_t peak = 0;
  for (const MemoryEvent& event : events) {
    const std::uint64_t size = detail::units_of(event.bytes) * detail::unit_bytes;
    if (event.kind == MemoryEventKind::allocated) peak = std::max(peak, live += size);
    if (event.kind == MemoryEventKind::freed) live -= size;
  }
  return peak;
}

}  // namespace frys
