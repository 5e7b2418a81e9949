// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "text/corpus.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "support/temporary_folder.hpp"
#include "text/utf8.hpp"

namespace crew {
namespace {

namespace fs = std::filesystem;
using frys::testing::TemporaryFolder;

void write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

TEST(IsText, TakesUtf8AndRefusesTheRest) {
  EXPECT_TRUE(is_text(""));
  EXPECT_TRUE(is_text("plain\ttext\r\n"));
  EXPECT_TRUE(is_text("Grüße, 世界, 🙂"));
  EXPECT_FALSE(is_text(std::string_view("a\0b", 3)));
  EXPECT_FALSE(
      is_text("\x7f"
              "ELF\x02\x01"));
  EXPECT_FALSE(is_text("caf\xe9"));           // Latin-1.
  EXPECT_FALSE(is_text("cut off \xe4\xb8"));  // The end of a character is missing.
  EXPECT_FALSE(is_text("\xc0\xaf"));          // Overlong.
  EXPECT_FALSE(is_text("\xed\xa0\x80"));      // A surrogate.
  EXPECT_FALSE(is_text("\xf5\x80\x80\x80"));  // Beyond Unicode.
}

TEST(ValidUtf8, MarksWhatIsNoCharacter) {
  EXPECT_EQ(valid_utf8("Grüße, 世界, 🙂"), "Grüße, 世界, 🙂");
  EXPECT_EQ(valid_utf8("caf\xe9.txt"), "caf\uFFFD.txt");
  EXPECT_EQ(valid_utf8("\xe4\xb8"), "\uFFFD\uFFFD");
}

TEST(ListFolder, PassesToolsFoldersLinksAndLargeFilesBy) {
  const TemporaryFolder folder;
  const fs::path root(folder.path());
  write(root / "b.txt", "b");
  write(root / "a" / "z.txt", "z");
  write(root / ".git" / "config", "hidden");
  write(root / "build" / "out.txt", "made");
  write(root / "build-asan" / "out.txt", "made");
  write(root / "data" / "mine.txt", "excluded");
  write(root / "empty.txt", "");
  write(root / "large.txt", std::string((1 << 20) + 1, 'x'));
  fs::create_symlink(root / "b.txt", root / "link.txt");
  fs::create_directory_symlink(root, root / "round");

  const frys::Result<Listing> listing =
      list_folder(root.string(), (root / "data").string(), std::size_t{1} << 20);
  ASSERT_TRUE(listing) << listing.error().to_string();
  ASSERT_EQ(listing->files.size(), 2U);
  EXPECT_EQ(listing->files[0].path, "a/z.txt");
  EXPECT_EQ(listing->files[1].path, "b.txt");
  ASSERT_EQ(listing->skipped.size(), 1U);
  EXPECT_EQ(listing->skipped[0].path, "large.txt");
}

TEST(ListFolder, KeepsAnEvenChoiceWithinTheLimit) {
  const TemporaryFolder folder;
  const fs::path root(folder.path());
  for (int i = 0; i < 100; ++i) {
    char name[16];
    std::snprintf(name, sizeof(name), "%03d.txt", i);
    write(root / name, std::string(1000, 'x'));
  }
  const frys::Result<Listing> listing = list_folder(root.string(), "", 10'000);
  ASSERT_TRUE(listing);
  EXPECT_LE(listing->files.size(), 10U);
  EXPECT_GE(listing->files.size(), 9U);
  EXPECT_LT(listing->files.front().path, "020.txt");
  EXPECT_GT(listing->files.back().path, "080.txt");
  EXPECT_EQ(listing->skipped.size(), 1U);
}

TEST(ListFolder, SaysWhichFolderIsMissing) {
  const frys::Result<Listing> listing = list_folder("/no/such/folder", "", 1000);
  ASSERT_FALSE(listing);
  EXPECT_EQ(listing.error().code(), frys::ErrorCode::io_error);
  EXPECT_NE(listing.error().message().find("/no/such/folder"), std::string_view::npos);
}

TEST(ReadFile, GivesTheBytesOrTheReason) {
  const TemporaryFolder folder;
  const fs::path path = fs::path(folder.path()) / "file";
  const std::string content(50'000, 'q');
  write(path, content);
  EXPECT_EQ(*read_file(path.string()), content);
  const frys::Result<std::string> missing = read_file(path.string() + "-not");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), frys::ErrorCode::io_error);
}

TEST(MakeBatches, AreAboutEqualAndKeepTheOrder) {
  std::vector<FileEntry> files;
  for (int i = 0; i < 500; ++i) {
    files.push_back({std::to_string(1000 + i), static_cast<std::uint64_t>(1000 + 37 * (i % 50))});
  }
  const std::vector<Batch> batches = make_batches(files, 16);
  ASSERT_GT(batches.size(), 4U);
  ASSERT_LE(batches.size(), 16U);
  std::vector<std::string> seen;
  std::set<std::uint64_t> sizes;
  for (const Batch& batch : batches) {
    std::uint64_t bytes = 0;
    for (const FileEntry& file : batch.files) {
      seen.push_back(file.path);
      bytes += file.size_bytes;
    }
    sizes.insert(bytes);
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.size(), files.size());
  EXPECT_LT(*sizes.rbegin(), *sizes.begin() * 12 / 10);
}

TEST(MakeBatches, NoneIsEmptyHoweverUnequalTheFiles) {
  const std::vector<Batch> batches =
      make_batches({{"a", 1'000'000}, {"b", 10}, {"c", 900'000}, {"d", 5}}, 16);
  for (const Batch& batch : batches) EXPECT_FALSE(batch.files.empty());
  EXPECT_TRUE(make_batches({}, 16).empty());
}

}  // namespace
}  // namespace crew
