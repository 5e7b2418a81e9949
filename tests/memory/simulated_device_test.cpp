// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/memory/simulated_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace frys::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t mib = std::size_t{1} << 20;

class SimulatedDeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    first_ = *device_.create_stream();
    second_ = *device_.create_stream();
    event_ = *device_.create_event();
    memory_ = static_cast<char*>(*device_.reserve(mib));
  }
  void expect_race(const Status& status) {
    ++races_;
    EXPECT_EQ(status.code(), ErrorCode::failed_precondition) << status.to_string();
    EXPECT_EQ(device_.stats().races, races_);
  }
  void expect_ok(const Status& status) {
    EXPECT_TRUE(status.ok()) << status.to_string();
    EXPECT_EQ(device_.stats().races, races_);
  }

  SimulatedDevice device_{4 * mib};
  Stream first_, second_;
  Event event_;
  char* memory_ = nullptr;
  std::uint64_t races_ = 0;
};

TEST_F(SimulatedDeviceTest, OneStreamDoesNotRaceWithItself) {
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_ok(device_.read(first_, memory_ + 50, 100, 10));
}

TEST_F(SimulatedDeviceTest, AWriteRacesWithWhatNothingOrders) {
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_race(device_.read(second_, memory_ + 99, 1));
  expect_race(device_.write(second_, memory_ + 50, 100));
  expect_ok(device_.write(second_, memory_ + 150, 100));
}

TEST_F(SimulatedDeviceTest, ReadsRaceWithWritesOnly) {
  expect_ok(device_.read(first_, memory_, 100));
  expect_ok(device_.read(second_, memory_ + 10, 100));
  expect_race(device_.write(Stream{}, memory_ + 105, 1));  // with the second's
  expect_race(device_.write(second_, memory_, 5));         // with the first's
}

TEST_F(SimulatedDeviceTest, TimeAloneOrdersNothing) {
  expect_ok(device_.write(first_, memory_, 100, 10));
  device_.advance(1000);
  const Status race = device_.write(second_, memory_, 100);
  expect_race(race);
  EXPECT_THAT(std::string(race.message()), HasSubstr("stream 2 writes 100 bytes at 0x4040"));
  EXPECT_THAT(std::string(race.message()), HasSubstr("which stream 1 wrote before"));
}

TEST_F(SimulatedDeviceTest, AWaitOrdersWhatWasEnqueuedBeforeTheEvent) {
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_ok(device_.record(event_, first_));
  expect_ok(device_.write(first_, memory_ + 100, 100, 10));
  expect_ok(device_.wait(second_, event_));
  expect_ok(device_.write(second_, memory_, 100));
  expect_race(device_.write(second_, memory_ + 100, 100));
}

TEST_F(SimulatedDeviceTest, AWaitOrdersOnlyWhatComesAfterIt) {
  expect_ok(device_.record(event_, first_));
  expect_ok(device_.wait(second_, event_));
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_ok(device_.record(event_, first_));  // the earlier wait does not move with it
  expect_race(device_.write(second_, memory_, 100));
}

TEST_F(SimulatedDeviceTest, OrderIsHandedOn) {
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_ok(device_.record(event_, first_));
  expect_ok(device_.wait(second_, event_));
  expect_ok(device_.record(event_, second_));
  expect_ok(device_.wait(Stream{}, event_));
  expect_ok(device_.write(Stream{}, memory_, 100));
}

TEST_F(SimulatedDeviceTest, AnEventIsCompleteWhenItsStreamCameThere) {
  EXPECT_TRUE(*device_.is_complete(event_));  // never recorded
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_ok(device_.record(event_, first_));
  device_.advance(9);
  EXPECT_FALSE(*device_.is_complete(event_));
  expect_race(device_.write(second_, memory_, 1));
  device_.advance(1);
  EXPECT_TRUE(*device_.is_complete(event_));
  expect_ok(device_.write(second_, memory_ + 1, 99));  // the host has seen it
}

