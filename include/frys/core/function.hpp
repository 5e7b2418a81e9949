// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Callables that cross the ABI: `UniqueFunction` owns one (move-only, like
// `std::move_only_function` of C++23), `FunctionRef` borrows one for the length of a call.
//
//   frys::UniqueFunction<void(int)> f = [p = std::make_unique<int>(1)](int i) { *p += i; };
//   f(2);

#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace frys {

template <typename Signature>
class UniqueFunction;

/// Owns one callable; up to 48 bytes are held in place, larger ones on the heap.
/// Calling an empty one is undefined. Threads: as the callable.
template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  static constexpr std::size_t inline_bytes = 48;

  UniqueFunction() noexcept = default;
  UniqueFunction(std::nullptr_t) noexcept {}  // NOLINT: implicit

  template <typename F, typename D = std::decay_t<F>>
    requires(!std::is_same_v<D, UniqueFunction> && std::is_invocable_r_v<R, D&, Args...>)
  UniqueFunction(F&& callable) {  // NOLINT: implicit
    if constexpr (fits<D>) {
      ::new (static_cast<void*>(buffer_)) D(std::forward<F>(callable));
      table_ = &in_place<D>;
    } else {
      ::new (static_cast<void*>(buffer_)) D*(new D(std::forward<F>(callable)));
      table_ = &on_heap<D>;
    }
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const noexcept { return table_ != nullptr; }
  R operator()(Args... args) { return table_->call(buffer_, std::forward<Args>(args)...); }

 private:
  struct Table {
    R (*call)(void*, Args&&...);
    void (*move)(void* to, void* from) noexcept;
    void (*destroy)(void*) noexcept;
  };

  template <typename D>
  static constexpr bool fits =
      sizeof(D) <= inline_bytes && alignof(D) <= alignof(std::max_align_t) &&
      std::is_nothrow_move_constructible_v<D>;

  template <typename D>
  static D& held(void* buffer) noexcept {
    return *std::launder(reinterpret_cast<D*>(buffer));
  }

  template <typename D>
  static constexpr Table in_place = {
      [](void* b, Args&&... args) -> R { return held<D>(b)(std::forward<Args>(args)...); },
      [](void* to, void* from) noexcept {
        ::new (to) D(std::move(held<D>(from)));
        held<D>(from).~D();
      },
      [](void* b) noexcept { held<D>(b).~D(); },
  };

  template <typename D>
  static constexpr Table on_heap = {
      [](void* b, Args&&... args) -> R { return (*held<D*>(b))(std::forward<Args>(args)...); },
      [](void* to, void* from) noexcept { ::new (to) D*(held<D*>(from)); },
      [](void* b) noexcept { delete held<D*>(b); },
  };

  void take(UniqueFunction& other) noexcept {
    table_ = std::exchange(other.table_, nullptr);
    if (table_ != nullptr) table_->move(buffer_, other.buffer_);
  }
  void reset() noexcept {
    if (table_ != nullptr) std::exchange(table_, nullptr)->destroy(buffer_);
  }

  const Table* table_ = nullptr;
  alignas(std::max_align_t) unsigned char buffer_[inline_bytes];
};

template <typename Signature>
class FunctionRef;

/// Borrows a callable that outlives the call it is passed to. Never store one.
template <typename R, typename... Args>
class FunctionRef<R(Args...)> {
 public:
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> &&
             std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& callable) noexcept  // NOLINT: implicit
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace frys
