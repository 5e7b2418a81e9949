// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "arguments.hpp"

#include <charconv>
#include <filesystem>
#include <system_error>

namespace crew {
namespace {

namespace fs = std::filesystem;

frys::Status bad(const std::string& message) {
  return frys::Status(frys::ErrorCode::invalid_argument, message);
}

/// The word after the option at `position`, which it moves on to.
frys::Result<std::string> option_value(const std::vector<std::string>& words,
                                       std::size_t& position) {
  const std::string& option = words[position];
  if (position + 1 >= words.size() || words[position + 1].empty()) {
    return bad(option + " needs a value after it");
  }
  return words[++position];
}

frys::Result<std::size_t> parse_megabytes(const std::string& text) {
  std::size_t megabytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), megabytes);
  if (error != std::errc() || end != text.data() + text.size() || megabytes < 1 || megabytes > 64) {
    return bad("--limit was given \"" + text + "\"; it takes whole megabytes from 1 to 64");
  }
  return megabytes << 20;
}

frys::Status check_folder(const std::string& folder) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) {
    return bad("there is no folder \"" + folder + "\"; name one that holds text files");
  }
  if (!fs::is_directory(status)) {
    return bad("\"" + folder + "\" is a file; name the folder that holds it");
  }
  fs::directory_iterator entries(folder, error);
  if (error) return bad("the folder \"" + folder + "\" can't be listed: " + error.message());
  return {};
}

frys::Status check_outputs(const Arguments& arguments) {
  if (arguments.data.empty()) return bad("--data DIR is missing: where runs are kept");
  if (arguments.report.empty()) return bad("--report FILE.html is missing: where to write it");
  std::error_code error;
  if (fs::exists(arguments.data, error) && !fs::is_directory(arguments.data, error)) {
    return bad("--data \"" + arguments.data + "\" is a file; it takes a folder");
  }
  if (fs::is_directory(arguments.report, error)) {
    return bad("--report \"" + arguments.report + "\" is a folder; it takes a file");
  }
  return {};
}

}  // namespace

frys::Result<Arguments> parse_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  bool folder_given = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i];
    if (word == "--help" || word == "-h") {
      arguments.help = true;
      return arguments;
    }
    if (word == "--data" || word == "--report" || word == "--search" || word == "--limit" ||
        word == "--memory-trace") {
      frys::Result<std::string> value = option_value(words, i);
      if (!value) return value.error();
      if (word == "--data") arguments.data = *value;
      if (word == "--report") arguments.report = *value;
      if (word == "--memory-trace") arguments.memory_trace = *value;
      if (word == "--search") arguments.questions.push_back(*value);
      if (word == "--limit") {
        frys::Result<std::size_t> bytes = parse_megabytes(*value);
        if (!bytes) return bytes.error();
        arguments.limit_bytes = *bytes;
      }
    } else if (word.size() > 1 && word.front() == '-') {
      return bad("unknown option \"" + word + "\"");
    } else if (folder_given) {
      return bad("two folders were given, \"" + arguments.folder + "\" and \"" + word +
                 "\"; name one");
    } else {
      arguments.folder = word;
      folder_given = true;
    }
  }
  if (frys::Status status = check_folder(arguments.folder); !status.ok()) return status;
  if (frys::Status status = check_outputs(arguments); !status.ok()) return status;
  return arguments;
}

std::string usage() {
  const std::string limit = std::to_string(default_limit_bytes >> 20);
  return "usage: workflow_engine [FOLDER] --data DIR --report FILE.html\n"
         "                       [--search \"question\"]... [--limit MB] [--memory-trace FILE]\n"
         "\n"
         "Runs a crew of agents over the text files of FOLDER (default: the current folder): they\n"
         "read, cut, embed, compare, cluster and review the text, and write an HTML report.\n"
         "\n"
         "  --data DIR            what the crew remembers from run to run is kept here\n"
         "  --report FILE.html    the report over the last runs\n"
         "  --search \"question\"   answer it from the text; may be given several times\n"
         "  --limit MB            read at most this much text, evenly chosen (default " +
         limit +
         ")\n"
         "  --memory-trace FILE   record every block and scope, for `frys memory replay FILE`\n"
         "  --help                this text\n"
         "\n"
         "Exit codes: 0 done, 1 the run failed, 2 bad arguments or no text in FOLDER.\n";
}

}  // namespace crew
