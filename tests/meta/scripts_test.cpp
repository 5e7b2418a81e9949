// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// The scripts read all their words before they begin to work: what is wrong is answered at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/run_program.hpp"
#include "support/temporary_folder.hpp"

namespace frys::meta {
namespace {

using frys::testing::Ended;
using frys::testing::run_program;
using ::testing::HasSubstr;
using ::testing::Not;

/// The scripts in a tree of their own, in which nothing can be installed or built.
class Scripts : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(FRYS_SOURCE_DIR "/scripts", tree_ / "scripts");
    std::ofstream(tree_ / "scripts/bootstrap") << "#!/bin/sh\necho begun\nexit 1\n";
  }
  Ended run(const std::string& script, const std::vector<std::string>& words) {
    return run_program(tree_ / ("scripts/" + script), words);
  }
  frys::testing::TemporaryFolder tree_;
};

TEST_F(Scripts, AnswerWrongWordsWithTwoAndTheUsageBeforeAnyWork) {
  const struct {
    const char* script;
    std::vector<std::string> words;
    const char* expected;
  } cases[] = {
      {"demo", {"--foo"}, "unknown argument --foo"},
      {"demo", {tree_.path(), "--foo"}, "unknown argument --foo"},
      {"demo", {"--search"}, "--search needs a question"},
      {"demo", {"--search", "q", "/no/such"}, "/no/such is not a folder"},
      {"demo", {tree_.path(), tree_.path()}, "two folders were given"},
      {"test", {"--preset"}, "--preset needs a name"},
      {"test", {"-L", "fast", "--preset", "none"}, "there is no preset none"},
      {"torture", {}, "what to torture is missing"},
      {"torture", {"disk"}, "there is no torture for disk"},
      {"torture", {"memory", "--seed"}, "--seed needs a value"},
      {"torture", {"memory", "--seed", "x"}, "--seed needs a whole number, not x"},
      {"torture", {"memory", "--minutes", "soon"}, "--minutes needs a number, not soon"},
      {"torture", {"memory", "--threads", "0"}, "--threads is from 1 to 256"},
      {"torture", {"memory", "--preset", "clang"}, "no torture with the preset clang"},
      {"torture", {"memory", "--foo"}, "unknown argument --foo"},
      {"torture", {"memory", "--kills", "9"}, "--kills is for experience alone"},
      {"torture", {"experience", "--kills", "many"}, "--kills needs a whole number, not many"},
      {"torture", {"experience", "--only", "fun"}, "there is no round fun"},
      {"torture", {"experience", "--threads", "2"}, "--threads is for memory alone"},
      {"fuzz", {"disk"}, "there is no fuzzer of disk"},
      {"fuzz", {"--seconds"}, "--seconds needs a value"},
      {"fuzz", {"record", "--seconds", "0"}, "--seconds is at least 1"},
      {"fuzz", {"--seed", "x", "log"}, "--seed needs a whole number, not x"},
      {"fuzz", {"--foo"}, "unknown argument --foo"},
      {"bench", {"--json"}, "--json needs a file"},
      {"bench", {"--repetitions"}, "--repetitions needs a number"},
      {"bench", {"memory", "--foo"}, "unknown argument --foo"},
      {"bench", {"--vectors"}, "--vectors needs a path"},
      {"bench", {"--metric"}, "--metric needs l2, ip or cosine"},
      {"bench", {"memory", "--vectors", "a.fvecs"}, "--vectors is for experience alone"},
  };
  for (const auto& one : cases) {
    const Ended ended = run(one.script, one.words);
    EXPECT_EQ(ended.code, 2) << ended.output;
    EXPECT_THAT(ended.output, HasSubstr(one.expected));
    EXPECT_THAT(ended.output, HasSubstr(std::string("usage: scripts/") + one.script));
    EXPECT_THAT(ended.output, Not(HasSubstr("begun")));
  }
}

TEST_F(Scripts, HelpWhereverItStandsAndWhereverTheyAreCalledFrom) {
  for (const char* script : {"demo", "test", "bench", "torture", "fuzz"}) {
    const Ended ended =
        run_program("/bin/sh", {"-c", "cd " + tree_.path() + "/.. && $(basename " + tree_.path() +
                                          ")/scripts/" + script + " --help"});
    EXPECT_EQ(ended.code, 0) << ended.output;
    EXPECT_THAT(ended.output, HasSubstr(std::string("usage: scripts/") + script));
  }
  const Ended late = run("demo", {tree_.path(), "--help"});
  EXPECT_EQ(late.code, 0) << late.output;
  EXPECT_THAT(late.output, Not(HasSubstr("begun")));
}

TEST_F(Scripts, RightWordsInAnyOrderAreTaken) {
  EXPECT_THAT(run("demo", {"--search", "who?", tree_.path()}).output, HasSubstr("begun"));
  EXPECT_THAT(run("test", {"-L", "fast", "--preset", "shared"}).output, HasSubstr("begun"));
  EXPECT_THAT(run("fuzz", {"graph", "--seconds", "9", "log"}).output, HasSubstr("begun"));
  EXPECT_THAT(run("torture", {"experience", "--kills", "9", "--only", "kill"}).output,
              HasSubstr("begun"));
}

}  // namespace
}  // namespace frys::meta
