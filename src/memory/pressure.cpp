// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "memory/pressure.hpp"

namespace frys {
namespace detail {
namespace {

constinit thread_local bool in_handler = false;

std::size_t run(PressureHandler& handler, const MemoryPressure& pressure) noexcept {
  in_handler = true;
  std::size_t freed = 0;
  try {
    freed = handler(pressure);
  } catch (...) {
    // A host's handler; the others may still help.
  }
  in_handler = false;
  return freed;
}

}  // namespace

bool PressureChain::inside_handler() noexcept { return in_handler; }

PressureRegistration PressureChain::add(PressureHandler handler, int priority) {
  PressureRegistration registration;
  auto entry = std::make_shared<PressureEntry>();
  entry->handler = std::move(handler);
  const std::lock_guard lock(mutex_);
  entry->place = {.priority = priority, .turn = ++last_turn_};
  entries_.emplace(entry->place, entry);
  registration.chain_ = shared_from_this();
  registration.entry_ = std::move(entry);
  return registration;
}

void PressureChain::remove(const PressureEntry& entry) noexcept {
  std::unique_lock lock(mutex_);
  entries_.erase(entry.place);
  // Two handlers that took each other off would wait for ever.
  if (!in_handler) ended_.wait(lock, [&entry] { return entry.running == 0; });
}

void PressureChain::forget_others_in_child() noexcept {
  if (in_handler) return;  // One of them is this thread's; who waits for it is not here.
  for (auto& [place, entry] : entries_) entry->running = 0;
}

bool PressureChain::call_next(PressurePlace& place, const MemoryPressure& pressure,
                              std::size_t& freed) noexcept {
  std::shared_ptr<PressureEntry> entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.upper_bound(place);
    if (found == entries_.end()) return false;
    place = found->first;
    entry = found->second;
    ++entry->running;
  }
  freed = run(entry->handler, pressure);
  const std::lock_guard lock(mutex_);
  if (--entry->running == 0) ended_.notify_all();
  return true;
}

}  // namespace detail

void PressureRegistration::reset() noexcept {
  if (entry_ != nullptr) chain_->remove(*entry_);
  entry_.reset();
  chain_.reset();
}

}  // namespace frys
