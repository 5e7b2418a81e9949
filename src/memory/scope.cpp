// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/scope.hpp"

#include <new>

#include "core/first_made.hpp"
#include "memory/scope_node.hpp"

namespace frys {
namespace {

Status no_scope() noexcept { return {ErrorCode::closed, "the scope handle is empty"}; }

const std::string& no_name() noexcept {
  static constinit detail::FirstMade<std::string> empty;
  return empty.get([]() noexcept { return std::string(); });
}

}  // namespace

void Scratch::give_back() noexcept { node_->give_back_scratch(*this); }

bool Scratch::valid() const noexcept {
  return node_ != nullptr && node_->scratch_generation() == generation_;
}

std::span<std::byte> Scratch::bytes() const noexcept {
  return valid() ? std::span<std::byte>(data_, size_bytes_) : std::span<std::byte>();
}

MemoryScope::MemoryScope(const MemoryScope& other) noexcept : node_(other.node_) {
  if (node_ != nullptr) node_->add_handle();
}

MemoryScope& MemoryScope::operator=(const MemoryScope& other) noexcept {
  return *this = MemoryScope(other);
}

MemoryScope& MemoryScope::operator=(MemoryScope&& other) noexcept {
  if (this == &other) return *this;
  if (node_ != nullptr) node_->drop_handle();
  node_ = std::exchange(other.node_, nullptr);
  return *this;
}

MemoryScope::~MemoryScope() {
  if (node_ != nullptr) node_->drop_handle();
}

const std::string& MemoryScope::name() const noexcept {
  return node_ != nullptr ? node_->name() : no_name();
}

const std::string& MemoryScope::path() const noexcept {
  return node_ != nullptr ? node_->path() : no_name();
}

bool MemoryScope::is_open() const noexcept { return node_ != nullptr && node_->is_open(); }

bool MemoryScope::is_shareable() const noexcept {
  return node_ != nullptr && node_->pool().shared();
}

Result<MemoryScope> MemoryScope::child(std::string_view name, const ScopeOptions& options) const {
  if (node_ == nullptr) return no_scope();
  try {
    Result<detail::ScopeNode*> node = node_->make_child(name, options);
    if (!node) return node.error();
    return MemoryScope(*node);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Result<Storage> MemoryScope::allocate(std::size_t bytes) const noexcept {
  if (node_ == nullptr) return no_scope();
  return node_->allocate(bytes);
}

Result<Scratch> MemoryScope::scratch(std::size_t bytes) const {
  if (node_ == nullptr) return no_scope();
  return node_->scratch(bytes);
}

Status MemoryScope::reserve(std::size_t bytes) const {
  if (node_ == nullptr) return no_scope();
  try {
    return node_->reserve({.bytes = bytes});
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

Status MemoryScope::reserve(const MemoryPlan& plan) const {
  if (node_ == nullptr) return no_scope();
  try {
    return node_->reserve(plan);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory();
  }
}

ScopeStats MemoryScope::stats() const noexcept {
  if (node_ != nullptr) return node_->stats();
  ScopeStats none;
  none.closed = true;
  return none;
}

std::vector<ScopeStats> MemoryScope::children() const noexcept {
  return node_ != nullptr ? node_->children() : std::vector<ScopeStats>();
}

Status MemoryScope::close() const noexcept {
  if (node_ != nullptr) node_->close();
  return {};
}

}  // namespace frys
