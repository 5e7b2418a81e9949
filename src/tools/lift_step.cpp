// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/lift_step.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "tools/lift_formats.hpp"

namespace frys::tools {
namespace {

Status wrong(const std::string& message) { return {ErrorCode::invalid_argument, message}; }

/// One file's lines; each may be of another format.
class StepReader {
 public:
  Result<RecordedStep> read(std::string_view line) {
    if (line.starts_with("\x1f\x8b")) {
      return wrong("the file is compressed with gzip; decompress it first, as with gzip -dk");
    }
    const Result<JsonValue> object = parse_json(line);
    if (!object) return object.error();
    if (object->kind != JsonValue::Kind::object) return wrong("a line must be one JSON object");
    StepFields fields(*object);
    if (ExportedFormat::fits(fields)) return ExportedFormat::read(line);
    RecordedStep step;
    if (InterCodeFormat::fits(fields)) {
      step = intercode_.read(fields);
    } else if (TauBenchFormat::fits(fields)) {
      step = taubench_.read(fields);
    } else {
      return wrong(
          "the line is of no known format: InterCode has \"env\" and \"reward\", tau-bench "
          "\"trial\" and \"kind\", what frys store export writes \"outcome\"");
    }
    if (!fields.status().ok()) return fields.status();
    return step;
  }

 private:
  InterCodeFormat intercode_;
  TauBenchFormat taubench_;
};

Status read_file(const std::string& path, std::vector<RecordedStep>& steps) {
  std::ifstream file(path);
  if (!file) return {ErrorCode::io_error, path + " can't be opened: " + std::strerror(errno)};
  StepReader reader;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Result<RecordedStep> step = reader.read(line);
    if (!step) return step.error().with_context(path + ":" + std::to_string(number));
    steps.push_back(*std::move(step));
  }
  if (file.bad()) return {ErrorCode::io_error, path + " can't be read: " + std::strerror(errno)};
  return {};
}

}  // namespace

Result<std::vector<RecordedStep>> read_recorded_steps(const std::vector<std::string>& paths) {
  std::vector<RecordedStep> steps;
  for (const std::string& path : paths) {
    if (Status status = read_file(path, steps); !status.ok()) return status;
  }
  if (steps.empty()) return wrong("there is no step in " + paths.front());
  return steps;
}

}  // namespace frys::tools
