// Things by name.
#pragma once

#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/check.h"

namespace temper {

// The name that someone who wrote `text` may have meant: the one that the fewest slips of the fingers make of it, whatever the case of the
// letters. A slip is a letter too many, one too few, another one, or two in the wrong order. Empty when every name is too far away: a third
// of the longer one's letters may be wrong, of short names one. Of equally near names the first.
std::string closest_name(std::string_view text, std::span<const std::string> names);

// What an error says of a name that is in no list: "did you mean lenet? " before what there is, or nothing.
std::string did_you_mean(std::string_view text, std::span<const std::string> names);

// The same for a list of things that have names: did_you_mean(text, recipes, &Recipe::name).
template <class Things, class Name> std::string did_you_mean(std::string_view text, const Things& things, Name name_of) {
  std::vector<std::string> names;
  for (const auto& thing : things) names.emplace_back(std::invoke(name_of, thing));
  return did_you_mean(text, std::span<const std::string>(names));
}

// Returns the value of `all` whose name() is `text`. Throws Error "TEXT is not known; give <names>"; the caller adds where the text came
// from.
template <class Kind> Kind find_by_name(std::string_view text, std::initializer_list<Kind> all, std::string_view names) {
  for (const Kind kind : all) {
    if (name(kind) == text) return kind;
  }
  throw Error(str_cat(text, " is not known; ", did_you_mean(text, all, [](Kind kind) { return name(kind); }), "give ", names));
}

// What tells files or folders apart: of each path the last part, with as many of the parts before it as it takes: "r" and "s" of aa/r and
// aa/s, "aa/r" and "bb/r" of aa/r and bb/r. One that is there twice has the same name twice.
std::vector<std::string> distinct_names(std::span<const std::string> paths);

// "a, b or c"; with " and " in place of " or " likewise.
inline std::string list_names(std::span<const std::string> names, std::string_view before_last = " or ") {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? before_last : std::string_view(", ");
    text += names[i];
  }
  return text;
}

}  // namespace temper
