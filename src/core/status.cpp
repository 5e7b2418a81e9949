// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/status.hpp"

#include <atomic>
#include <cstring>
#include <new>

#include "core/first_made.hpp"

namespace frys {

/// Header of one heap block: the message's bytes follow it.
struct Status::Rep {
  std::atomic<std::uint32_t> references;  // 0 for the static ones, which are never freed.
  ErrorCode code;
  std::size_t size;
  const char* text;
};

namespace {

constexpr std::string_view no_memory_text = "the system refused memory";
constexpr std::string_view no_message_text = "(no memory was left for the message)";

constexpr std::string_view code_names[] = {
    "ok",        "invalid_argument", "out_of_memory",     "budget_exceeded",
    "not_found", "already_exists",   "already_open",      "failed_precondition",
    "closed",    "cancelled",        "deadline_exceeded", "unavailable",
    "io_error",  "corruption",       "step_failed",       "internal",
};
constexpr std::size_t code_count = std::size(code_names);

class Category final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "frys"; }
  [[nodiscard]] std::string message(int value) const override {
    return std::string(to_string(static_cast<ErrorCode>(value)));
  }
};

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < code_count ? code_names[index] : "unknown";
}

const std::error_category& error_category() noexcept {
  static constinit detail::Immortal<Category> category;
  return category.object;
}

std::error_code make_error_code(ErrorCode code) noexcept {
  return {static_cast<int>(code), error_category()};
}

Status::Status(ErrorCode code, std::string_view message) noexcept {
  if (code == ErrorCode::ok) return;
  void* block = ::operator new(sizeof(Rep) + message.size(), std::nothrow);
  if (block == nullptr) {
    // One per code, so that the code survives although its message does not.
    static Rep fallback[code_count] = {};
    const auto index = static_cast<std::size_t>(code) % code_count;
    fallback[index].code = code;
    fallback[index].text = no_message_text.data();
    fallback[index].size = no_message_text.size();
    rep_ = &fallback[index];
    return;
  }
  char* text = static_cast<char*>(block) + sizeof(Rep);
  if (!message.empty()) std::memcpy(text, message.data(), message.size());
  rep_ = ::new (block) Rep{{1}, code, message.size(), text};
}

Status Status::out_of_memory() noexcept {
  static Rep rep{{0}, ErrorCode::out_of_memory, no_memory_text.size(), no_memory_text.data()};
  Status status;
  status.rep_ = &rep;
  return status;
}

Status::Status(const Status& other) noexcept : rep_(other.rep_) {
  if (rep_ != nullptr && rep_->references.load(std::memory_order_relaxed) != 0) {
    rep_->references.fetch_add(1, std::memory_order_relaxed);
  }
}

Status& Status::operator=(const Status& other) noexcept {
  Status copy(other);
  return *this = std::move(copy);
}

Status& Status::operator=(Status&& other) noexcept {
  std::swap(rep_, other.rep_);
  return *this;
}

void Status::release() noexcept {
  if (rep_ == nullptr || rep_->references.load(std::memory_order_relaxed) == 0) return;
  if (rep_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    rep_->~Rep();
    ::operator delete(static_cast<void*>(rep_));
  }
}

ErrorCode Status::code() const noexcept { return rep_ == nullptr ? ErrorCode::ok : rep_->code; }

std::string_view Status::message() const noexcept {
  return rep_ == nullptr ? std::string_view() : std::string_view(rep_->text, rep_->size);
}

std::string Status::to_string() const {
  std::string text(frys::to_string(code()));
  if (!ok()) text.append(": ").append(message());
  return text;
}

Status Status::with_context(std::string_view context) const noexcept {
  if (ok()) return {};
  try {
    return {code(), std::string(context).append(": ").append(message())};
  } catch (const std::bad_alloc&) {
    return *this;
  }
}

}  // namespace frys
