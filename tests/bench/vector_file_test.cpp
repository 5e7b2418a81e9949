// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "support/vector_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <fstream>
#include <limits>
#include <string>

#include "support/temporary_folder.hpp"

namespace frys::bench {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename Value>
std::string bytes_of(std::initializer_list<Value> values) {
  return {reinterpret_cast<const char*>(values.begin()), values.size() * sizeof(Value)};
}

/// One row as the files of the first kind hold it.
template <typename Value>
std::string row(std::initializer_list<Value> values, std::int32_t columns = -1) {
  if (columns < 0) columns = static_cast<std::int32_t>(values.size());
  return bytes_of({columns}) + bytes_of(values);
}

std::string word(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

/// The header of an idx file.
std::string idx(int type, std::initializer_list<std::uint32_t> extents) {
  std::string header{0, 0, static_cast<char>(type), static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) header += word(extent);
  return header;
}

class VectorFile : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }
  std::string pack(const std::string& name, const std::string& content) const {
    const gzFile file = gzopen((folder_ / name).c_str(), "wb");
    EXPECT_EQ(gzwrite(file, content.data(), static_cast<unsigned>(content.size())),
              static_cast<int>(content.size()));
    gzclose_w(file);
    return folder_ / name;
  }
  /// The message that refuses the file, which begins with its name.
  std::string refusal(const std::string& name, const std::string& content,
                      ErrorCode code = ErrorCode::corruption) const {
    return refused(write(name, content), code);
  }
  static std::string refused(const std::string& path, ErrorCode code = ErrorCode::corruption) {
    const Result<VectorTable> table = read_vectors(path);
    if (table) return "was read";
    EXPECT_EQ(table.error().code(), code);
    EXPECT_THAT(std::string(table.error().message()), HasSubstr(path));
    return std::string(table.error().message());
  }

  testing::TemporaryFolder folder_;
};

TEST_F(VectorFile, RowsOfFloats) {
  const auto table =
      read_vectors(write("a.fvecs", row({1.5f, -2.f, 3e9f}) + row({0.f, 0.25f, -1e-9f})));
  ASSERT_TRUE(table) << table.error().to_string();
  EXPECT_EQ(table->columns, 3u);
  EXPECT_EQ(table->rows(), 2u);
  EXPECT_EQ(table->element, ElementType::f32);
  EXPECT_THAT(table->values, ElementsAre(1.5f, -2.f, 3e9f, 0.f, 0.25f, -1e-9f));
  EXPECT_EQ(*table->row(1), 0.f);
}

TEST_F(VectorFile, RowsOfBytesWithAndWithoutSign) {
  const std::string content = row<unsigned char>({0, 127, 128, 255});
  const auto plain = read_vectors(write("a.bvecs", content));
  ASSERT_TRUE(plain) << plain.error().to_string();
  EXPECT_EQ(plain->element, ElementType::u8);
  EXPECT_THAT(plain->values, ElementsAre(0.f, 127.f, 128.f, 255.f));
  const auto with_sign = read_vectors(write("a.i8vecs", content));
  ASSERT_TRUE(with_sign) << with_sign.error().to_string();
  EXPECT_EQ(with_sign->element, ElementType::i8);
  EXPECT_THAT(with_sign->values, ElementsAre(0.f, 127.f, -128.f, -1.f));
}

TEST_F(VectorFile, RowsOfIntegers) {
  const auto table = read_integers(write("a.ivecs", row({7, -1}) + row({1 << 30, 0})));
  ASSERT_TRUE(table) << table.error().to_string();
  EXPECT_EQ(table->columns, 2u);
  EXPECT_THAT(table->values, ElementsAre(7, -1, 1 << 30, 0));
  EXPECT_EQ(read_integers(write("a.fvecs", row({1.f}))).error().code(),
            ErrorCode::invalid_argument);
  EXPECT_THAT(std::string(read_integers(write("b.ivecs", row({7}) + "abc")).error().message()),
              HasSubstr("ends within the length of row 1"));
}

