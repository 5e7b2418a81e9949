// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// One thing is damaged in one file of a closed store. Opening answers an error that says so, or
// opens a store whose every answer is right, or an error. With `salvage` some may be missing.

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <vector>

#include "torture/store_allocations.hpp"
#include "torture/store_rounds.hpp"

namespace frys::torture {
namespace {

namespace fs = std::filesystem;

enum Verdict : int { intact = 0, refused = 10, told = 11, torn = 12, lost = 13 };

// What opening any store takes, beside what its files hold.
constexpr std::size_t room_bytes = std::size_t{16} << 20;

bool is_clear(const Status& status) {
  return status == ErrorCode::corruption || status == ErrorCode::io_error ||
         status == ErrorCode::failed_precondition;
}

/// What the name of a file says that is in it.
std::string kind_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (const std::size_t dot = name.rfind('.'); dot != std::string::npos) return name.substr(dot);
  return name.substr(0, name.find('-'));
}

std::map<std::string, std::vector<fs::path>> files_by_kind(const std::string& folder) {
  std::map<std::string, std::vector<fs::path>> kinds;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().filename() == "LOCK") continue;
    kinds[kind_of(entry.path())].push_back(entry.path());
  }
  for (auto& [kind, files] : kinds) std::sort(files.begin(), files.end());
  return kinds;
}

struct Damage {
  fs::path file;
  std::string what;
  bool newest_log = false;  ///< Whose end may be one that was never written.
};

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void write_file(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// Anywhere, with its first and last bytes as likely as all the others.
std::size_t some_place(StoreLives& lives, std::size_t bytes) {
  const std::size_t edge = std::min<std::size_t>(bytes, 128);
  switch (lives.below(3)) {
    case 0:
      return lives.below(edge);
    case 1:
      return bytes - 1 - lives.below(edge);
    default:
      return lives.below(bytes);
  }
}

/// Changes `bytes`, which are not none; says how.
std::string damage_bytes(StoreLives& lives, std::string& bytes) {
  const std::size_t at = some_place(lives, bytes.size());
  const std::string where = " at " + std::to_string(at) + " of " + std::to_string(bytes.size());
  const std::uint64_t dice = lives.below(10);
  if (dice < 4) {
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << lives.below(8)));
    return "a bit" + where;
  }
  if (dice < 6) {
    bytes.resize(at);
    return "cut" + where;
  }
  if (dice == 6) {
    for (std::size_t i = 0; i < 4 && at + i < bytes.size(); ++i) bytes[at + i] = '\xff';
    return "four bytes of ones" + where;
  }
  if (dice == 7) {
    for (std::uint64_t left = 1 + lives.below(5000); left > 0; --left) {
      bytes.push_back(static_cast<char>(lives.below(256)));
    }
    return "longer than " + std::to_string(bytes.size());
  }
  const std::size_t page = std::size_t{512} << lives.below(4);
  const std::size_t begin = at / page * page;
  for (std::size_t i = begin; i < std::min(begin + page, bytes.size()); ++i) {
    bytes[i] = dice == 8 ? '\0' : static_cast<char>(lives.below(256));
  }
  return std::string(dice == 8 ? "zeros" : "noise") + " in the page of " + std::to_string(page) +
         where;
}

Damage damage_something(StoreLives& lives, const std::string& folder) {
  const auto kinds = files_by_kind(folder);
  auto kind = kinds.begin();
  std::advance(kind, static_cast<std::ptrdiff_t>(lives.below(kinds.size())));
  // Tables are of several families, and have more regions than the others.
  if (const auto tables = kinds.find(".sst"); tables != kinds.end() && lives.below(3) == 0) {
    kind = tables;
  }
  Damage damage;
  damage.file = kind->second[lives.below(kind->second.size())];
  if (kind->first == ".log") {
    // Nothing names it yet, and what is behind it is nothing.
    const auto written = std::find_if(kind->second.rbegin(), kind->second.rend(),
                                      [](const fs::path& log) { return fs::file_size(log) > 0; });
    damage.newest_log = written == kind->second.rend() || damage.file >= *written;
  }
  std::string bytes = read_file(damage.file);
  const std::uint64_t dice = lives.below(12);
  if (dice == 0) {
    fs::remove(damage.file);
    damage.what = "removed";
  } else if (dice == 1 || bytes.empty()) {
    fs::resize_file(damage.file, 0);
    damage.what = "empty";
  } else {
    damage.what = damage_bytes(lives, bytes);
    write_file(damage.file, bytes);
  }
  damage.what = damage.file.filename().string() + ": " + damage.what;
  return damage;
}

