// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The experience data lake: what was learned, on disk, in RocksDB. One atomic write puts the row,
// its vectors and its entry in our own dense sequence log, so that after any crash these agree
// and the log has no gap.
//
//   column family   key                          value
//   default         "store"                      description of the store
//   rows            identity (16 bytes)          record (record_codec.hpp)
//   vectors         sequence (8, big endian)     vector (log_codec.hpp)
//   log             sequence (8, big endian)     log entry (log_codec.hpp)
//   spaces          sequence, number of a space  vector there (log_codec.hpp); the family is made
//                                                with the store's first space
//
// Sequences count from 1. Of what was removed, record and vectors are gone and a void entry is left
// in the log; the same where an amendment was followed by another.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "experience/log_codec.hpp"
#include "experience/record_codec.hpp"
#include "frys/core/environment.hpp"
#include "frys/core/function.hpp"
#include "frys/core/result.hpp"

namespace frys::detail {

struct LakeOptions {
  std::string path;
  StoreDescription description;  ///< Without spaces: see `add_spaces`.
  bool must_exist;
  bool as_made;  ///< A store that exists may have another description.
  std::size_t write_buffer_bytes;
  std::size_t cache_bytes;
  bool salvage;
};

/// A vector in a space, encoded.
struct EncodedVector {
  std::uint8_t number;  ///< The space's, from 1.
  std::string_view bytes;
};

/// One entry of the log on its way to disk, and what changes with it.
struct LakeChange {
  LogItem item;                  ///< No LogVoid.
  std::string_view record = {};  ///< Of what is added.
  std::string_view vector = {};  ///< The same; encode_vector.
  std::uint64_t made_void = 0;   ///< The sequence of an earlier amendment; 0: there is none.
  std::span<const EncodedVector> added_in_spaces = {};
  std::uint16_t removed_in_spaces = 0;  ///< As LogEntry::spaces, of what is removed.
};

/// A vector in a space.
struct SpaceVector {
  std::uint8_t number;  ///< The space's, from 1.
  std::span<const float> floats;
};

/// The vectors of an experience.
struct LakeVectors {
  std::span<const float> own;
  std::span<const SpaceVector> spaces;  ///< By number.
};

/// A record as it was written, held where RocksDB has it: in its cache if it can be, else in a
/// copy. May outlive the lake.
struct PinnedRecord {
  std::string_view bytes;
  std::shared_ptr<const void> pin;  ///< As long as this lives, so do they.
};

/// Threads: reads are safe at any time; `write`, `recover` and `close` one at a time.
class ExperienceLake {
 public:
  /// Errors: invalid_argument, already_open, failed_precondition, corruption, io_error.
  static Result<std::unique_ptr<ExperienceLake>> open(const LakeOptions& options,
                                                      const Environment& environment);
  ~ExperienceLake();

  [[nodiscard]] const StoreDescription& description() const noexcept;
  /// Has the store remember `spaces`, which begin with those that it has. Before any other thread
  /// uses it, and only when all of it was read. Errors: io_error.
  Status add_spaces(const std::vector<VectorSpace>& spaces);

  /// Puts `changes` under first_sequence, first_sequence + 1, …: all or none.
  /// After an error of the disk the lake is wounded: see `recover`.
  Status write(std::uint64_t first_sequence, std::span<const LakeChange> changes, bool sync);
  /// Puts every earlier write on the device.
  Status sync();

  /// Whether a write failed in a way after which RocksDB refuses all others.
  [[nodiscard]] bool wounded() const noexcept;
  /// Opens the database again when the folder takes writes again, and puts all that it holds on the
  /// device. What the failed write left in the log, if anything, then is to be found by `scan`.
  /// When it fails, reading goes on if it can, and else answers why not.
  Status recover();

  using Visitor =
      FunctionRef<Status(std::uint64_t sequence, const LogItem& item, const LakeVectors& vectors)>;
  /// Visits the log from `first_sequence` on, in order; the vectors are those of what was added.
  /// Errors: corruption (a gap, a missing or damaged vector), io_error, and the visitor's.
  Status scan(std::uint64_t first_sequence, Visitor visit) const;

  /// The record as it was written. Errors: not_found, corruption, io_error.
  Result<PinnedRecord> read(const ExperienceId& id) const;

  /// Copies the store, as it is at a moment during the call, to the folder `to`, which is made.
  /// Errors: invalid_argument, already_exists, io_error.
  Status backup(const std::string& to) const;

  /// Merges all tables, and what void entries are left in the log, without what was deleted.
  /// Errors: corruption, io_error.
  Status compact();

  /// Syncs and closes; every later call answers `closed`. Errors: io_error (the sync, or an earlier
  /// failure that was not recovered from).
  Status close();

 private:
  struct Impl;
  explicit ExperienceLake(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace frys::detail