TEST_F(VectorFile, IdxOfEachType) {
  const auto images =
      read_vectors(write("t-images-idx3-ubyte", idx(8, {2, 2, 3}) + "abcdefghijk\xff"));
  ASSERT_TRUE(images) << images.error().to_string();
  EXPECT_EQ(images->columns, 6u);
  EXPECT_EQ(images->rows(), 2u);
  EXPECT_EQ(images->element, ElementType::u8);
  EXPECT_EQ(images->values.front(), 'a');
  EXPECT_EQ(images->values.back(), 255.f);
  const auto signed_bytes = read_vectors(write("a.idx", idx(9, {1, 2}) + "\x01\xff"));
  ASSERT_TRUE(signed_bytes) << signed_bytes.error().to_string();
  EXPECT_EQ(signed_bytes->element, ElementType::i8);
  EXPECT_THAT(signed_bytes->values, ElementsAre(1.f, -1.f));
  const auto floats =
      read_vectors(write("b.idx", idx(13, {1, 2}) + word(0x3F800000) + word(0xC0200000)));
  ASSERT_TRUE(floats) << floats.error().to_string();
  EXPECT_EQ(floats->element, ElementType::f32);
  EXPECT_THAT(floats->values, ElementsAre(1.f, -2.5f));
}

TEST_F(VectorFile, OnlyTheFirstRowsWhereFewerAreWanted) {
  const std::string content = row({1.f}) + row({2.f}) + row({3.f});
  EXPECT_THAT(read_vectors(write("a.fvecs", content), 2)->values, ElementsAre(1.f, 2.f));
  EXPECT_THAT(read_vectors(write("a.idx", idx(8, {3, 1}) + "\1\2\3"), 2)->values,
              ElementsAre(1.f, 2.f));
  EXPECT_THAT(read_vectors(write("a.idx", idx(8, {3, 1}) + "\1\2\3"), 3)->values,
              ElementsAre(1.f, 2.f, 3.f));
}

TEST_F(VectorFile, PackedByGzip) {
  const auto rows = read_vectors(pack("a.fvecs.gz", row({1.f, 2.f})));
  ASSERT_TRUE(rows) << rows.error().to_string();
  EXPECT_THAT(rows->values, ElementsAre(1.f, 2.f));
  const auto idx_rows = read_vectors(pack("a-idx3-ubyte.gz", idx(8, {1, 2}) + "\1\2"));
  ASSERT_TRUE(idx_rows) << idx_rows.error().to_string();
  EXPECT_THAT(idx_rows->values, ElementsAre(1.f, 2.f));
}