/// A process that opens what may be damaged and reads all of it.
class Judge {
 public:
  Judge(StoreLives& lives, const std::string& path, bool salvage)
      : model_(lives.model()), journal_(lives.journal()), options_(lives.options()) {
    options_.path = path;
    options_.salvage = salvage;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) file_bytes_ += entry.file_size();
    }
  }
  Verdict run();

 private:
  void scan();
  void take_row(const ScanRow& row);
  void read_all();
  void read(std::uint32_t number);
  void search_some();
  void search(const SeenRow& row, const SimilarityQuery& query);
  void store_more();
  void change_one(std::uint32_t number);
  Verdict verdict() const;
  void may_tell(const Status& status, const std::string& what) {
    if (!is_clear(status)) journal_.fail(what + ": " + status.to_string());
    told_ = true;
  }

  const StoreModel& model_;
  Journal& journal_;
  ExperienceStoreOptions options_;
  std::optional<ExperienceStore> store_;
  std::vector<SeenRow> rows_;                      // As this store has them.
  std::map<std::uint32_t, const SeenRow*> there_;  // By number.
  std::size_t file_bytes_ = 0;
  bool told_ = false;
};

Verdict Judge::run() {
  watch_allocations();
  Result<ExperienceStore> opened = ExperienceStore::open(options_, Environment());
  if (!opened) {
    journal_.say(opened.error().to_string());
    if (!is_clear(opened.error())) journal_.fail("open: " + opened.error().to_string());
  } else {
    store_.emplace(*std::move(opened));
    scan();
    read_all();
    search_some();
    store_more();
  }
  if (largest_allocation() > room_bytes + 4 * file_bytes_) {
    journal_.fail("with files of " + std::to_string(file_bytes_) + " bytes, " +
                  std::to_string(largest_allocation()) + " were allocated at once");
  }
  return store_ ? verdict() : refused;
}

void Judge::scan() {
  ScanQuery query;
  query.limit = 1000;
  do {
    const Result<ScanPage> page = store_->scan(query);
    if (!page) return may_tell(page.status(), "scan");
    for (const ScanRow& row : page->rows) take_row(row);
    query.after_sequence = page->next;
  } while (query.after_sequence != 0);
  if (store_->size() != rows_.size()) {
    journal_.fail("a scan finds " + std::to_string(rows_.size()) + " rows of " +
                  std::to_string(store_->size()));
  }
  for (const SeenRow& row : rows_) {
    if (there_.emplace(row.number, &row).second) continue;
    journal_.fail("experience " + std::to_string(row.number) + " is there twice");
  }
}

/// It was so once, at this very sequence.
void Judge::take_row(const ScanRow& row) {
  const std::uint32_t number = number_of(row.started_at_ns);
  const std::string where = "a scan names at sequence " + std::to_string(row.sequence) + " ";
  if (number >= model_.next_number() || row.id != model_.known()[number].id) {
    journal_.fail(where + "what nobody stored");
  }
  const SeenRow seen_row = seen(number, row);
  if (!model_.known()[number].step_of(&seen_row, 0)) {
    journal_.fail(where + "experience " + std::to_string(number) + " as it never was there");
  }
  if (!rows_.empty() && row.sequence <= rows_.back().sequence) {
    journal_.fail(where + "what is before the last");
  }
  rows_.push_back(seen_row);
}

void Judge::read_all() {
  for (std::uint32_t number = 0; number < model_.next_number(); ++number) read(number);
}

void Judge::read(std::uint32_t number) {
  const ExperienceId id = model_.known()[number].id;
  const std::string which = "experience " + std::to_string(number);
  const auto there = there_.find(number);
  const Result<ScanRow> row = store_->look_up(id);
  if (row.has_value() != (there != there_.end()) || (!row && row.error() != ErrorCode::not_found)) {
    journal_.fail("look_up does not agree with a scan about " + which);
  }
  if (row && !(seen(number, *row).standing == there->second->standing &&
               row->sequence == there->second->sequence)) {
    journal_.fail("look_up says of " + which + " what a scan does not");
  }
  const Result<Experience> found = store_->get(id);
  if (found && !(*found == make_experience(model_.recipe(), number))) {
    journal_.fail(which + " is another one");
  }
  if (found && !row) journal_.fail(which + " can be read but is in no scan");
  if (found) return;
  if (found.error() != ErrorCode::not_found) return may_tell(found.status(), which);
  if (row) journal_.fail(which + " is in a scan but can't be read");
}

void Judge::search_some() {
  const std::size_t step = rows_.size() / 60 + 1;
  for (std::size_t i = 0; i < rows_.size(); i += step) {
    const SeenRow& row = rows_[i];
    const Experience experience = make_experience(model_.recipe(), row.number);
    for (const SimilarityQuery& query : exact_queries(experience)) search(row, query);
  }
}

