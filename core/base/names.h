// Things by name.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "core/base/check.h"

namespace temper {

// Returns the value of `all` whose name() is `text`. Throws Error "TEXT is not known; give <names>"; the caller adds where the text came
// from.
template <class Kind> Kind find_by_name(std::string_view text, std::initializer_list<Kind> all, std::string_view names) {
  for (const Kind kind : all) {
    if (name(kind) == text) return kind;
  }
  throw Error(str_cat(text, " is not known; give ", names));
}

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
