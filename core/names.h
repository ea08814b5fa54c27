// Enumerations by name.
#pragma once

#include <initializer_list>
#include <string_view>

#include "core/check.h"

namespace temper {

// The one of `all` whose name() is `text`. Throws Error "<what>: TEXT is not known; give <names>".
template <class Kind> Kind by_name(std::string_view what, std::string_view text, std::initializer_list<Kind> all, std::string_view names) {
  for (const Kind kind : all) {
    if (name(kind) == text) return kind;
  }
  throw Error(concat(what, ": ", text, " is not known; give ", names));
}

}  // namespace temper
