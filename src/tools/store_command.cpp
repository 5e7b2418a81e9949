// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "frys/scheduler/thread_pool.hpp"
#include "tools/arguments.hpp"
#include "tools/report_text.hpp"
#include "tools/store_files.hpp"

namespace frys::tools {
namespace {

struct Request {
  std::string action;
  std::string folder;
  std::vector<std::string> files;
  ExperienceStoreOptions options;
  ScanQuery query;
  bool json = false;
};

Status wrong(const std::string& message) { return {ErrorCode::invalid_argument, message}; }

Status parse_filters(const Arguments& given, ScanQuery& query) {
  query.workflow = given.value("--workflow").value_or("");
  query.agent = given.value("--agent").value_or("");
  query.step_type = given.value("--step-type").value_or("");
  const auto outcome = given.value("--outcome");
  if (!outcome) return {};
  for (const Outcome each : {Outcome::success, Outcome::failure, Outcome::partial}) {
    if (to_string(each) == *outcome) query.outcome = each;
  }
  if (query.outcome) return {};
  return wrong("--outcome must be success, failure or partial, found \"" + *outcome + "\"");
}

/// NAME=DIMENSION; a name may have a sign of equality.
Result<VectorSpace> parse_space(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string::npos) {
    return wrong("--space must be NAME=DIMENSION, found \"" + text + "\"");
  }
  const auto dimension =
      parse_count("--space " + text.substr(0, equals), text.substr(equals + 1), 2, 4096);
  if (!dimension) return dimension.error();
  return VectorSpace{text.substr(0, equals), *dimension};
}

Status check_operands(const Request& request) {
  const std::size_t files = request.files.size();
  if (request.action == "import") {
    return files > 0 ? Status() : wrong("store import needs at least one file of JSON lines");
  }
  if (request.action == "backup" && files == 0) return wrong("store backup needs a folder to make");
  if (!request.options.spaces.empty()) {
    return wrong("store " + request.action + " takes no --space; import does");
  }
  const std::size_t most = request.action == "export" || request.action == "backup" ? 1 : 0;
  return files <= most
             ? Status()
             : wrong("store " + request.action + " takes no file \"" + request.files[most] + "\"");
}

Result<Request> parse(const std::vector<std::string>& words) {
  Result<Arguments> given = parse_arguments(words, {{"--json", false},
                                                    {"--salvage", false},
                                                    {"--dimension", true},
                                                    {"--space", true, true},
                                                    {"--workflow", true},
                                                    {"--agent", true},
                                                    {"--step-type", true},
                                                    {"--outcome", true}});
  if (!given) return given.error();
  Request request;
  if (!given->operands.empty()) request.action = given->operands[0];
  if (request.action != "inspect" && request.action != "export" && request.action != "import" &&
      request.action != "verify" && request.action != "backup" && request.action != "compact") {
    return wrong(
        "store needs to be told what to do; inspect, export, import, verify, backup, compact and "
        "lift exist");
  }
  if (given->operands.size() < 2) return wrong("store " + request.action + " needs a folder");
  request.folder = given->operands[1];
  request.files.assign(given->operands.begin() + 2, given->operands.end());
  request.json = given->has("--json");
  request.options.path = request.folder;
  request.options.must_exist = request.action != "import";
  request.options.salvage = given->has("--salvage");
  if (const auto text = given->value("--dimension")) {
    const auto dimension = parse_count("--dimension", *text, 2, 4096);
    if (!dimension) return dimension.error();
    request.options.dimension = *dimension;
  }
  for (const std::string& text : given->values("--space")) {
    const auto space = parse_space(text);
    if (!space) return space.error();
    request.options.spaces.push_back(*space);
  }
  if (Status status = parse_filters(*given, request.query); !status.ok()) return status;
  if (Status status = check_operands(request); !status.ok()) return status;
  return request;
}

int failed(const Status& status) {
  std::fprintf(stderr, "frys: %s\n", std::string(status.message()).c_str());
  const bool bad_input = status == ErrorCode::invalid_argument ||
                         status == ErrorCode::failed_precondition ||
                         status == ErrorCode::not_found || status == ErrorCode::already_exists;
  return bad_input ? exit_bad_input : exit_failed;
}

int tell_damaged(const ReadRows& rows) {
  for (const std::string& what : rows.damaged) std::fprintf(stderr, "frys: %s\n", what.c_str());
  return rows.damaged.empty() ? exit_ok : exit_failed;
}

int inspect(const ExperienceStore& store, bool as_json) {
  const Result<StoreOverview> overview = look_over(store);
  if (!overview) return failed(overview.error());
  const char* names[] = {"successes", "failures", "partial"};
  if (as_json) {
    rapidjson::StringBuffer buffer;
    JsonWriter json(buffer);
    json.StartObject();
    write_count(json, "experiences", overview->experiences);
    write_count(json, "dimension", overview->dimension);
    for (int i = 0; i < 3; ++i) write_count(json, names[i], overview->outcomes[i]);
    json.Key("first_started_at_ns");
    json.Int64(overview->first_started_ns);
    json.Key("last_started_at_ns");
    json.Int64(overview->last_started_ns);
    json.Key("spaces");
    json.StartObject();
    for (const VectorSpace& space : store.spaces()) {
      write_count(json, space.name.c_str(), space.dimension);
    }
    json.EndObject();
    json.EndObject();
    std::printf("%s\n", buffer.GetString());
    return exit_ok;
  }
  const auto line = [](const char* what, std::int64_t value) {
    std::printf("%-22s %20lld\n", what, static_cast<long long>(value));
  };
  line("experiences", static_cast<std::int64_t>(overview->experiences));
  line("floats of a vector", static_cast<std::int64_t>(overview->dimension));
  for (int i = 0; i < 3; ++i) line(names[i], static_cast<std::int64_t>(overview->outcomes[i]));
  line("first started, ns", overview->first_started_ns);
  line("last started, ns", overview->last_started_ns);
  for (const VectorSpace& space : store.spaces()) {
    line(("floats in " + space.name).c_str(), static_cast<std::int64_t>(space.dimension));
  }
  return exit_ok;
}

int verify(const ExperienceStore& store) {
  const Result<ReadRows> rows = read_rows(store, {}, nullptr);
  if (!rows) return failed(rows.error());
  std::printf("%llu whole, %zu damaged\n", static_cast<unsigned long long>(rows->whole),
              rows->damaged.size());
  return tell_damaged(*rows);
}

int export_lines(const ExperienceStore& store, const Request& request) {
  const bool to_file = !request.files.empty();
  std::FILE* out = to_file ? std::fopen(request.files[0].c_str(), "wb") : stdout;
  if (out == nullptr) {
    return failed(
        {ErrorCode::io_error, request.files[0] + " can't be written: " + std::strerror(errno)});
  }
  const Result<ReadRows> rows = read_rows(store, request.query, out);
  const bool written = to_file ? std::fclose(out) == 0 : std::fflush(out) == 0;
  if (!rows) return failed(rows.error());
  if (!written) {
    return failed({ErrorCode::io_error, (to_file ? request.files[0] : "the output") +
                                            " can't be written: " + std::strerror(errno)});
  }
  return tell_damaged(*rows);
}

int import_files(ExperienceStore& store, const std::vector<std::string>& files) {
  const std::uint64_t before = store.size();
  Status status;
  for (const std::string& file : files) {
    if (status.ok()) status = import_lines(store, file);
  }
  const Status synced = store.sync();
  std::printf("%llu stored, %llu in the store\n",
              static_cast<unsigned long long>(store.size() - before),
              static_cast<unsigned long long>(store.size()));
  if (!status.ok()) return failed(status);
  return synced.ok() ? exit_ok : failed(synced);
}

double mib(std::uintmax_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

int backup(const ExperienceStore& store, const std::string& folder) {
  const Status status = store.backup(folder);
  if (!status.ok()) return failed(status);
  std::printf("%llu copied\n", static_cast<unsigned long long>(store.size()));
  return exit_ok;
}

int compact(ExperienceStore& store, const std::string& folder) {
  const std::uintmax_t before = bytes_on_disk(folder);
  const Status status = store.compact();
  if (!status.ok()) return failed(status);
  std::printf("%llu experiences, %.1f MiB, %.1f MiB before\n",
              static_cast<unsigned long long>(store.size()), mib(bytes_on_disk(folder)),
              mib(before));
  return exit_ok;
}

int run(ExperienceStore& store, const Request& request) {
  if (request.action == "inspect") return inspect(store, request.json);
  if (request.action == "verify") return verify(store);
  if (request.action == "export") return export_lines(store, request);
  if (request.action == "backup") return backup(store, request.files[0]);
  if (request.action == "compact") return compact(store, request.folder);
  return import_files(store, request.files);
}

}  // namespace

int store_command(const std::vector<std::string>& words) {
  if (!words.empty() && words[0] == "lift") return lift_command({words.begin() + 1, words.end()});
  Result<Request> request = parse(words);
  if (!request) return complain(request.error().message());
  const auto pool = ThreadPool::create({.workers = 1, .background_workers = 1});
  if (!pool) return failed(pool.error());
  Environment environment;
  environment.executor = pool->get();
  Result<ExperienceStore> store = ExperienceStore::open(request->options, environment);
  if (!store) return failed(store.error());
  const int code = run(*store, *request);
  const Status closed = store->close();
  return code != exit_ok || closed.ok() ? code : failed(closed);
}

}  // namespace frys::tools