TEST_F(SimulatedDeviceTest, AWaitingStreamIsDoneLater) {
  expect_ok(device_.write(first_, memory_, 100, 30));
  expect_ok(device_.record(event_, first_));
  expect_ok(device_.wait(second_, event_));
  expect_ok(device_.write(second_, memory_, 100, 5));
  expect_ok(device_.synchronize(second_));
  EXPECT_EQ(device_.now_ns(), 35);
  expect_ok(device_.write(Stream{}, memory_, 100));  // both were seen to be complete
}

TEST_F(SimulatedDeviceTest, ASegmentIsReleasedWhenItsWorkIsSeenToBeOver) {
  expect_ok(device_.write(first_, memory_, 100, 30));
  device_.advance(30);
  expect_race(device_.release(memory_, mib));
  expect_ok(device_.synchronize(first_));
  expect_ok(device_.release(memory_, mib));
  EXPECT_EQ(device_.stats().reserved_bytes, 0U);
  EXPECT_EQ(device_.release(memory_, mib).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(device_.write(first_, memory_, 1).code(), ErrorCode::invalid_argument);
  EXPECT_NE(*device_.reserve(mib), memory_);  // so that an old address is never a good one
}

TEST_F(SimulatedDeviceTest, CapacityIsALimit) {
  const Result<void*> rest = device_.reserve(3 * mib);
  ASSERT_TRUE(rest);
  const Result<void*> more = device_.reserve(1);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::out_of_memory);
  EXPECT_THAT(std::string(more.error().message()), HasSubstr("0 of its 4194304 bytes left"));
  expect_ok(device_.release(*rest, 3 * mib));
  EXPECT_TRUE(device_.reserve(1));
}

TEST_F(SimulatedDeviceTest, AccessesLieWithinOneSegment) {
  for (const auto& [offset, bytes] :
       {std::pair<std::ptrdiff_t, std::size_t>{-1, 1}, {mib, 1}, {0, mib + 1}, {5, SIZE_MAX}}) {
    EXPECT_EQ(device_.read(first_, memory_ + offset, bytes).code(), ErrorCode::invalid_argument);
  }
  expect_ok(device_.read(first_, memory_, mib));
  EXPECT_EQ(device_.read(first_, memory_, 1, -1).code(), ErrorCode::invalid_argument);
}

TEST_F(SimulatedDeviceTest, AStreamOfAnOldHandleIsAnother) {
  expect_ok(device_.write(first_, memory_, 100, 10));
  expect_ok(device_.destroy_stream(first_));
  EXPECT_EQ(device_.write(first_, memory_, 1).code(), ErrorCode::invalid_argument);
  EXPECT_EQ(device_.destroy_stream(Stream{}).code(), ErrorCode::invalid_argument);
  const Stream again = *device_.create_stream();
  EXPECT_EQ(again, first_);
  expect_race(device_.write(again, memory_, 1));
}

TEST_F(SimulatedDeviceTest, EveryCallFailsOnDemand) {
  FaultInjector faults;
  Environment environment;
  environment.faults = &faults;
  SimulatedDevice device(mib, environment, 7);
  EXPECT_EQ(device.device(), (Device{DeviceType::simulated, 7}));
  const Event event = *device.create_event();
  void* segment = *device.reserve(100);
  for (const char* point :
       {"device.reserve", "device.release", "device.create_event", "device.destroy_event",
        "device.record", "device.query", "device.wait", "device.synchronize"}) {
    faults.fail(point, 1, Status(ErrorCode::io_error, point));
  }
  const Status failed[] = {device.reserve(1).status(),     device.release(segment, 100),
                           device.create_event().status(), device.destroy_event(event),
                           device.record(event, {}),       device.is_complete(event).status(),
                           device.wait({}, event),         device.synchronize({})};
  for (const Status& status : failed) EXPECT_EQ(status.code(), ErrorCode::io_error);
  EXPECT_TRUE(device.release(segment, 100).ok());
  EXPECT_TRUE(device.destroy_event(event).ok());
}

}  // namespace
}  // namespace frys::testing
