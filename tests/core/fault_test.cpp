// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/fault.hpp"

#include <gtest/gtest.h>

#include "frys/core/environment.hpp"

namespace frys {
namespace {

TEST(FaultInjector, FailsExactlyTheArmedVisits) {
  FaultInjector faults;
  EXPECT_TRUE(faults.check("disk").ok());
  faults.fail("disk", 2, Status(ErrorCode::io_error, "full"), 2);
  EXPECT_TRUE(faults.check("disk").ok());
  EXPECT_EQ(faults.check("disk").message(), "full");
  EXPECT_TRUE(faults.check("other").ok());
  EXPECT_EQ(faults.check("disk").code(), ErrorCode::io_error);
  EXPECT_TRUE(faults.check("disk").ok());
  EXPECT_EQ(faults.visits("disk"), 5U);
  EXPECT_EQ(faults.visits("never"), 0U);
}

TEST(Environment, AsksTheInjectorOnlyWhenThereIsOne) {
  Environment environment;
  EXPECT_TRUE(environment.check_fault("disk").ok());
  FaultInjector faults;
  faults.fail("disk", 1, Status(ErrorCode::io_error, "full"));
  environment.faults = &faults;
  EXPECT_FALSE(environment.check_fault("disk").ok());
}

class CollectingSink final : public LogSink {
 public:
  void write(const LogRecord& record) noexcept override { lines.emplace_back(record.message); }
  std::vector<std::string> lines;
};

TEST(Environment, WritesOnlyWhatTheSinkWants) {
  CollectingSink sink;
  Environment environment;
  environment.write_log(LogLevel::error, "core", "nobody listens");
  environment.log = &sink;
  environment.write_log(LogLevel::debug, "core", "below the threshold");
  environment.write_log(LogLevel::warning, "core", "heard");
  EXPECT_EQ(sink.lines, std::vector<std::string>{"heard"});
}

}  // namespace
}  // namespace frys
