// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// What the built library shows to the linker: frys, and nothing that could be mistaken for the
// host's own. The build passes the library, the objects of the instruction sets and the tool nm.

#include <gtest/gtest.h>

#include <regex>
#include <sstream>

#include "meta/source_tree.hpp"

namespace frys::meta {
namespace {

struct Symbol {
  char kind;         ///< nm's letter: upper case is global, W V u may be merged with the host's.
  std::string name;  ///< Demangled.
};

std::vector<Symbol> parse(const std::vector<std::string>& lines) {
  static const std::regex pattern(R"(^[0-9a-f]* +([A-Za-z]) (.*)$)");
  std::vector<Symbol> symbols;
  for (const std::string& line : lines) {
    std::smatch match;
    if (std::regex_match(line, match, pattern)) symbols.push_back({match.str(1)[0], match[2]});
  }
  return symbols;
}

std::vector<Symbol> symbols_of(const std::string& file, const std::string& options) {
  return parse(output_lines(std::string(FRYS_NM) + " " + options + " -C --defined-only '" + file +
                            "' 2>/dev/null"));
}

/// Symbols the dynamic linker offers that are not frys's.
std::vector<std::string> foreign_exports(const std::vector<Symbol>& symbols) {
  static const std::regex ours(
      R"(^(typeinfo (name )?for |vtable for |VTT for |guard variable for )?frys::|^frys_[a-z0-9_]+$)");
  std::vector<std::string> found;
  for (const Symbol& symbol : symbols) {
    if (!std::regex_search(symbol.name, ours)) found.push_back(symbol.name);
  }
  return found;
}

/// Third parties of ours that a host may have in another version: they must bear another name.
std::vector<std::string> clashing(const std::vector<Symbol>& symbols) {
  static const std::regex third_party(
      R"((^|[^A-Za-z0-9_:])(asio|hnswlib|xsimd)::|^(asio|hnswlib|xsimd)_)");
  std::vector<std::string> found;
  for (const Symbol& symbol : symbols) {
    bool global = std::isupper(static_cast<unsigned char>(symbol.kind)) || symbol.kind == 'u';
    if (global && std::regex_search(symbol.name, third_party)) found.push_back(symbol.name);
  }
  return found;
}

/// Strong symbols outside frys: a second definition in the host would fail to link.
std::vector<std::string> strong_foreign(const std::vector<Symbol>& symbols) {
  std::vector<std::string> found;
  for (const Symbol& symbol : symbols) {
    bool strong = std::string("TBDRC").find(symbol.kind) != std::string::npos;
    if (strong && symbol.name.find("frys") == std::string::npos) found.push_back(symbol.name);
  }
  return found;
}

std::vector<std::string> allocator_definitions(const std::vector<Symbol>& symbols) {
  static const std::regex allocator(
      R"(^(_?(malloc|calloc|realloc|free|cfree|memalign|aligned_alloc|posix_memalign|valloc|pvalloc))"
      R"(|malloc_usable_size|reallocarray|mi_\w+|operator (new|delete).*)$)");
  std::vector<std::string> found;
  for (const Symbol& symbol : symbols) {
    if (std::regex_match(symbol.name, allocator)) found.push_back(symbol.name);
  }
  return found;
}

/// Inline code compiled for an instruction set that the machine may lack, under a name the linker
/// may choose for everybody. (DW.ref is a pointer for unwinding, not code.)
std::vector<std::string> shared_inline_code(const std::vector<Symbol>& symbols) {
  static const std::regex own(R"(\b(avx2|avx512|frys_\w*avx\w*)::|^DW\.ref\.)");
  std::vector<std::string> found;
  for (const Symbol& symbol : symbols) {
    bool mergeable = std::string("WVu").find(symbol.kind) != std::string::npos;
    if (mergeable && !std::regex_search(symbol.name, own)) found.push_back(symbol.name);
  }
  return found;
}

std::vector<Symbol> library_symbols() {
  return symbols_of(FRYS_LIBRARY, FRYS_IS_SHARED ? "-D" : "");
}

TEST(Symbols, TheLibraryHasSome) {
  std::vector<Symbol> symbols = library_symbols();
  EXPECT_GT(symbols.size(), 100u) << FRYS_LIBRARY;
}

TEST(Symbols, TheSharedLibraryExportsOnlyFrys) {
  if (!FRYS_IS_SHARED) GTEST_SKIP() << "this build is static";
  EXPECT_EQ(joined(foreign_exports(library_symbols())), "");
}

TEST(Symbols, TheArchiveClashesWithNobody) {
  if (FRYS_IS_SHARED) GTEST_SKIP() << "this build is shared";
  std::vector<Symbol> symbols = library_symbols();
  EXPECT_EQ(joined(clashing(symbols)), "");
  EXPECT_EQ(joined(strong_foreign(symbols)), "");
}

TEST(Symbols, TheLibraryDefinesNoAllocator) {
  EXPECT_EQ(joined(allocator_definitions(library_symbols())), "");
}

TEST(Symbols, InstructionSetsShareNoInlineCode) {
  std::istringstream objects(FRYS_SIMD_OBJECTS);
  std::size_t seen = 0;
  for (std::string object; std::getline(objects, object, ':');) {
    if (object.find("_avx") == std::string::npos) continue;
    ++seen;
    EXPECT_EQ(joined(shared_inline_code(symbols_of(object, ""))), "") << object;
  }
  EXPECT_GE(seen, 2u) << "objects for avx2 and avx512 among " << FRYS_SIMD_OBJECTS;
}

TEST(Symbols, TheRulesSeeABreach) {
  std::vector<Symbol> symbols = parse({
      "0000000000000000 T frys::Kernel::close()",
      "0000000000000010 W asio::detail::scheduler::run()",
      "0000000000000020 W std::vector<asio::any_io_executor>::~vector()",
      "0000000000000030 W frys_asio::detail::scheduler::run()",
      "0000000000000040 T malloc",
      "0000000000000050 t asio::local()",
      "0000000000000060 W frys::simd::avx2::dot(float const*)",
      "0000000000000000 V typeinfo for frys::Executor",
  });
  ASSERT_EQ(symbols.size(), 8u);
  EXPECT_EQ(clashing(symbols).size(), 2u);
  EXPECT_EQ(strong_foreign(symbols), std::vector<std::string>{"malloc"});
  EXPECT_EQ(allocator_definitions(symbols), std::vector<std::string>{"malloc"});
  EXPECT_EQ(foreign_exports(symbols).size(), 5u);
  EXPECT_EQ(shared_inline_code(symbols).size(), 4u);
}

}  // namespace
}  // namespace frys::meta
