// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/ratio_reporter.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frys::bench {
namespace {

struct Options {
  bool parsed = false;
  bool full = false;
  std::string json_path;
  std::string repetitions;
};

Options& options() {
  static Options instance;
  return instance;
}

std::vector<Flag>& own_flags() {
  static std::vector<Flag> instance;
  return instance;
}

std::string usage() {
  std::string own, help;
  for (const Flag& flag : own_flags()) {
    const std::string name = std::string(flag.name) + " " + flag.value_name;
    own += "[" + name + "] ";
    help += "  " + name +
            std::string(std::max<std::size_t>(18, name.size() + 1) - name.size(), ' ') + flag.help +
            "\n";
  }
  return "usage: " + own +
         "[--json FILE] [--full] [--repetitions N] [--benchmark_filter=REGEX] [--benchmark_…]\n" +
         help +
         "  --json FILE       also write Google Benchmark's JSON to FILE\n"
         "  --full            also run the rows that take long\n"
         "  --repetitions N   run every row N times, interleaved, and compare medians\n"
         "  --benchmark_…     passed on to Google Benchmark\n";
}

/// The value of `--name VALUE` or `--name=VALUE` at argv[index]; moves `index` over it.
bool take_value(int argc, char** argv, int& index, std::string_view name, std::string& value) {
  std::string_view argument = argv[index];
  if (argument == name) {
    if (index + 1 == argc) refuse(std::string(name) + " needs a value");
    value = argv[++index];
    return true;
  }
  if (argument.size() > name.size() && argument.starts_with(name) && argument[name.size()] == '=') {
    value = argument.substr(name.size() + 1);
    return true;
  }
  return false;
}

void check_options(const Options& given) {
  if (!given.repetitions.empty() &&
      (given.repetitions.size() > 4 || std::atoi(given.repetitions.c_str()) < 1 ||
       given.repetitions.find_first_not_of("0123456789") != std::string::npos)) {
    refuse("--repetitions " + given.repetitions + ": expected a number from 1 to 9999");
  }
  if (!given.json_path.empty() && !std::ofstream(given.json_path, std::ios::app)) {
    refuse("--json " + given.json_path + ": cannot be written");
  }
}

double seconds(const benchmark::BenchmarkReporter::Run& run) {
  return run.GetAdjustedRealTime() / benchmark::GetTimeUnitMultiplier(run.time_unit);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string duration_text(double value_s) {
  if (value_s < 1e-6) return format("%.3g ns", value_s * 1e9);
  if (value_s < 1e-3) return format("%.3g us", value_s * 1e6);
  if (value_s < 1) return format("%.3g ms", value_s * 1e3);
  return format("%.3g s", value_s);
}

/// What one row measured, over its repetitions.
struct Row {
  std::vector<double> values;
  bool bytes = false;  ///< Values are bytes, not seconds.
  std::string error;

  bool measured() const { return error.empty() && !values.empty(); }
  std::string text() const {
    if (!measured()) return "skipped: " + error;
    return bytes ? format("%.0f B", median(values)) : duration_text(median(values));
  }
  void add(const benchmark::BenchmarkReporter::Run& run) {
    const auto counter = run.counters.find("bytes_per_vector");
    bytes = counter != run.counters.end();
    values.push_back(bytes ? counter->second.value : seconds(run));
  }
};

/// One workload at one parameter: who measured what.
struct Point {
  std::string parameter;
  std::int64_t order = 0;  // of registration: repetitions are interleaved at random
  std::map<std::string, Row> rows;
};

struct Workload {
  std::string name;
  std::vector<Point> points;

  Point& point(const std::string& parameter, std::int64_t order) {
    for (Point& known : points) {
      if (known.parameter == parameter) return known;
    }
    auto later = [&](const Point& other) { return other.order > order; };
    auto place = std::find_if(points.begin(), points.end(), later);
    return *points.insert(place, Point{parameter, order, {}});
  }
};

/// The usual console table, which also remembers what it shows.
class RatioReporter final : public benchmark::ConsoleReporter {
 public:
  explicit RatioReporter(OutputOptions output) : ConsoleReporter(output) {}

  void ReportRuns(const std::vector<Run>& reports) override {
    for (const Run& run : reports) remember(run);
    ConsoleReporter::ReportRuns(reports);
  }

  void print_ratios() const;
  bool frys_failed() const { return frys_failed_; }

 private:
  void remember(const Run& run);
  Workload& workload(const std::string& name);

  std::vector<Workload> workloads_;
  bool frys_failed_ = false;
};

Workload& RatioReporter::workload(const std::string& name) {
  for (Workload& known : workloads_) {
    if (known.name == name) return known;
  }
  return workloads_.emplace_back(Workload{name, {}});
}

void RatioReporter::remember(const Run& run) {
  // Repetitions arrive one by one, or only as aggregates when so asked.
  bool single = run.run_type == Run::RT_Iteration;
  if (!single && run.aggregate_name != "median") return;
  const std::string& name = run.run_name.function_name;
  std::size_t first = name.find('/');
  std::size_t last = name.rfind('/');
  if (first == std::string::npos) return;
  std::string parameter = first == last ? "" : name.substr(first + 1, last - first - 1);
  for (const std::string& more : {run.run_name.args, run.run_name.threads}) {
    if (!more.empty()) parameter += (parameter.empty() ? "" : "/") + more;
  }
  std::string who = name.substr(last + 1);
  std::int64_t order = run.family_index * 1000 + run.per_family_instance_index;
  Row& row = workload(name.substr(0, first)).point(parameter, order).rows[who];
  if (run.error_occurred) {
    row.error = run.error_message;
    frys_failed_ = frys_failed_ || who == "frys";
  } else if (single || row.values.empty()) {
    row.add(run);
  }
}

struct Line {
  std::string workload, parameter, frys, peer, ratio;
};

/// The lines of one workload against one peer, the geometric mean last.
void add_lines(const Workload& workload, const std::string& who, std::vector<Line>& lines) {
  double log_sum = 0;
  int count = 0;
  for (const Point& point : workload.points) {
    auto ours = point.rows.find("frys");
    auto theirs = point.rows.find(who);
    if (ours == point.rows.end() || theirs == point.rows.end()) continue;
    Line line{workload.name, point.parameter, ours->second.text(), theirs->second.text(), "-"};
    line.peer += " (" + who + ")";
    if (ours->second.measured() && theirs->second.measured()) {
      double ratio = median(theirs->second.values) / median(ours->second.values);
      line.ratio = format("%.2f", ratio);
      log_sum += std::log(ratio);
      ++count;
    }
    lines.push_back(std::move(line));
  }
  if (count > 0) {
    lines.push_back({workload.name, "geometric mean of " + std::to_string(count), "", "",
                     format("%.2f", std::exp(log_sum / count))});
  }
}

void RatioReporter::print_ratios() const {
  std::vector<Line> lines{{"workload", "parameter", "frys", "peer", "ratio"}};
  std::vector<Workload> workloads = workloads_;
  auto earlier = [](const Workload& a, const Workload& b) {
    return a.points.front().order < b.points.front().order;
  };
  std::sort(workloads.begin(), workloads.end(), earlier);
  for (const Workload& workload : workloads) {
    std::vector<std::string> peers;
    for (const Point& point : workload.points) {
      for (const auto& [who, row] : point.rows) {
        bool known = std::find(peers.begin(), peers.end(), who) != peers.end();
        if (who != "frys" && !known) peers.push_back(who);
      }
    }
    for (const std::string& who : peers) add_lines(workload, who, lines);
  }
  if (lines.size() == 1) return;  // no row has a peer
  std::size_t widths[4] = {};
  for (const Line& line : lines) {
    const std::string* fields[] = {&line.workload, &line.parameter, &line.frys, &line.peer};
    for (int i = 0; i < 4; ++i) widths[i] = std::max(widths[i], fields[i]->size());
  }
  std::printf("\nRatios: time, or bytes, of the peer / of frys; above 1 frys is better.\n");
  for (const Line& line : lines) {
    std::printf("%-*s  %-*s  %*s  %*s  %7s\n", int(widths[0]), line.workload.c_str(),
                int(widths[1]), line.parameter.c_str(), int(widths[2]), line.frys.c_str(),
                int(widths[3]), line.peer.c_str(), line.ratio.c_str());
  }
}

}  // namespace

void refuse(const std::string& what) {
  std::fprintf(stderr, "%s\n%s", what.c_str(), usage().c_str());
  std::exit(2);
}

void init(int& argc, char** argv, const std::vector<Flag>& more) {
  own_flags() = more;
  Options& given = options();
  given.parsed = true;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    if (argument == "--full") {
      given.full = true;
    } else if (std::any_of(more.begin(), more.end(), [&](const Flag& flag) {
                 return take_value(argc, argv, i, flag.name, *flag.value);
               })) {
      continue;
    } else if (take_value(argc, argv, i, "--json", given.json_path) ||
               take_value(argc, argv, i, "--repetitions", given.repetitions)) {
      continue;
    } else if (argument == "--help" || argument == "-h") {
      std::printf("%s", usage().c_str());
      std::exit(0);
    } else if (argument.starts_with("--benchmark_format")) {
      refuse("--benchmark_format: the console table is the format; --json FILE writes JSON");
    } else if (argument.starts_with("--benchmark_") || argument.starts_with("--v=")) {
      argv[kept++] = argv[i];
    } else {
      refuse("unknown argument " + std::string(argument));
    }
  }
  argv[kept] = nullptr;
  argc = kept;
  check_options(given);
}

bool full() { return options().full; }

int run(int argc, char** argv) {
  const Options& given = options();
  if (!given.parsed) init(argc, argv);
  std::vector<std::string> extra;
  if (!given.json_path.empty()) {
    extra = {"--benchmark_out=" + given.json_path, "--benchmark_out_format=json"};
  }
  if (!given.repetitions.empty()) {
    // Interleaved, so that a slow minute of the machine falls on both sides of a ratio.
    extra.push_back("--benchmark_repetitions=" + given.repetitions);
    extra.push_back("--benchmark_enable_random_interleaving=true");
    extra.push_back("--benchmark_display_aggregates_only=true");
  }
  std::vector<char*> arguments(argv, argv + argc);
  for (std::string& argument : extra) arguments.push_back(argument.data());
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  RatioReporter reporter(isatty(STDOUT_FILENO) ? benchmark::ConsoleReporter::OO_Color
                                               : benchmark::ConsoleReporter::OO_None);
  std::size_t rows = benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  if (rows == 0) {
    std::fprintf(stderr, "no row matches the filter\n");
    return 2;
  }
  reporter.print_ratios();
  return reporter.frys_failed() ? 1 : 0;
}

}  // namespace frys::bench
