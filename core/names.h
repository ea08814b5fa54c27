// Enumerations by name.
#pragma once

#include <initializer_list>
#include <string_view>

#include "core/check.h"

namespace temper {

// The one of `all` whose name() is `text`. Throws Error "TEXT is not known; give <names>": who asks knows where the text came from.
template <class Kind> Kind by_name(std::string_view text, std::initializer_list<Kind> all, std::string_view names) {
  for (const Kind kind : all) {
    if (name(kind) == text) return kind;
  }
  throw Error(concat(text, " is not known; give ", names));
}

}  // namespace temper
