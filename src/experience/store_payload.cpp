// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "experience/bytes.hpp"
#include "experience/record_codec.hpp"
#include "experience/store_impl.hpp"
#include "frys/tensor/tensor.hpp"

namespace frys {

/// Unlike `get`, it does not hash the record to see that it is the one of this identity: that would
/// take several times as long as all the rest. The checksum sees damage, and RocksDB's own, of key
/// and value together, a value under another key.
Result<PinnedPayload> ExperienceStore::Impl::payload(const ExperienceId& id) const {
  Result<detail::PinnedRecord> record = lake->read(id);
  if (!record) return record.error();
  const Result<detail::PayloadField> payload = detail::find_payload(record->bytes);
  if (!payload) {
    return payload.error().with_context("experience store " + options.path + ": " + id.to_string());
  }
  return PinnedPayload(std::move(record->pin), detail::as_byte_span(payload->bytes),
                       payload->tensor);
}

Result<Tensor> ExperienceStore::Impl::payload_tensor(const ExperienceId& id,
                                                     const MemoryScope& scope) const {
  const Result<PinnedPayload> pinned = payload(id);
  if (!pinned) return pinned.error();
  const auto bytes = static_cast<std::int64_t>(pinned->bytes().size());
  const PayloadTensor layout = pinned->tensor().value_or(PayloadTensor{DType::u8, Shape{bytes}});
  return Tensor::from_bytes(scope, layout.shape, layout.dtype, pinned->bytes());
}

}  // namespace frys
