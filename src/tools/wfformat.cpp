// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "tools/wfformat.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

namespace frys::tools {
namespace {

constexpr double longest_s = 1e9;  // Thirty years; nanoseconds must fit 64 bits.
constexpr double most_bytes = 1e18;

// A value of the file with the line it stands on.
template <typename T>
struct At {
  T value{};
  std::size_t line = 0;  // 0: absent.
  [[nodiscard]] bool present() const { return line != 0; }
};

struct RawTask {
  std::size_t line = 0;
  At<std::string> id;
  At<std::string> name;
  std::vector<At<std::string>> parents;
  std::vector<At<std::string>> children;
  std::vector<At<std::string>> inputs;
};
struct RawRun {
  std::size_t line = 0;
  At<std::string> id;
  At<double> runtime_s;
  At<double> memory_bytes;
};
struct RawFile {
  std::size_t line = 0;
  At<std::string> id;
  At<double> bytes;
};
struct RawWorkflow {
  At<std::string> name;
  At<std::string> version;
  std::size_t specification_line = 0;
  std::size_t execution_line = 0;
  std::size_t tasks_line = 0;
  std::size_t runs_line = 0;
  std::vector<RawTask> tasks;
  std::vector<RawRun> runs;
  std::vector<RawFile> files;
};

struct Problem {
  std::size_t line = 1;
  std::string field;
  std::string what;
};

std::string indexed(std::string_view list, std::size_t index, std::string_view member = {}) {
  std::string field(list);
  field += '[' + std::to_string(index) + ']';
  if (!member.empty()) field.append(".").append(member);
  return field;
}
constexpr std::string_view task_list = "workflow.specification.tasks";
constexpr std::string_view file_list = "workflow.specification.files";
constexpr std::string_view run_list = "workflow.execution.tasks";

// Receives RapidJSON's events, keeps the path and the line, and picks out the fields we use.
class Handler {
 public:
  Handler(std::string_view text, const rapidjson::MemoryStream& stream)
      : text_(text), stream_(stream) {}

  // NOLINTBEGIN(readability-identifier-naming): RapidJSON's names.
  bool Null() {
    enter_value();
    // A member that is null counts as absent; an element of a list cannot be absent.
    return pattern_.ends_with("[]") ? scalar("null") : true;
  }
  bool Bool(bool) {
    enter_value();
    return scalar("true or false");
  }
  bool Int(int v) { return number(v); }
  bool Uint(unsigned v) { return number(v); }
  bool Int64(std::int64_t v) { return number(static_cast<double>(v)); }
  bool Uint64(std::uint64_t v) { return number(static_cast<double>(v)); }
  bool Double(double v) { return number(v); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) { return false; }
  bool String(const char* text, rapidjson::SizeType length, bool) {
    enter_value();
    return string(std::string(text, length));
  }
  bool StartObject() {
    enter_value();
    if (!container(false)) return false;
    frames_.push_back({false, 0, pattern_.size()});
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    pattern_.resize(frames_.back().pattern_size);
    if (!pattern_.empty()) pattern_ += '.';
    frames_.back().key.assign(text, length);
    // A key that looks like a path must not pass for one.
    for (const char c : frames_.back().key) pattern_ += c == '.' || c == '[' ? '\x01' : c;
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() {
    enter_value();
    if (!container(true)) return false;
    frames_.push_back({true, 0, pattern_.size()});
    return true;
  }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // NOLINTEND

  [[nodiscard]] std::size_t line_at(std::size_t offset) {
    offset = std::min(offset, text_.size());
    if (offset >= counted_) {
      line_ += static_cast<std::size_t>(
          std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                     text_.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
      counted_ = offset;
    }
    return line_;
  }

  [[nodiscard]] std::string path() const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.array) {
        path += '[' + std::to_string(frame.index == 0 ? 0 : frame.index - 1) + ']';
      } else if (!frame.key.empty()) {
        if (!path.empty()) path += '.';
        path += frame.key;
      }
    }
    return path.empty() ? "(document)" : path;
  }

  RawWorkflow raw;
  std::optional<Problem> problem;

