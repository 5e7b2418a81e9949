// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/lake_scan.hpp"

#include "experience/lake_options.hpp"

namespace frys::detail {
namespace {

std::string_view view(const rocksdb::Slice& bytes) noexcept { return {bytes.data(), bytes.size()}; }

rocksdb::ReadOptions read_through() {
  rocksdb::ReadOptions options;
  options.readahead_size = std::size_t{1} << 20;
  options.fill_cache = false;
  return options;
}

}  // namespace

void SpaceCursor::seek(std::uint64_t sequence) {
  if (at_ == nullptr) return;
  at_->Seek(sequence_key(sequence));
  parse();
}

void SpaceCursor::parse() {
  if (valid() && !parse_space_key(view(at_->key()), sequence_, number_)) sequence_ = number_ = 0;
}

LakeScan::LakeScan(rocksdb::DB& db, const LakeFamilies& families,
                   const StoreDescription& description, const std::string& where)
    : description_(description),
      where_(where),
      log_(db.NewIterator(read_through(), families.log)),
      vectors_(db.NewIterator(read_through(), families.vectors)),
      spaces_(db, families.spaces, read_through()),
      vector_(description.dimension) {
  for (const VectorSpace& space : description.spaces) in_space_.emplace_back(space.dimension);
}

Status LakeScan::take_vector(LakeVectors& vectors) {
  if (!vectors_->Valid() || vectors_->key() != log_->key()) {
    if (!vectors_->status().ok()) return to_status(vectors_->status(), place());
    return Status(ErrorCode::corruption, place() + ": its vector is missing");
  }
  Status status = decode_vector(view(vectors_->value()), vector_);
  if (!status.ok()) return status.with_context(place());
  vectors.own = vector_;
  vectors_->Next();
  return {};
}

Status LakeScan::take_in_space(std::uint8_t number) {
  if (number > in_space_.size()) {
    return Status(ErrorCode::corruption, place() + ": it has a vector in space " +
                                             std::to_string(number) + ", the store has " +
                                             std::to_string(in_space_.size()) + " spaces");
  }
  const std::string name = "in space \"" + description_.spaces[number - 1U].name + "\"";
  if (!spaces_.valid() || spaces_.sequence() != expected_ || spaces_.number() != number) {
    if (!spaces_.status().ok()) return to_status(spaces_.status(), place());
    if (spaces_.valid() && spaces_.sequence() < expected_) return unknown_vector();
    return Status(ErrorCode::corruption, place() + ": its vector " + name + " is missing");
  }
  std::vector<float>& vector = in_space_[number - 1U];
  Status status = decode_vector(view(spaces_.value()), vector);
  if (!status.ok()) return status.with_context(place() + ": " + name);
  found_.push_back({number, vector});
  spaces_.next();
  return {};
}

Status LakeScan::take_in_spaces(std::uint16_t mask, LakeVectors& vectors) {
  found_.clear();
  Status status;
  for (std::uint8_t number = 1; mask != 0 && status.ok(); ++number, mask >>= 1) {
    if ((mask & 1) != 0) status = take_in_space(number);
  }
  vectors.spaces = found_;
  return status;
}

/// The entry at `expected_`.
Status LakeScan::take_entry(ExperienceLake::Visitor visit) {
  const Result<LogItem> item = decode_log_item(view(log_->value()));
  if (!item) return item.error().with_context(place());
  LakeVectors vectors;
  if (const auto* added = std::get_if<LogEntry>(&*item)) {
    Status status = take_vector(vectors);
    if (status.ok()) status = take_in_spaces(added->spaces, vectors);
    if (!status.ok()) return status;
  }
  const std::uint64_t sequence = expected_;
  expected_ = last_of(sequence, *item) + 1;
  return visit(sequence, *item, vectors);
}

Status LakeScan::unknown_vector() const {
  return Status(ErrorCode::corruption, where_ + ": a vector without a log entry, before sequence " +
                                           std::to_string(expected_));
}

Status LakeScan::expect_end() const {
  if (!log_->status().ok()) return to_status(log_->status(), where_ + ": read the log");
  if (vectors_->Valid() || spaces_.valid()) return unknown_vector();
  Status status = to_status(vectors_->status(), where_ + ": read the vectors");
  return status.ok() ? to_status(spaces_.status(), where_ + ": read the spaces") : status;
}

Status LakeScan::run(std::uint64_t first_sequence, ExperienceLake::Visitor visit,
                     FunctionRef<Status()> check_tables) {
  expected_ = first_sequence;
  const std::string from = sequence_key(first_sequence);
  vectors_->Seek(from);
  spaces_.seek(first_sequence);
  for (log_->Seek(from); log_->Valid(); log_->Next()) {
    std::uint64_t sequence = 0;
    if (!parse_sequence_key(view(log_->key()), sequence) || sequence != expected_) {
      Status status = check_tables();
      if (!status.ok()) return status.with_context(place());
      return Status(ErrorCode::corruption,
                    place() +
                        ": it is missing from the log; opening with salvage = true serves the "
                        "others");
    }
    Status status = take_entry(visit);
    if (!status.ok()) return status;
  }
  return expect_end();
}

}  // namespace frys::detail
