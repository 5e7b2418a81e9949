// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/trace.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "core/file.hpp"
#include "core/json_text.hpp"

namespace frys {
namespace {

struct Event {
  std::string name;
  std::string category;
  std::int64_t start_ns;
  std::int64_t duration_ns;
  std::uint32_t lane;
};

std::string thread_lane() {
  char name[16] = {};  // The kernel's limit, its terminating zero included.
  pthread_getname_np(pthread_self(), name, sizeof name);
  return std::string(name) + " " + std::to_string(::gettid());
}

void append_event(std::string& out, const Event& event) {
  out.append("{\"ph\":\"X\",\"pid\":1,\"tid\":").append(std::to_string(event.lane));
  out.append(",\"ts\":");
  detail::append_json_number(out, static_cast<double>(event.start_ns) / 1000.0);
  out.append(",\"dur\":");
  detail::append_json_number(out, static_cast<double>(event.duration_ns) / 1000.0);
  out.append(",\"name\":");
  detail::append_json_string(out, event.name);
  out.append(",\"cat\":");
  detail::append_json_string(out, event.category);
  out.append("}");
}

void append_lane_name(std::string& out, std::uint32_t lane, std::string_view name) {
  out.append("{\"ph\":\"M\",\"pid\":1,\"name\":\"thread_name\",\"tid\":");
  out.append(std::to_string(lane)).append(",\"args\":{\"name\":");
  detail::append_json_string(out, name);
  out.append("}}");
}

}  // namespace

struct Tracer::Impl {
  const Clock& clock;
  std::size_t capacity;
  mutable std::mutex mutex;
  std::vector<Event> events;
  std::map<std::string, std::uint32_t, std::less<>> lanes;
  std::atomic<std::size_t> dropped{0};
};

Tracer::Tracer(const Clock& clock, std::size_t capacity)
    : impl_(new Impl{clock, capacity, {}, {}, {}, {}}) {}
Tracer::~Tracer() = default;

void Tracer::add(std::string_view name, std::string_view category, std::int64_t start_ns,
                 std::int64_t duration_ns, std::string_view lane) noexcept {
  try {
    const std::string own_lane = lane.empty() ? thread_lane() : std::string(lane);
    Event event{std::string(name), std::string(category), start_ns, duration_ns, 0};
    const std::lock_guard lock(impl_->mutex);
    if (impl_->events.size() < impl_->capacity) {
      const auto next = static_cast<std::uint32_t>(impl_->lanes.size() + 1);
      event.lane = impl_->lanes.emplace(own_lane, next).first->second;
      impl_->events.push_back(std::move(event));
      return;
    }
  } catch (const std::bad_alloc&) {
    // A trace is a luxury: a span without memory is counted as dropped like one past the capacity.
  }
  impl_->dropped.fetch_add(1, std::memory_order_relaxed);
}

const Clock& Tracer::clock() const noexcept { return impl_->clock; }

std::size_t Tracer::size() const noexcept {
  const std::lock_guard lock(impl_->mutex);
  return impl_->events.size();
}

std::size_t Tracer::dropped() const noexcept { return impl_->dropped.load(); }

std::string Tracer::to_chrome_json() const {
  const std::lock_guard lock(impl_->mutex);
  std::string out = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
  std::string_view separator = "\n";
  for (const auto& [name, lane] : impl_->lanes) {
    out.append(separator);
    append_lane_name(out, lane, name);
    separator = ",\n";
  }
  for (const Event& event : impl_->events) {
    out.append(separator);
    append_event(out, event);
    separator = ",\n";
  }
  return out.append("\n]}\n");
}

Status Tracer::write_chrome_json(const std::string& path) const {
  return detail::write_file(path, to_chrome_json());
}

}  // namespace frys