 private:
  struct Frame {
    bool array;
    std::size_t index;         // Of an array: elements begun so far.
    std::size_t pattern_size;  // Of pattern_ without this container's keys.
    std::string key;           // Of an object: the member being read.
  };

  [[nodiscard]] std::size_t line() { return line_at(stream_.Tell()); }

  void enter_value() {
    if (frames_.empty() || !frames_.back().array) return;
    ++frames_.back().index;
    pattern_.resize(frames_.back().pattern_size);
    pattern_ += "[]";
  }
  bool close() {
    pattern_.resize(frames_.back().pattern_size);
    frames_.pop_back();
    return true;
  }

  bool fail(const std::string& what) {
    problem = Problem{line(), path(), what};
    return false;
  }
  bool must_be(std::string_view wanted, std::string_view found) {
    return fail("must be " + std::string(wanted) + ", found " + std::string(found));
  }

  bool container(bool array);
  bool number(double value);
  bool string(std::string value);
  bool scalar(std::string_view found);
  std::vector<At<std::string>>* names();
  At<std::string>* text_field();
  At<double>* number_field();

  std::string_view text_;
  const rapidjson::MemoryStream& stream_;
  std::vector<Frame> frames_;
  std::string pattern_;  // As "workflow.execution.tasks[].id".
  std::size_t line_ = 1;
  std::size_t counted_ = 0;
};

std::vector<At<std::string>>* Handler::names() {
  const std::string_view p = pattern_;
  if (p == "workflow.specification.tasks[].parents[]") return &raw.tasks.back().parents;
  if (p == "workflow.specification.tasks[].children[]") return &raw.tasks.back().children;
  if (p == "workflow.specification.tasks[].inputFiles[]") return &raw.tasks.back().inputs;
  return nullptr;
}

At<std::string>* Handler::text_field() {
  const std::string_view p = pattern_;
  if (p == "workflow.specification.tasks[].id") return &raw.tasks.back().id;
  if (p == "workflow.specification.tasks[].name") return &raw.tasks.back().name;
  if (p == "workflow.specification.files[].id") return &raw.files.back().id;
  if (p == "workflow.execution.tasks[].id") return &raw.runs.back().id;
  if (p == "name") return &raw.name;
  if (p == "schemaVersion") return &raw.version;
  return nullptr;
}

At<double>* Handler::number_field() {
  const std::string_view p = pattern_;
  if (p == "workflow.execution.tasks[].runtimeInSeconds") return &raw.runs.back().runtime_s;
  if (p == "workflow.execution.tasks[].memoryInBytes") return &raw.runs.back().memory_bytes;
  if (p == "workflow.specification.files[].sizeInBytes") return &raw.files.back().bytes;
  return nullptr;
}

bool is_list(std::string_view p) {
  return p == task_list || p == file_list || p == run_list ||
         p == "workflow.specification.tasks[].parents" ||
         p == "workflow.specification.tasks[].children" ||
         p == "workflow.specification.tasks[].inputFiles";
}

bool is_record(std::string_view p) {
  return p.empty() || p == "workflow" || p == "workflow.specification" ||
         p == "workflow.execution" || p == "workflow.specification.tasks[]" ||
         p == "workflow.specification.files[]" || p == "workflow.execution.tasks[]";
}

bool Handler::container(bool array) {
  const std::string_view p = pattern_;
  const std::string_view found = array ? "an array" : "an object";
  if (names() != nullptr || text_field() != nullptr) return must_be("a string", found);
  if (number_field() != nullptr) return must_be("a number", found);
  if (array && is_record(p)) return must_be("an object", found);
  if (!array && is_list(p)) return must_be("an array", found);
  if (p == "workflow.specification") raw.specification_line = line();
  if (p == "workflow.execution") raw.execution_line = line();
  if (p == task_list) raw.tasks_line = line();
  if (p == run_list) raw.runs_line = line();
  if (p == "workflow.specification.tasks[]") raw.tasks.emplace_back().line = line();
  if (p == "workflow.specification.files[]") raw.files.emplace_back().line = line();
  if (p == "workflow.execution.tasks[]") raw.runs.emplace_back().line = line();
  return true;
}

bool Handler::scalar(std::string_view found) {
  if (is_list(pattern_)) return must_be("an array", found);
  if (is_record(pattern_)) return must_be("an object", found);
  if (names() != nullptr || text_field() != nullptr) return must_be("a string", found);
  if (number_field() != nullptr) return must_be("a number", found);
  return true;
}

bool Handler::number(double value) {
  enter_value();
  At<double>* field = number_field();
  if (field == nullptr) return scalar("a number");
  const bool time = pattern_.ends_with("runtimeInSeconds");
  const double most = time ? longest_s : most_bytes;
  if (!(value >= 0) || !(value <= most)) {
    std::ostringstream what;
    what << "must be from 0 to " << most << ", found " << value;
    return fail(what.str());
  }
  *field = {value, line()};
  return true;
}

bool Handler::string(std::string value) {
  if (auto* list = names()) {
    list->push_back({std::move(value), line()});
    return true;
  }
  if (auto* field = text_field()) {
    *field = {std::move(value), line()};
    return true;
  }
  return scalar("a string");
}

// Turns what was read into a workflow, or says what is wrong with it.
class Assembler {
 public:
  explicit Assembler(RawWorkflow raw) : raw_(std::move(raw)) {}

