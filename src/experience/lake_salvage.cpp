// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_salvage.hpp"

#include <rocksdb/sst_file_reader.h>

#include <limits>
#include <memory>
#include <string>
#include <unordered_map>

#include "experience/log_codec.hpp"

namespace frys::detail {
namespace {

constexpr std::size_t batch_bytes = std::size_t{1} << 20;

/// Goes through log and vectors side by side, and collects what has to change.
class GapCloser {
 public:
  GapCloser(rocksdb::DB& db, const LakeFamilies& families,
            FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write)
      : db_(db),
        families_(families),
        write_(write),
        entry_(db.NewIterator(rocksdb::ReadOptions(), families.log)),
        vector_(db.NewIterator(rocksdb::ReadOptions(), families.vectors)),
        in_space_(db, families.spaces, rocksdb::ReadOptions()) {}

  rocksdb::Status run(std::uint64_t& lost);

 private:
  /// An addition that has its row and all of its vectors.
  struct Whole {
    std::uint64_t sequence;
    std::uint16_t spaces;
  };

  rocksdb::Status take_entry(std::uint64_t sequence);
  rocksdb::Status drop_vectors(const rocksdb::Slice* before);
  rocksdb::Status drop_in_spaces(std::uint64_t before);
  std::uint16_t take_in_spaces(std::uint64_t sequence);
  rocksdb::Status take_addition(std::uint64_t sequence, const LogEntry& entry, bool has_vector);
  rocksdb::Status give_up_earlier(const ExperienceId& id);
  rocksdb::Status make_void(std::uint64_t first, std::uint64_t last);
  rocksdb::Status flush(std::size_t most_bytes);

