// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Reads the sequence log and all vectors side by side: each entry of an addition must have its own,
// and no others may be there.

#pragma once

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <vector>

#include "experience/lake.hpp"

namespace frys::detail {

struct LakeFamilies {
  rocksdb::ColumnFamilyHandle* rows;
  rocksdb::ColumnFamilyHandle* vectors;
  rocksdb::ColumnFamilyHandle* log;
  rocksdb::ColumnFamilyHandle* spaces;  ///< Null: the store never had any.
};

/// Goes through the vectors in spaces, which are in order of sequence and space.
class SpaceCursor {
 public:
  /// `family` may be null: then there are none.
  SpaceCursor(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family,
              const rocksdb::ReadOptions& options)
      : at_(family == nullptr ? nullptr : db.NewIterator(options, family)) {}

  void seek(std::uint64_t sequence);
  void next() {
    at_->Next();
    parse();
  }
  /// False at the end, and where reading failed.
  [[nodiscard]] bool valid() const { return at_ != nullptr && at_->Valid(); }
  [[nodiscard]] rocksdb::Status status() const {
    return at_ == nullptr ? rocksdb::Status() : at_->status();
  }
  // Where it is valid. A key that is none is of sequence 0.
  [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
  [[nodiscard]] std::uint8_t number() const noexcept { return number_; }
  [[nodiscard]] rocksdb::Slice key() const { return at_->key(); }
  [[nodiscard]] rocksdb::Slice value() const { return at_->value(); }

 private:
  void parse();

  const std::unique_ptr<rocksdb::Iterator> at_;
  std::uint64_t sequence_ = 0;
  std::uint8_t number_ = 0;
};

/// One pass over the log. Threads: one.
class LakeScan {
 public:
  /// `where` begins messages; `spaces` are the store's. All outlive the object.
  LakeScan(rocksdb::DB& db, const LakeFamilies& families, const StoreDescription& description,
           const std::string& where);

  /// See ExperienceLake::scan. `check_tables` tells whether a gap in the log is none of the log's.
  Status run(std::uint64_t first_sequence, ExperienceLake::Visitor visit,
             FunctionRef<Status()> check_tables);

 private:
  [[nodiscard]] std::string place() const {
    return where_ + ": sequence " + std::to_string(expected_);
  }
  Status take_entry(ExperienceLake::Visitor visit);
  Status take_vector(LakeVectors& vectors);
  Status take_in_spaces(std::uint16_t mask, LakeVectors& vectors);
  Status take_in_space(std::uint8_t number);
  Status expect_end() const;
  [[nodiscard]] Status unknown_vector() const;

  const StoreDescription& description_;
  const std::string& where_;
  const std::unique_ptr<rocksdb::Iterator> log_;
  const std::unique_ptr<rocksdb::Iterator> vectors_;
  SpaceCursor spaces_;
  std::uint64_t expected_ = 1;
  std::vector<float> vector_;                 // Of the entry,
  std::vector<std::vector<float>> in_space_;  // and in each space.
  std::vector<SpaceVector> found_;
};

}  // namespace frys::detail
