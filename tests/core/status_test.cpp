// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/status.hpp"

#include <gtest/gtest.h>

#include "frys/core/result.hpp"

namespace frys {
namespace {

TEST(Status, DefaultIsSuccess) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), ErrorCode::ok);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.to_string(), "ok");
}

TEST(Status, CarriesCodeAndMessageThroughCopies) {
  Status first(ErrorCode::not_found, "no workflow 7");
  Status second = first;
  const Status third = std::move(first);
  second = third;
  EXPECT_EQ(second.to_string(), "not_found: no workflow 7");
  EXPECT_TRUE(third == ErrorCode::not_found);
}

TEST(Status, SelfAssignmentKeepsTheMessage) {
  Status status(ErrorCode::closed, "gone");
  const Status& alias = status;
  status = alias;
  EXPECT_EQ(status.message(), "gone");
}

TEST(Status, ContextIsPutInFront) {
  const Status status = Status(ErrorCode::io_error, "disk full").with_context("saving a row");
  EXPECT_EQ(status.to_string(), "io_error: saving a row: disk full");
  EXPECT_TRUE(Status().with_context("saving a row").ok());
}

TEST(Status, OutOfMemoryIsSharedAndNeverFreed) {
  const Status first = Status::out_of_memory();
  {
    const Status second = Status::out_of_memory();
  }
  EXPECT_EQ(first.code(), ErrorCode::out_of_memory);
  EXPECT_FALSE(first.message().empty());
}

TEST(Status, EveryCodeHasItsName) {
  for (int value = 0; value <= static_cast<int>(ErrorCode::internal); ++value) {
    EXPECT_NE(to_string(static_cast<ErrorCode>(value)), "unknown") << value;
  }
  EXPECT_EQ(to_string(static_cast<ErrorCode>(99)), "unknown");
}

TEST(Status, IsAStdErrorCode) {
  const std::error_code code = ErrorCode::cancelled;
  EXPECT_EQ(code, Status(ErrorCode::cancelled, "").error_code());
  EXPECT_STREQ(code.category().name(), "frys");
  EXPECT_EQ(code.message(), "cancelled");
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> good = 3;
  const Result<int> bad = Status(ErrorCode::closed, "shut");
  EXPECT_EQ(*good, 3);
  EXPECT_TRUE(good.status().ok());
  EXPECT_EQ(bad.error().message(), "shut");
  EXPECT_EQ(bad.value_or(9), 9);
  EXPECT_THROW((void)bad.value(), BadResultAccess);
}

TEST(Result, FromASuccessIsABugThatShows) {
  const Result<int> wrong = Status();
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().code(), ErrorCode::internal);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, ChainsUntilTheFirstError) {
  const auto half = [](int value) -> Result<int> {
    if (value % 2 != 0) return Status(ErrorCode::invalid_argument, "odd");
    return value / 2;
  };
  EXPECT_EQ(*Result<int>(8).and_then(half).and_then(half), 2);
  EXPECT_EQ(Result<int>(6).and_then(half).and_then(half).error().message(), "odd");
  EXPECT_EQ(*Result<int>(6).transform([](int v) { return v + 0.5; }), 6.5);
}

}  // namespace
}  // namespace frys
