// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>

#include "experience/embedding_spaces.hpp"
#include "experience/store_impl.hpp"

namespace frys {
namespace {

using namespace detail;  // NOLINT: as in experience_store.cpp.

Status invalid(const std::string& what) { return Status(ErrorCode::invalid_argument, what); }

}  // namespace

/// Those that the store has and those that are asked for, each with an index; none has rows yet.
Status ExperienceStore::Impl::make_indexes() {
  Result<std::vector<VectorSpace>> all = join_spaces(lake->description().spaces, options.spaces);
  if (!all) return all.error().with_context("experience store " + options.path);
  spaces = *std::move(all);
  for (std::size_t number = 0; number <= spaces.size(); ++number) {
    const PatternIndexOptions own{number == 0 ? dimension : spaces[number - 1].dimension,
                                  options.graph_links, options.graph_build_effort, options.path,
                                  static_cast<std::uint8_t>(number)};
    Result<std::unique_ptr<PatternIndex>> made = PatternIndex::create(own, environment);
    if (!made) return made.error();
    indexes.add(*std::move(made));
  }
  index = &indexes.own();
  return {};
}

/// When all of the store was read: one that is damaged stays as it is.
Status ExperienceStore::Impl::add_spaces() {
  return spaces.size() == lake->description().spaces.size() ? Status() : lake->add_spaces(spaces);
}

/// What the record's encoder has checked holds.
Status ExperienceStore::Impl::prepare_spaces(const Experience& experience, PreparedWrite& prepared,
                                             Addition& addition) const {
  for (const NamedEmbedding& named : experience.embeddings) {
    const std::string which = "experience: embedding \"" + named.name + "\"";
    const std::uint8_t number = number_of(named.name, spaces);
    if (number == 0) {
      return invalid(which + " is in no space of the store; it has " + names_of(spaces) +
                     ": name the space when the store is opened");
    }
    const std::size_t floats = spaces[number - 1U].dimension;
    if (named.vector.size() != floats) {
      return invalid(which + " has " + std::to_string(named.vector.size()) +
                     " floats, those of its space have " + std::to_string(floats));
    }
    std::vector<float>& unit = prepared.units_in_spaces.emplace_back(floats);
    if (!normalise(named.vector, unit)) {
      return invalid(which +
                     " is all zeros: it resembles nothing; give one with a direction, or none");
    }
    prepared.in_spaces.push_back(encode_vector(named.vector));
    prepared.units.push_back({number, unit});
    addition.entry.spaces = static_cast<std::uint16_t>(addition.entry.spaces | 1U << (number - 1U));
  }
  for (std::size_t i = 0; i < prepared.units.size(); ++i) {
    prepared.encoded.push_back({prepared.units[i].number, prepared.in_spaces[i]});
  }
  addition.in_spaces = prepared.encoded;
  addition.units_in_spaces = prepared.units;
  return {};
}

/// The number of the space that is searched; 0: that which has no name.
Result<std::uint8_t> ExperienceStore::Impl::space_of(const SimilarityQuery& query) const {
  if (query.space.empty()) return std::uint8_t{0};
  const std::uint8_t number = number_of(query.space, spaces);
  if (number == 0) {
    return invalid("find_similar: there is no space \"" + query.space + "\"; the store has " +
                   names_of(spaces));
  }
  if (query.text.empty()) return number;
  return invalid("find_similar: text is given for space \"" + query.space +
                 "\", whose vectors are the host's; give vector");
}

std::span<const VectorSpace> ExperienceStore::spaces() const noexcept { return impl_->spaces; }

}  // namespace frys