  bool run() {
    return check_document() && index_files() && add_tasks() && add_runs() && add_edges() &&
           check_cycles();
  }
  RecordedWorkflow workflow;
  Problem problem;

 private:
  bool fail(std::size_t line, std::string field, std::string what) {
    problem = {line == 0 ? 1 : line, std::move(field), std::move(what)};
    return false;
  }

  bool check_document() {
    if (!raw_.version.present()) {
      return fail(1, "schemaVersion", "is missing; WfFormat 1.5 is needed");
    }
    if (raw_.version.value != "1.5") {
      return fail(raw_.version.line, "schemaVersion",
                  "must be \"1.5\", found \"" + raw_.version.value + "\"");
    }
    if (raw_.specification_line == 0) return fail(1, "workflow.specification", "is missing");
    if (raw_.execution_line == 0) return fail(1, "workflow.execution", "is missing");
    if (raw_.tasks_line == 0) {
      return fail(raw_.specification_line, std::string(task_list), "is missing");
    }
    if (raw_.runs_line == 0) return fail(raw_.execution_line, std::string(run_list), "is missing");
    workflow.name = raw_.name.value;
    return true;
  }

  bool index_files() {
    for (std::size_t i = 0; i < raw_.files.size(); ++i) {
      const RawFile& file = raw_.files[i];
      if (!file.id.present()) return fail(file.line, indexed(file_list, i, "id"), "is missing");
      if (!file.bytes.present()) {
        return fail(file.line, indexed(file_list, i, "sizeInBytes"), "is missing");
      }
      file_bytes_[file.id.value] = file.bytes.value;
    }
    return true;
  }

  bool add_tasks() {
    for (std::size_t i = 0; i < raw_.tasks.size(); ++i) {
      const RawTask& raw = raw_.tasks[i];
      if (!raw.id.present()) return fail(raw.line, indexed(task_list, i, "id"), "is missing");
      if (raw.id.value.empty()) return fail(raw.id.line, indexed(task_list, i, "id"), "is empty");
      if (!index_.emplace(raw.id.value, i).second) {
        return fail(raw.id.line, indexed(task_list, i, "id"),
                    "\"" + raw.id.value + "\" is the id of an earlier task too");
      }
      RecordedTask task;
      task.id = raw.id.value;
      task.name = raw.name.present() && !raw.name.value.empty() ? raw.name.value : task.id;
      task.type = task_type(task.name);
      for (const auto& input : raw.inputs) {
        const auto at = file_bytes_.find(input.value);
        if (at != file_bytes_.end()) task.input_bytes += at->second;
      }
      workflow.tasks.push_back(std::move(task));
    }
    return true;
  }

