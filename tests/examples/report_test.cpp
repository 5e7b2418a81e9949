// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "report/html_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "examples/synthetic_run.hpp"
#include "report/format.hpp"
#include "support/temporary_folder.hpp"

namespace crew {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// The first element that is closed out of order, or left open; empty when there is none.
std::string misnested(const std::string& html) {
  const std::vector<std::string> alone = {"meta", "br", "!doctype"};
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    if (end == std::string::npos) return "a < without >";
    const bool closing = html[at + 1] == '/';
    const std::size_t begin = at + (closing ? 2 : 1);
    const std::string name = html.substr(begin, html.find_first_of(" >/\n", begin) - begin);
    if (html[end - 1] == '/' || std::find(alone.begin(), alone.end(), name) != alone.end())
      continue;
    if (!closing) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> at byte " + std::to_string(at);
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

TEST(Report, IsWellFormedForOneTwoAndManyRuns) {
  Runs runs;
  for (std::int64_t number = 1; number <= 6; ++number) {
    runs.push_back(testing::SyntheticRun::make(number, number > 1));
    const std::string html = html_report(runs);
    EXPECT_EQ(misnested(html), "") << number << " runs";
    EXPECT_THAT(html, Not(HasSubstr("nan")));
    EXPECT_THAT(html, Not(HasSubstr("inf\"")));
  }
}

TEST(Report, NeedsNothingFromElsewhere) {
  const std::string html =
      html_report({testing::SyntheticRun::make(1, false), testing::SyntheticRun::make(2, true)});
  for (const char* outside : {"http:", "https:", "src=", "@import", "url(", "<script", "<link"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
}

TEST(Report, TextFromTheFolderCannotBecomeMarkup) {
  RunSummary run = testing::SyntheticRun::make(1, false);
  run.folder = "/tmp/<script>alert(1)</script>";
  run.clusters[0].terms = {"<b>bold</b>"};
  run.duplicates[0].text = "\"quoted\" & <tagged>";
  run.answers[0].question = "<i>?";
  run.skipped_files = {{"<u>.png", "not text"}};
  run.steps[0].name = "<s>";
  run.agents[0] = run.steps[0].agent = "\"><em>";
  const std::string html = html_report({run});
  EXPECT_EQ(misnested(html), "");
  for (const char* raw : {"<script>", "<b>bold", "<tagged>", "<i>?", "<u>.png", "<s>", "<em>"}) {
    EXPECT_THAT(html, Not(HasSubstr(raw)));
  }
}

TEST(Report, ShowsWhatWasFound) {
  const std::string html =
      html_report({testing::SyntheticRun::make(1, false), testing::SyntheticRun::make(2, true)});
  for (const char* shown :
       {"Memory prediction error", "Who worked when", "How the agents worked together",
        "Memory by scope", "Where the blocks lay", "90 live, 10 free", "2.00 MiB live",
        "293 KiB ready for the next", "Prediction against truth", "How long calls took",
        "Bytes shared, bytes copied", "What the folder is about", "Said twice", "Asked and found",
        "review loop", "of 64.0 MiB given", "embedder-3", "src/memory/scope_node.cpp:88"}) {
    EXPECT_THAT(html, HasSubstr(shown));
  }
}

TEST(Report, NamesTheStepsThatItsErrorsLeaveOut) {
  RunSummary asked = testing::SyntheticRun::make(2, true);
  EXPECT_THAT(html_report({testing::SyntheticRun::make(1, false), asked}),
              Not(HasSubstr("never seen before")));
  asked.new_types = {"search"};
  EXPECT_THAT(html_report({testing::SyntheticRun::make(1, false), asked}),
              HasSubstr("1 step of a type never seen before (search)"));
}

TEST(Report, TellsAnEmptiedStoreFromOneThatWasNeverFilled) {
  RunSummary before = testing::SyntheticRun::make(1, true);
  RunSummary after = testing::SyntheticRun::make(2, false);
  EXPECT_THAT(html_report({before, after}), HasSubstr("was emptied after run 1"));
  EXPECT_THAT(html_report({before, after}), Not(HasSubstr("Both runs")));
  before.experiences_before = 0;
  EXPECT_THAT(html_report({before, after}), HasSubstr("Both runs began with an empty"));
}

TEST(Report, AnEmptyRunIsStillAReport) {
  RunSummary run;
  run.run = 1;
  EXPECT_EQ(misnested(html_report({run})), "");
}

TEST(Report, SaysWhereItCouldNotBeWritten) {
  const frys::testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/new/report.html";
  EXPECT_TRUE(write_report(path, {testing::SyntheticRun::make(1, false)}).ok());
  EXPECT_GT(std::filesystem::file_size(path), 10'000U);
  const frys::Status status =
      write_report(path + "/r.html", {testing::SyntheticRun::make(1, false)});
  EXPECT_EQ(status.code(), frys::ErrorCode::io_error);
}

TEST(Format, ReadsWell) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.50 KiB");
  EXPECT_EQ(format_bytes(130.4 * 1048576), "130 MiB");
  EXPECT_EQ(format_duration(640), "640 ns");
  EXPECT_EQ(format_duration(12'300), "12.3 µs");
  EXPECT_EQ(format_duration(999'999), "1.00 ms");
  EXPECT_EQ(format_percent(0), "0 %");
  EXPECT_EQ(format_percent(0.0042), "0.42 %");
  EXPECT_EQ(format_percent(0.5), "50 %");
  EXPECT_EQ(format_percent(4.2), "420 %");
  EXPECT_EQ(format_percent(1240), "1,240×");
  EXPECT_EQ(format_count(1234567), "1,234,567");
  EXPECT_EQ(counted(0, "round"), "0 rounds");
  EXPECT_EQ(counted(1, "round"), "1 round");
  EXPECT_EQ(counted(2846, "passage"), "2,846 passages");
  EXPECT_EQ(format_tick_ms(50), "50 ms");
  EXPECT_EQ(format_tick_ms(1500), "1.5 s");
  EXPECT_EQ(role_of("reader-12"), "reader");
  EXPECT_EQ(role_of("critic"), "critic");
  EXPECT_EQ(role_of("-1"), "-1");
  EXPECT_EQ(role_class("reader-12"), "role-reader");
}

}  // namespace
}  // namespace crew