void Judge::search(const SeenRow& row, const SimilarityQuery& query) {
  const Result<SimilarMatches> matches = store_->find_similar(query);
  if (!matches) return may_tell(matches.status(), "find_similar");
  const ExperienceId id = model_.known()[row.number].id;
  if (std::none_of(matches->begin(), matches->end(), [&](const Match& match) {
        return match.id == id && match.sequence == row.sequence && match.similarity > 0.999 &&
               seen(row.number, match).standing == row.standing;
      })) {
    journal_.fail("experience " + std::to_string(row.number) + " is not found by its own vector" +
                  (query.space.empty() ? "" : " in space " + query.space));
  }
}

/// It goes on, or says why it can't.
void Judge::store_more() {
  const Experience experience = make_experience(model_.recipe(), model_.next_number());
  const Result<ExperienceId> id = store_->store(experience, {Durability::synced});
  if (!id) return may_tell(id.status(), "store");
  const Result<Experience> found = store_->get(*id);
  if (!found) return may_tell(found.status(), "what was just stored");
  if (!(*found == experience)) journal_.fail("what was just stored is another one");
  if (!rows_.empty()) change_one(rows_[rows_.size() / 2].number);
  if (const Status status = store_->close(); !status.ok()) may_tell(status, "close");
}

void Judge::change_one(std::uint32_t number) {
  const ExperienceId id = model_.known()[number].id;
  const std::uint64_t uses = there_.at(number)->standing.uses;
  if (const Status status = store_->amend(id, {.uses = 1}); !status.ok()) {
    return may_tell(status, "amend");
  }
  const Result<ScanRow> row = store_->look_up(id);
  if (!row || row->uses != uses + 1) journal_.fail("what was just amended is as before");
  if (const Status status = store_->remove(id); !status.ok()) return may_tell(status, "remove");
  if (store_->look_up(id) || store_->get(id)) journal_.fail("what was just removed is there");
}

/// What is left is that of one moment, or there are gaps in it.
Verdict Judge::verdict() const {
  const auto row_of = [&](std::uint32_t number) {
    const auto there = there_.find(number);
    return there == there_.end() ? nullptr : there->second;
  };
  const std::vector<Known>& known = model_.known();
  std::size_t others = 0;
  for (std::uint32_t number = 0; number < known.size(); ++number) {
    if (!fits(known[number].now(), row_of(number))) ++others;
  }
  if (others == 0) return told_ ? told : intact;
  journal_.say(std::to_string(others) + " of " + std::to_string(known.size()) +
               " experiences are not as they were left");
  std::uint64_t moment = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (std::uint32_t number = 0; number < known.size(); ++number) {
      const std::optional<std::uint64_t> next = known[number].moment_of(row_of(number), moment);
      if (!next) return lost;
      moved = moved || *next > moment;
      moment = *next;
    }
  }
  return torn;
}

/// The store whose copies are damaged: tables and several logs.
void make_store(StoreLives& lives) {
  for (std::uint64_t left = 1 + lives.below(7); left > 0; --left) {
    Task task = lives.some_task();
    task.kill = {};
    task.end_closed = true;
    task.bursts = 1 + lives.below(8);
    task.reopens = false;
    lives.now("makes a store");
    (void)lives.live(task);
  }
  lives.check_all();
}

int judge_apart(StoreLives& lives, const std::string& path, bool salvage) {
  lives.journal().clear();
  int verdict = intact;
  const pid_t pid = start_process([&] { ::_exit(Judge(lives, path, salvage).run()); });
  const Ended ended = wait_for_end(pid);
  if (lives.journal().failed.load()) lives.fail(lives.journal().message.data());
  verdict = ended.code;
  if (ended.hung || (verdict != intact && (verdict < refused || verdict > lost))) {
    lives.fail(ended.words);
  }
  return verdict;
}

}  // namespace

void run_damage_round(std::uint64_t seed, StoreLimit& limit, StoreTotals& totals) {
  StoreLives lives(seed, StoreRound::damage, totals);
  make_store(lives);
  const std::string copy = lives.folder() + "/copy";
  for (std::uint64_t left = 40 + lives.below(80); left > 0 && !limit.reached(); --left) {
    fs::remove_all(copy);
    fs::copy(lives.store_path(), copy, fs::copy_options::recursive);
    const Damage damage = damage_something(lives, copy);
    lives.now(damage.what);
    ++totals.damages;
    const int verdict = judge_apart(lives, copy, /*salvage=*/false);
    if (verdict == refused) ++totals.damages_refused;
    if (verdict == told) ++totals.damages_told;
    if (verdict == torn) ++totals.damages_torn;
    if (verdict == lost || (verdict == torn && !damage.newest_log)) {
      lives.fail(std::string("lost without a word: ") + lives.journal().message.data());
    }
    if (verdict != refused) continue;
    lives.now(damage.what + ", salvaged");
    if (judge_apart(lives, copy, /*salvage=*/true) != refused) ++totals.damages_salvaged;
  }
}

}  // namespace frys::torture
