// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "frys/core/trace.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/json_text.hpp"

namespace frys {
namespace {

TEST(Tracer, WritesChromeEventsInMicroseconds) {
  ManualClock clock(5000);
  Tracer tracer(clock);
  {
    const Span span(&tracer, "embed \"a\"", "step");
    clock.advance(1500);
  }
  tracer.add("wait", "step", 1000, 500, "reader");
  const std::string json = tracer.to_chrome_json();
  EXPECT_NE(json.find(R"("ts":5,"dur":1.5,"name":"embed \"a\"","cat":"step")"), std::string::npos)
      << json;
  EXPECT_NE(json.find(R"("args":{"name":"reader"})"), std::string::npos) << json;
}

TEST(Tracer, DropsAndCountsBeyondItsCapacity) {
  Tracer tracer(system_clock(), 2);
  for (int i = 0; i < 5; ++i) tracer.add("x", "y", 0, 1);
  EXPECT_EQ(tracer.size(), 2U);
  EXPECT_EQ(tracer.dropped(), 3U);
}

TEST(Tracer, ANullTracerCostsNothingAndBreaksNothing) { const Span span(nullptr, "a", "b"); }

TEST(Tracer, SaysWhyAFileCannotBeWritten) {
  const Tracer tracer;
  const Status status = tracer.write_chrome_json("/nonexistent/folder/trace.json");
  EXPECT_EQ(status.code(), ErrorCode::io_error);
  EXPECT_NE(status.message().find("/nonexistent/folder/trace.json"), std::string::npos);
}

TEST(Tracer, WritesTheFileItSays) {
  const std::string path = ::testing::TempDir() + "/frys_trace_test.json";
  Tracer tracer;
  tracer.add("x", "y", 0, 1);
  ASSERT_TRUE(tracer.write_chrome_json(path).ok());
  std::ifstream file(path);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(content, tracer.to_chrome_json());
  std::filesystem::remove(path);
}

std::string quoted(std::string_view text) {
  std::string out;
  detail::append_json_string(out, text);
  return out;
}

TEST(JsonText, EscapesAndRepairs) {
  EXPECT_EQ(quoted("a\"b\\c\n"), R"("a\"b\\c\u000a")");
  EXPECT_EQ(quoted("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "\"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
  EXPECT_EQ(quoted("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");      // Overlong.
  EXPECT_EQ(quoted("\xED\xA0\x80x").substr(0, 4), "\"\xEF\xBF\xBD");  // A surrogate.
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");      // Cut off.
}

TEST(JsonText, NumbersReadBackTheSame) {
  std::string out;
  detail::append_json_number(out, 0.1);
  out.push_back(' ');
  detail::append_json_number(out, 1.0 / 0.0);
  EXPECT_EQ(out, "0.1 null");
}

}  // namespace
}  // namespace frys