  rocksdb::DB& db_;
  const LakeFamilies families_;
  const FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write_;
  // Iterators keep to the state in which they were made, whatever is written meanwhile.
  const std::unique_ptr<rocksdb::Iterator> entry_;
  const std::unique_ptr<rocksdb::Iterator> vector_;
  SpaceCursor in_space_;
  rocksdb::WriteBatch batch_;
  std::unordered_map<ExperienceId, Whole> added_;  // The last of each.
  std::uint64_t expected_ = 1;
  std::uint64_t lost_ = 0;
};

rocksdb::Status GapCloser::flush(std::size_t most_bytes) {
  if (batch_.Count() == 0 || batch_.GetDataSize() < most_bytes) return {};
  rocksdb::Status status = write_(batch_);
  batch_.Clear();
  return status;
}

rocksdb::Status GapCloser::make_void(std::uint64_t first, std::uint64_t last) {
  lost_ += last - first + 1;
  return batch_.Put(families_.log, sequence_key(first), encode_log_item(LogVoid{last}));
}

/// Vectors that no entry of the log knows; null: all that are left.
rocksdb::Status GapCloser::drop_vectors(const rocksdb::Slice* before) {
  rocksdb::Status status;
  for (; status.ok() && vector_->Valid(); vector_->Next()) {
    if (before != nullptr && vector_->key().compare(*before) >= 0) break;
    if (before == nullptr) ++lost_;  // Else it is in a gap, or its entry is not one of an addition.
    status = batch_.Delete(families_.vectors, vector_->key());
  }
  return status;
}

/// Vectors in spaces of which no entry before `before` knows.
rocksdb::Status GapCloser::drop_in_spaces(std::uint64_t before) {
  rocksdb::Status status;
  for (; status.ok() && in_space_.valid() && in_space_.sequence() < before; in_space_.next()) {
    status = batch_.Delete(families_.spaces, in_space_.key());
  }
  return status.ok() ? in_space_.status() : status;
}

/// In which spaces there is a vector of `sequence`, as LogEntry says it.
std::uint16_t GapCloser::take_in_spaces(std::uint64_t sequence) {
  std::uint16_t spaces = 0;
  for (; in_space_.valid() && in_space_.sequence() == sequence; in_space_.next()) {
    spaces = static_cast<std::uint16_t>(spaces | 1U << (in_space_.number() - 1U));
  }
  return spaces;
}

rocksdb::Status GapCloser::take_entry(std::uint64_t sequence) {
  rocksdb::Status status;
  if (sequence > expected_) status = make_void(expected_, sequence - 1);
  const rocksdb::Slice key = entry_->key();
  if (status.ok()) status = drop_vectors(&key);
  if (status.ok()) status = drop_in_spaces(sequence);
  if (!vector_->Valid() && !vector_->status().ok()) return vector_->status();
  const bool has_vector = vector_->Valid() && vector_->key() == key;
  const rocksdb::Slice value = entry_->value();
  const Result<LogItem> item = decode_log_item({value.data(), value.size()});
  expected_ = sequence + 1;
  if (!status.ok()) return status;
  if (!item) {  // Whoever reads the log says what is wrong with it.
    if (has_vector) vector_->Next();
    (void)take_in_spaces(sequence);
    return status;
  }
  expected_ = last_of(sequence, *item) + 1;
  const auto* added = std::get_if<LogEntry>(&*item);
  if (added == nullptr) return status;
  status = take_addition(sequence, *added, has_vector);
  if (has_vector) vector_->Next();
  return status;
}

rocksdb::Status GapCloser::take_addition(std::uint64_t sequence, const LogEntry& entry,
                                         bool has_vector) {
  const ExperienceId& id = entry.id;
  const std::uint16_t in_spaces = take_in_spaces(sequence);
  if (!in_space_.status().ok()) return in_space_.status();
  const rocksdb::Slice row_key(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
  rocksdb::PinnableSlice row;
  rocksdb::Status status = db_.Get(rocksdb::ReadOptions(), families_.rows, row_key, &row);
  const bool is_whole = has_vector && (in_spaces & entry.spaces) == entry.spaces && status.ok();
  if (status.IsNotFound()) status = rocksdb::Status();
  if (status.ok()) status = give_up_earlier(id);
  if (status.ok() && is_whole) added_.emplace(id, Whole{sequence, entry.spaces});
  // Those that the entry does not know of, or all of them.
  const auto gone = static_cast<std::uint16_t>(is_whole ? in_spaces & ~entry.spaces : in_spaces);
  if (status.ok()) status = delete_in_spaces(batch_, families_.spaces, sequence, gone);
  if (!status.ok() || is_whole) return status;
  status = batch_.Delete(families_.rows, row_key);
  if (status.ok() && has_vector) {
    status = batch_.Delete(families_.vectors, sequence_key(sequence));
  }
  return status.ok() ? make_void(sequence, sequence) : status;
}

/// Who was added again had been removed: the entry that says so is lost.
rocksdb::Status GapCloser::give_up_earlier(const ExperienceId& id) {
  const auto earlier = added_.find(id);
  if (earlier == added_.end()) return {};
  const auto [sequence, in_spaces] = earlier->second;
  added_.erase(earlier);
  rocksdb::Status status = batch_.Delete(families_.vectors, sequence_key(sequence));
  if (status.ok()) status = delete_in_spaces(batch_, families_.spaces, sequence, in_spaces);
  return status.ok() ? make_void(sequence, sequence) : status;
}

rocksdb::Status GapCloser::run(std::uint64_t& lost) {
  entry_->SeekToFirst();
  vector_->SeekToFirst();
  in_space_.seek(0);
  for (; entry_->Valid(); entry_->Next()) {
    const rocksdb::Slice key = entry_->key();
    std::uint64_t sequence = 0;
    if (!parse_sequence_key({key.data(), key.size()}, sequence)) {
      return rocksdb::Status::Corruption("a key is no sequence");
    }
    rocksdb::Status status = take_entry(sequence);
    if (status.ok()) status = flush(batch_bytes);
    if (!status.ok()) return status;
  }
  if (!entry_->status().ok()) return entry_->status();
  rocksdb::Status status = drop_vectors(nullptr);
  if (status.ok()) status = vector_->status();
  if (status.ok()) status = drop_in_spaces(std::numeric_limits<std::uint64_t>::max());
  lost = lost_;
  return status.ok() ? flush(0) : status;
}

}  // namespace

rocksdb::Status close_gaps(rocksdb::DB& db, const LakeFamilies& families,
                           FunctionRef<rocksdb::Status(rocksdb::WriteBatch&)> write,
                           std::uint64_t& lost) {
  return GapCloser(db, families, write).run(lost);
}

rocksdb::Status delete_in_spaces(rocksdb::WriteBatch& batch, rocksdb::ColumnFamilyHandle* family,
                                 std::uint64_t sequence, std::uint16_t spaces) {
  rocksdb::Status status;
  for (std::uint8_t number = 1; spaces != 0 && status.ok(); ++number, spaces >>= 1) {
    if ((spaces & 1) != 0) status = batch.Delete(family, space_key(sequence, number));
  }
  return status;
}

rocksdb::Status check_tables(rocksdb::DB& db,
                             std::initializer_list<rocksdb::ColumnFamilyHandle*> families) {
  for (rocksdb::ColumnFamilyHandle* family : families) {
    if (family == nullptr) continue;
    rocksdb::ColumnFamilyMetaData metadata;
    db.GetColumnFamilyMetaData(family, &metadata);
    for (const rocksdb::LevelMetaData& level : metadata.levels) {
      for (const rocksdb::SstFileMetaData& table : level.files) {
        rocksdb::Options options;
        options.env = db.GetEnv();
        rocksdb::SstFileReader reader(options);
        rocksdb::Status status = reader.Open(table.directory + "/" + table.relative_filename);
        if (status.ok()) status = reader.VerifyChecksum();
        if (!status.ok()) return status;
      }
    }
  }
  return {};
}

}  // namespace frys::detail