  bool add_runs() {
    std::vector<bool> ran(workflow.tasks.size(), false);
    for (std::size_t i = 0; i < raw_.runs.size(); ++i) {
      const RawRun& run = raw_.runs[i];
      if (!run.id.present()) return fail(run.line, indexed(run_list, i, "id"), "is missing");
      const auto at = index_.find(run.id.value);
      if (at == index_.end()) {
        return fail(run.id.line, indexed(run_list, i, "id"),
                    "\"" + run.id.value + "\" is no task of the specification");
      }
      if (ran[at->second]) {
        return fail(run.id.line, indexed(run_list, i, "id"),
                    "\"" + run.id.value + "\" was executed by an earlier entry too");
      }
      ran[at->second] = true;
      if (!run.runtime_s.present()) {
        return fail(run.line, indexed(run_list, i, "runtimeInSeconds"), "is missing");
      }
      workflow.tasks[at->second].runtime_s = run.runtime_s.value;
      workflow.tasks[at->second].memory_bytes = run.memory_bytes.value;
    }
    for (std::size_t i = 0; i < ran.size(); ++i) {
      if (!ran[i]) {
        return fail(raw_.tasks[i].id.line, indexed(task_list, i, "id"),
                    "\"" + workflow.tasks[i].id + "\" has no entry in workflow.execution.tasks");
      }
    }
    return true;
  }

  std::optional<std::size_t> other(const At<std::string>& id, std::size_t task,
                                   std::string_view list, std::size_t place) {
    const auto at = index_.find(id.value);
    if (at != index_.end()) return at->second;
    fail(id.line, indexed(indexed(task_list, task, list), place),
         "\"" + id.value + "\" is no task of the specification");
    return std::nullopt;
  }

  bool add_edges() {
    for (std::size_t i = 0; i < raw_.tasks.size(); ++i) {
      const RawTask& raw = raw_.tasks[i];
      for (std::size_t k = 0; k < raw.parents.size(); ++k) {
        const auto parent = other(raw.parents[k], i, "parents", k);
        if (!parent) return false;
        workflow.tasks[i].parents.push_back(*parent);
      }
      for (std::size_t k = 0; k < raw.children.size(); ++k) {
        const auto child = other(raw.children[k], i, "children", k);
        if (!child) return false;
        workflow.tasks[*child].parents.push_back(i);
      }
    }
    for (RecordedTask& task : workflow.tasks) {
      std::sort(task.parents.begin(), task.parents.end());
      task.parents.erase(std::unique(task.parents.begin(), task.parents.end()), task.parents.end());
    }
    return true;
  }

  // Takes away what waits for nothing, again and again; what is left waits for itself.
  bool check_cycles() {
    const std::size_t n = workflow.tasks.size();
    std::vector<std::size_t> waits(n);
    std::vector<std::vector<std::size_t>> children(n);
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < n; ++i) {
      waits[i] = workflow.tasks[i].parents.size();
      for (const std::size_t parent : workflow.tasks[i].parents) children[parent].push_back(i);
      if (waits[i] == 0) ready.push_back(i);
    }
    std::size_t done = 0;
    while (done < ready.size()) {
      for (const std::size_t child : children[ready[done++]]) {
        if (--waits[child] == 0) ready.push_back(child);
      }
    }
    if (done == n) return true;
    std::size_t at = 0;
    while (waits[at] == 0) ++at;
    std::vector<std::size_t> seen_at(n, n);
    std::vector<std::size_t> trail;
    while (seen_at[at] == n) {
      seen_at[at] = trail.size();
      trail.push_back(at);
      const auto& parents = workflow.tasks[at].parents;
      at = *std::find_if(parents.begin(), parents.end(),
                         [&](std::size_t parent) { return waits[parent] != 0; });
    }
    std::string chain = workflow.tasks[at].id;
    for (std::size_t i = trail.size(); i-- > seen_at[at];) {
      chain += " -> " + workflow.tasks[trail[i]].id;
    }
    const RawTask& raw = raw_.tasks[at];
    const std::size_t line = raw.parents.empty() ? raw.line : raw.parents.front().line;
    return fail(line, indexed(task_list, at, "parents"), "the tasks wait for each other: " + chain);
  }

