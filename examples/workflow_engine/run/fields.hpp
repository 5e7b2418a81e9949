// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reads and writes the fields of one line of a run file: text, numbers and lists of them.

#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace crew {

/// Appends "kind\tfield\tfield…\n" to a text.
class FieldWriter {
 public:
  FieldWriter(std::string_view kind, std::string& out) : out_(out) { out_ += kind; }
  ~FieldWriter() { out_ += '\n'; }
  FieldWriter(const FieldWriter&) = delete;
  FieldWriter& operator=(const FieldWriter&) = delete;

  template <typename... T>
  void operator()(const T&... values) {
    (write(values), ...);
  }

 private:
  void write(const std::string& text) {
    out_ += '\t';
    for (const char c : text) {
      if (c == '\t' || c == '\n' || c == '\\') {
        out_ += '\\';
        out_ += c == '\t' ? 't' : c == '\n' ? 'n' : c;
      } else {
        out_ += c;
      }
    }
  }

  template <typename T>
    requires std::is_arithmetic_v<T>
  void write(T value) {
    char digits[40];
    char* end = digits;
    if constexpr (std::is_same_v<T, bool>) {
      *end++ = value ? '1' : '0';
    } else {
      end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    }
    out_ += '\t';
    out_.append(digits, end);
  }

  template <typename A, typename B>
  void write(const std::pair<A, B>& pair) {
    write(pair.first);
    write(pair.second);
  }

  template <typename T>
  void write(const std::vector<T>& list) {
    write(list.size());
    for (const T& item : list) write(item);
  }

  std::string& out_;
};

/// Takes the fields of a line one after the other; after the first that is missing or is not what
/// was asked for, `ok()` is false and the rest keep their defaults.
class FieldReader {
 public:
  explicit FieldReader(std::string_view fields) : rest_(fields), more_(true) {}

  template <typename... T>
  void operator()(T&... values) {
    (read(values), ...);
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t position() const { return position_; }  ///< Of the last field, from 1.

 private:
  std::string_view next() {
    if (!ok_ || !more_) {
      if (ok_) ++position_;
      ok_ = false;
      return {};
    }
    ++position_;
    const std::size_t tab = rest_.find('\t');
    more_ = tab != std::string_view::npos;
    const std::string_view field = rest_.substr(0, tab);
    rest_ = more_ ? rest_.substr(tab + 1) : std::string_view();
    return field;
  }

  void read(std::string& text) {
    const std::string_view field = next();
    text.clear();
    for (std::size_t i = 0; i < field.size(); ++i) {
      if (field[i] != '\\' || i + 1 == field.size()) {
        text += field[i];
      } else {
        ++i;
        text += field[i] == 't' ? '\t' : field[i] == 'n' ? '\n' : field[i];
      }
    }
  }

  template <typename T>
    requires std::is_arithmetic_v<T>
  void read(T& value) {
    const std::string_view field = next();
    if (!ok_) return;
    if constexpr (std::is_same_v<T, bool>) {
      value = field == "1";
    } else {
      const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
      ok_ = error == std::errc() && end == field.data() + field.size();
    }
  }

  template <typename A, typename B>
  void read(std::pair<A, B>& pair) {
    read(pair.first);
    read(pair.second);
  }

  template <typename T>
  void read(std::vector<T>& list) {
    std::size_t size = 0;
    read(size);
    list.clear();
    for (std::size_t i = 0; i < size && ok_; ++i) read(list.emplace_back());
  }

  std::string_view rest_;
  std::size_t position_ = 0;
  bool more_ = false;
  bool ok_ = true;
};

}  // namespace crew
