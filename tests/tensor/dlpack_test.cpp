// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/tensor/dlpack.hpp"

#include "tensor/tensor_fixture.hpp"

namespace frys {
namespace {

using dlpack::DLManagedTensor;
using dlpack::DLManagedTensorVersioned;
using ::testing::ElementsAre;
using testing::floats;
using ::testing::HasSubstr;
using testing::unwrap;

class DlpackTest : public testing::TensorTest {};

/// A producer's tensor over an array of ours, counting how often it is given back.
struct Foreign {
  alignas(64) float data[24];
  std::int64_t shape[9] = {2, 3, 4};
  std::int64_t strides[9] = {12, 4, 1};
  int deleted = 0;
  DLManagedTensorVersioned managed{};

  Foreign() {
    for (int i = 0; i < 24; ++i) data[i] = static_cast<float>(i);
    managed.version = {1, 0};
    managed.manager_ctx = this;
    managed.deleter = [](DLManagedTensorVersioned* self) {
      ++static_cast<Foreign*>(self->manager_ctx)->deleted;
    };
    managed.dl_tensor.data = data;
    managed.dl_tensor.device = {dlpack::kDLCPU, 0};
    managed.dl_tensor.ndim = 3;
    managed.dl_tensor.dtype = {dlpack::kDLFloat, 32, 1};
    managed.dl_tensor.shape = shape;
    managed.dl_tensor.strides = strides;
  }
  Foreign(const Foreign&) = delete;
};

TEST_F(DlpackTest, ExportsAViewReadOnly) {
  const Tensor t = iota({3, 4});
  const TensorView view = unwrap(t.view().transpose(0, 1));
  const CopyStats before = copy_stats();
  DLManagedTensorVersioned* out = unwrap(to_dlpack_versioned(view));
  EXPECT_EQ(out->version.major, 1u);
  EXPECT_EQ(out->flags, dlpack::flag_read_only);
  EXPECT_EQ(out->dl_tensor.data, t.view().data());
  EXPECT_EQ(out->dl_tensor.ndim, 2);
  EXPECT_EQ(out->dl_tensor.shape[0], 4);
  EXPECT_EQ(out->dl_tensor.strides[0], 1);
  EXPECT_EQ(out->dl_tensor.strides[1], 4);
  EXPECT_EQ(out->dl_tensor.dtype.code, dlpack::kDLFloat);
  EXPECT_EQ(out->dl_tensor.dtype.bits, 32);
  EXPECT_EQ(out->dl_tensor.device.device_type, dlpack::kDLCPU);
  EXPECT_EQ(t.storage().use_count(), 3u);
  out->deleter(out);
  EXPECT_EQ(t.storage().use_count(), 2u);
  EXPECT_EQ(copy_stats().copies, before.copies);
}

TEST_F(DlpackTest, AnExportOutlivesTheTensor) {
  DLManagedTensor* out = nullptr;
  {
    const Tensor t = iota({5});
    out = unwrap(to_dlpack(t));
  }
  EXPECT_EQ(static_cast<float*>(out->dl_tensor.data)[4], 4.0f);
  out->deleter(out);
}

TEST_F(DlpackTest, HandingATensorOverIsWritableUnlessShared) {
  Tensor t = iota({5});
  DLManagedTensorVersioned* out = unwrap(to_dlpack_versioned(std::move(t)));
  EXPECT_EQ(out->flags, 0u);
  EXPECT_EQ(t.elements(), 0u);  // NOLINT: stated.
  const Tensor back = unwrap(tensor_from_dlpack(out));
  EXPECT_THAT(floats(back), ElementsAre(0, 1, 2, 3, 4));
  Tensor shared = iota({5});
  const TensorView view = shared.view();
  out = unwrap(to_dlpack_versioned(std::move(shared)));
  EXPECT_EQ(out->flags, dlpack::flag_read_only);
  EXPECT_EQ(tensor_from_dlpack(out).status().code(), ErrorCode::failed_precondition);
  out->deleter(out);
}

TEST_F(DlpackTest, EveryDtypeComesBack) {
  for (int i = 0; i <= static_cast<int>(DType::boolean); ++i) {
    const auto dtype = static_cast<DType>(i);
    const Tensor t = unwrap(Tensor::zeros(scope(), {2, 3}, dtype));
    const TensorView versioned = unwrap(from_dlpack(unwrap(to_dlpack_versioned(t))));
    EXPECT_EQ(versioned.dtype(), dtype);
    EXPECT_EQ(versioned.data(), t.view().data());
    const TensorView legacy = unwrap(from_dlpack(unwrap(to_dlpack(t))));
    EXPECT_EQ(legacy.dtype(), dtype);
    EXPECT_EQ(legacy.shape(), (Shape{2, 3}));
  }
}

TEST_F(DlpackTest, ImportSharesAndGivesBackOnce) {
  Foreign foreign;
  {
    const TensorView view = unwrap(from_dlpack(&foreign.managed));
    EXPECT_EQ(view.data<float>(), foreign.data);
    const TensorView part = unwrap(view.select(0, 1));
    EXPECT_EQ(foreign.deleted, 0);
    EXPECT_EQ(floats(part)[0], 12.0f);
  }
  EXPECT_EQ(foreign.deleted, 1);
}

TEST_F(DlpackTest, NullStridesOffsetsAndNegativeStrides) {
  Foreign dense;
  dense.managed.dl_tensor.strides = nullptr;
  dense.managed.dl_tensor.byte_offset = 16;
  dense.shape[0] = 1;
  const TensorView view = unwrap(from_dlpack(&dense.managed));
  EXPECT_EQ(view.data<float>(), dense.data + 4);
  EXPECT_THAT(view.strides(), ElementsAre(12, 4, 1));
  Foreign backwards;
  backwards.managed.dl_tensor.ndim = 1;
  backwards.shape[0] = 4;
  backwards.strides[0] = -2;
  backwards.managed.dl_tensor.byte_offset = 6 * 4;
  EXPECT_THAT(floats(unwrap(from_dlpack(&backwards.managed))), ElementsAre(6, 4, 2, 0));
  Foreign broadcast;
  broadcast.strides[0] = 0;
  EXPECT_EQ(unwrap(from_dlpack(&broadcast.managed)).elements(), 24u);
}

TEST_F(DlpackTest, EmptyAndScalarTensors) {
  Foreign empty;
  empty.shape[1] = 0;
  empty.managed.dl_tensor.data = nullptr;
  {
    EXPECT_EQ(unwrap(from_dlpack(&empty.managed)).elements(), 0u);
  }
  EXPECT_EQ(empty.deleted, 1);
  Foreign scalar;
  scalar.managed.dl_tensor.ndim = 0;
  scalar.managed.dl_tensor.shape = nullptr;
  scalar.managed.dl_tensor.strides = nullptr;
  EXPECT_EQ(floats(unwrap(from_dlpack(&scalar.managed))), std::vector<float>{0});
}

TEST_F(DlpackTest, ANullDeleterIsLegal) {
  Foreign foreign;
  foreign.managed.deleter = nullptr;
  EXPECT_TRUE(from_dlpack(&foreign.managed));
  EXPECT_EQ(foreign.deleted, 0);
}

TEST_F(DlpackTest, TensorFromDlpackWantsRowMajor) {
  Foreign foreign;
  foreign.strides[2] = 2;
  foreign.shape[2] = 2;
  EXPECT_EQ(tensor_from_dlpack(&foreign.managed).status().code(), ErrorCode::failed_precondition);
  EXPECT_EQ(foreign.deleted, 0);
  foreign.strides[2] = 1;
  foreign.strides[1] = 2;
  foreign.strides[0] = 6;
  Tensor tensor = unwrap(tensor_from_dlpack(&foreign.managed));
  tensor.mutable_data<float>()[0] = 99;
  EXPECT_EQ(foreign.data[0], 99);
  tensor = Tensor();
  EXPECT_EQ(foreign.deleted, 1);
}

TEST_F(DlpackTest, WhatCameReadOnlyDoesNotBecomeWritable) {
  Foreign foreign;
  foreign.managed.flags = dlpack::flag_read_only;
  Storage storage = unwrap(from_dlpack(&foreign.managed)).storage();
  EXPECT_TRUE(storage.unique());
  EXPECT_TRUE(storage.read_only());
  const Status refused = Tensor::from_storage(std::move(storage), DType::f32, {24}).status();
  EXPECT_EQ(refused.code(), ErrorCode::failed_precondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("read-only"));
  EXPECT_EQ(foreign.deleted, 1);

  Foreign writable;
  storage = unwrap(from_dlpack(&writable.managed)).storage();
  EXPECT_FALSE(storage.read_only());
  EXPECT_TRUE(Tensor::from_storage(std::move(storage), DType::f32, {24}));
}

TEST_F(DlpackTest, CudaTensorsKeepTheirDevice) {
  Foreign foreign;
  foreign.managed.dl_tensor.device = {dlpack::kDLCUDA, 3};
  const TensorView view = unwrap(from_dlpack(&foreign.managed));
  EXPECT_EQ(view.device(), (Device{DeviceType::cuda, 3}));
  EXPECT_EQ(ops::sum(view).status().code(), ErrorCode::unavailable);
  EXPECT_EQ(contiguous(scope(), view).status().code(), ErrorCode::unavailable);
  DLManagedTensorVersioned* out = unwrap(to_dlpack_versioned(view));
  EXPECT_EQ(out->dl_tensor.device.device_type, dlpack::kDLCUDA);
  EXPECT_EQ(out->dl_tensor.device.device_id, 3);
  out->deleter(out);
}

TEST_F(DlpackTest, SimulatedMemoryIsNotShared) {
  float data[4] = {};
  Storage storage =
      unwrap(Storage::wrap(data, sizeof(data), Device{DeviceType::simulated, 0}, nullptr));
  const TensorView view = unwrap(Tensor::from_storage(std::move(storage), DType::f32, {4})).view();
  EXPECT_EQ(ops::sum(view).status().code(), ErrorCode::unavailable);
  EXPECT_EQ(to_dlpack_versioned(view).status().code(), ErrorCode::invalid_argument);
  EXPECT_EQ(to_dlpack(view).status().code(), ErrorCode::invalid_argument);
}

TEST_F(DlpackTest, BadTensorsAreNamedAndStayTheCallers) {
  const struct {
    const char* says;
    void (*spoil)(Foreign&);
  } cases[] = {
      {"version 2.0", [](Foreign& f) { f.managed.version = {2, 0}; }},
      {"device type 4", [](Foreign& f) { f.managed.dl_tensor.device.device_type = 4; }},
      {"2 lanes", [](Foreign& f) { f.managed.dl_tensor.dtype.lanes = 2; }},
      {"128 bits", [](Foreign& f) { f.managed.dl_tensor.dtype.bits = 128; }},
      {"code 5", [](Foreign& f) { f.managed.dl_tensor.dtype.code = 5; }},
      {"code 3", [](Foreign& f) { f.managed.dl_tensor.dtype.code = 3; }},
      {"rank -1", [](Foreign& f) { f.managed.dl_tensor.ndim = -1; }},
      {"rank 9", [](Foreign& f) { f.managed.dl_tensor.ndim = 9; }},
      {"null shape", [](Foreign& f) { f.managed.dl_tensor.shape = nullptr; }},
      {"negative extent", [](Foreign& f) { f.shape[1] = -3; }},
      {"overflows", [](Foreign& f) { f.shape[1] = 1ll << 61; }},
      {"further than 63 bits", [](Foreign& f) { f.strides[1] = 1ll << 62; }},
      {"further than 63 bits", [](Foreign& f) { f.strides[1] = -(1ll << 62); }},
      {"null data", [](Foreign& f) { f.managed.dl_tensor.data = nullptr; }},
      {"not aligned", [](Foreign& f) { f.managed.dl_tensor.byte_offset = 2; }},
  };
  for (const auto& [says, spoil] : cases) {
    Foreign foreign;
    spoil(foreign);
    const Result<TensorView> view = from_dlpack(&foreign.managed);
    ASSERT_FALSE(view) << says;
    EXPECT_EQ(view.error().code(), ErrorCode::invalid_argument);
    EXPECT_THAT(std::string(view.error().message()), HasSubstr(says));
    EXPECT_EQ(tensor_from_dlpack(&foreign.managed).status().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(foreign.deleted, 0) << says;
  }
  EXPECT_EQ(from_dlpack(static_cast<DLManagedTensorVersioned*>(nullptr)).status().code(),
            ErrorCode::invalid_argument);
  EXPECT_EQ(from_dlpack(static_cast<DLManagedTensor*>(nullptr)).status().code(),
            ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace frys