  RawWorkflow raw_;
  std::unordered_map<std::string, double> file_bytes_;
  std::unordered_map<std::string, std::size_t> index_;
};

Status broken(const std::string& path, const Problem& problem) {
  return Status(ErrorCode::invalid_argument, path + ":" + std::to_string(problem.line) +
                                                 ": field \"" + problem.field +
                                                 "\": " + problem.what);
}

Result<std::string> read_text(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || file.bad() || errno == EISDIR) {
    const std::string why = errno != 0 ? std::strerror(errno) : "it cannot be read";
    return Status(ErrorCode::io_error, path + ": cannot be read: " + why);
  }
  return std::move(text).str();
}

}  // namespace

std::string task_type(std::string_view name) {
  const auto separator = [](char c) { return std::strchr("_-.:# ", c) != nullptr; };
  const auto all = [](std::string_view text, auto&& test) {
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return test(static_cast<unsigned char>(c)) != 0; });
  };
  std::string_view type = name;
  if (const std::size_t open = type.rfind(" (");
      type.ends_with(')') && open > 0 && open != std::string_view::npos) {
    type = type.substr(0, open);
  }
  while (true) {
    std::size_t cut = type.size();
    while (cut > 0 && !separator(type[cut - 1])) --cut;
    if (cut < 2) break;
    std::string_view token = type.substr(cut);
    if (token.starts_with("ID") || token.starts_with("id")) token.remove_prefix(2);
    const bool number = all(token, [](unsigned char c) { return std::isdigit(c); });
    const bool hash = token.size() >= 6 &&
                      all(token, [](unsigned char c) { return std::isxdigit(c); }) &&
                      token.find_first_of("0123456789") != std::string_view::npos;
    if (!number && !hash) break;
    const std::string_view shorter = type.substr(0, cut - 1);
    if (all(shorter, [&](unsigned char c) { return separator(static_cast<char>(c)); })) break;
    type = shorter;
  }
  return std::string(type.empty() ? name : type);
}

Result<RecordedWorkflow> read_wfformat(const std::string& path) {
  Result<std::string> text = read_text(path);
  if (!text) return text.error();
  std::string_view body = *text;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  rapidjson::MemoryStream stream(body.data(), body.size());
  Handler handler(body, stream);
  rapidjson::Reader reader;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag |
                             rapidjson::kParseValidateEncodingFlag;
  const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler);
  if (!parsed) {
    if (handler.problem) return broken(path, *handler.problem);
    return broken(
        path, {handler.line_at(parsed.Offset()), handler.path(),
               std::string("is not valid JSON: ") + rapidjson::GetParseError_En(parsed.Code())});
  }
  Assembler assembler(std::move(handler.raw));
  if (!assembler.run()) return broken(path, assembler.problem);
  return std::move(assembler.workflow);
}

double critical_path_s(const RecordedWorkflow& workflow) {
  const std::size_t n = workflow.tasks.size();
  std::vector<std::vector<std::size_t>> children(n);
  std::vector<std::size_t> waits(n);
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < n; ++i) {
    waits[i] = workflow.tasks[i].parents.size();
    for (const std::size_t parent : workflow.tasks[i].parents) children[parent].push_back(i);
    if (waits[i] == 0) ready.push_back(i);
  }
  std::vector<double> end(n, 0);
  double longest = 0;
  for (std::size_t done = 0; done < ready.size(); ++done) {
    const std::size_t i = ready[done];
    end[i] += workflow.tasks[i].runtime_s;
    longest = std::max(longest, end[i]);
    for (const std::size_t child : children[i]) {
      end[child] = std::max(end[child], end[i]);
      if (--waits[child] == 0) ready.push_back(child);
    }
  }
  return longest;
}

double total_work_s(const RecordedWorkflow& workflow) {
  double work = 0;
  for (const RecordedTask& task : workflow.tasks) work += task.runtime_s;
  return work;
}

}  // namespace frys::tools