TEST_F(VectorFile, DamagedPackingIsRefused) {
  std::string noise;
  for (int i = 0; i < 5000; ++i)
    noise += row<unsigned char>({static_cast<unsigned char>(i * 37 ^ i >> 3)});
  const std::string path = pack("a.bvecs.gz", noise);
  std::ifstream file(path, std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_THAT(refusal("b.bvecs.gz", packed.substr(0, packed.size() / 2)),
              HasSubstr("ends within what gzip packed"));
  EXPECT_THAT(refusal("b.bvecs.gz", packed.substr(0, packed.size() - 6)),
              HasSubstr("ends within what gzip packed"));
  std::string flipped = packed;
  flipped[flipped.size() - 6] ^= 1;  // In the sum over all that was packed.
  EXPECT_THAT(refusal("b.bvecs.gz", flipped), HasSubstr("can't be unpacked"));
  EXPECT_THAT(refusal("b.bvecs.gz", noise), HasSubstr("gzip did not pack it"));
}

TEST_F(VectorFile, RowsThatAreNotWhole) {
  EXPECT_THAT(refusal("a.fvecs", ""), HasSubstr("holds no row"));
  EXPECT_THAT(refusal("a.fvecs", row({1.f}) + "ab"), HasSubstr("within the length of row 1"));
  EXPECT_THAT(refusal("a.fvecs", row({1.f}) + row({1.f}).substr(0, 6)),
              HasSubstr("ends within row 1: 2 of 4 bytes are there"));
  EXPECT_THAT(refusal("a.bvecs", row({1.f, 2.f}, 8) + row<char>({}, 8)),
              HasSubstr("ends within row 1: 0 of 8 bytes are there"));
}

TEST_F(VectorFile, LengthsThatCanNotBe) {
  EXPECT_THAT(refusal("a.fvecs", row<float>({}, 0)),
              HasSubstr("gives row 0 the length 0; lengths are from 1 to 65536"));
  EXPECT_THAT(refusal("a.fvecs", bytes_of<std::int32_t>({-2})), HasSubstr("the length -2"));
  EXPECT_THAT(refusal("a.fvecs", bytes_of<std::int32_t>({65'537})), HasSubstr("the length 65537"));
  EXPECT_THAT(refusal("a.fvecs", bytes_of<std::int32_t>({65'536})), HasSubstr("0 of 262144 bytes"));
  EXPECT_THAT(refusal("a.fvecs", row({1.f, 2.f}) + row({1.f})),
              HasSubstr("gives row 1 the length 1, and the rows before it 2"));
}

TEST_F(VectorFile, NumbersThatAreNotFinite) {
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refusal("a.fvecs", row({1.f, 2.f}) + row({1.f, infinite})),
              HasSubstr("holds no finite number in row 1 at 1"));
  EXPECT_THAT(refusal("a.idx", idx(13, {1, 2}) + word(0x7FC00000) + word(0)),
              HasSubstr("holds no finite number in row 0 at 0"));
}

TEST_F(VectorFile, IdxHeadersThatCanNotBe) {
  EXPECT_THAT(refusal("a.idx", "ab"), HasSubstr("ends within its header: 2 of 4"));
  EXPECT_THAT(refusal("a.idx", "abcdefgh"), HasSubstr("does not begin as an idx file does"));
  EXPECT_THAT(refusal("a.idx", idx(11, {1, 2})), HasSubstr("of the idx type 11"));
  EXPECT_THAT(refusal("a.idx", idx(8, {5})), HasSubstr("fewer than the two extents"));
  EXPECT_THAT(refusal("a.idx", idx(8, {5, 2}).substr(0, 10)), HasSubstr("its header: 2 of 4"));
  EXPECT_THAT(refusal("a.idx", idx(8, {0, 2})), HasSubstr("holds no row"));
  EXPECT_THAT(refusal("a.idx", idx(8, {1, 0})), HasSubstr("not from 1 to 65536"));
  // A length that wraps around in 32 bits, and one in 64.
  EXPECT_THAT(refusal("a.idx", idx(8, {1, 65'536, 65'536})), HasSubstr("not from 1 to 65536"));
  const std::uint32_t most = 0xFFFFFFFF;
  EXPECT_THAT(refusal("a.idx", idx(8, {1, most, most, most})), HasSubstr("not from 1 to 65536"));
}

TEST_F(VectorFile, IdxThatHoldsLessOrMoreThanItSays) {
  EXPECT_THAT(refusal("a.idx", idx(8, {3, 2}) + "abcde"),
              HasSubstr("ends within row 2 of 3: 1 of 2 bytes are there"));
  // Four billion rows are promised: nothing is made for them.
  EXPECT_THAT(refusal("a.idx", idx(8, {0xFFFFFFFF, 65'536}) + "a"),
              HasSubstr("row 0 of 4294967295: 1 of 65536"));
  EXPECT_THAT(refusal("a.idx", idx(8, {1, 2}) + "abc"), HasSubstr("goes on after its last row"));
}

TEST_F(VectorFile, NamesThatSayNoFormatAndFilesThatAreNotThere) {
  EXPECT_THAT(refusal("a.txt", "1 2 3", ErrorCode::invalid_argument), HasSubstr(".i8vecs"));
  EXPECT_THAT(refusal("fvecs", row({1.f}), ErrorCode::invalid_argument), HasSubstr(".fvecs"));
  EXPECT_THAT(refused(folder_ / "none.fvecs", ErrorCode::io_error), HasSubstr("No such file"));
  EXPECT_THAT(refused(folder_ / "none.fvecs.gz", ErrorCode::io_error), HasSubstr("No such file"));
}

}  // namespace
}  // namespace frys::bench
