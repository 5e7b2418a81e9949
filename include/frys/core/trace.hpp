// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Spans, written as Chrome trace events that chrome://tracing and ui.perfetto.dev open.
//
//   frys::Tracer tracer;
//   { frys::Span span(&tracer, "embed", "step"); work(); }
//   frys::Status status = tracer.write_chrome_json("trace.json");

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "frys/core/clock.hpp"
#include "frys/core/status.hpp"

namespace frys {

/// Collects finished spans in memory, at most `capacity`; later ones are dropped and counted.
/// Threads: safe. Cost of a span: two clock reads, one short lock.
class FRYS_API Tracer {
 public:
  explicit Tracer(const Clock& clock = system_clock(), std::size_t capacity = 1 << 16);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Adds a span that began at `start_ns` of `clock()` and lasted `duration_ns`. `lane` names the
  /// row it is drawn in; empty means the calling thread.
  void add(std::string_view name, std::string_view category, std::int64_t start_ns,
           std::int64_t duration_ns, std::string_view lane = {}) noexcept;

  [[nodiscard]] const Clock& clock() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::size_t dropped() const noexcept;

  /// The spans as a JSON object {"traceEvents": […]}, times in microseconds.
  [[nodiscard]] std::string to_chrome_json() const;
  /// Writes `to_chrome_json()` to `path`. Errors: io_error (names the path and the reason).
  Status write_chrome_json(const std::string& path) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A span from construction to destruction. A null tracer costs one branch. The names must live
/// until the destructor runs.
class Span {
 public:
  Span(Tracer* tracer, std::string_view name, std::string_view category) noexcept
      : tracer_(tracer), name_(name), category_(category) {
    if (tracer_ != nullptr) start_ns_ = tracer_->clock().now_ns();
  }
  ~Span() {
    if (tracer_ != nullptr) {
      tracer_->add(name_, category_, start_ns_, tracer_->clock().now_ns() - start_ns_);
    }
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

 private:
  Tracer* tracer_;
  std::string_view name_;
  std::string_view category_;
  std::int64_t start_ns_ = 0;
};

}  // namespace frys
