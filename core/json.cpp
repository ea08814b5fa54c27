#include "core/json.h"

#include "core/check.h"

namespace temper {

Json parse_json(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error(concat("not valid JSON at byte ", error.byte));
  }
}

std::string plain_words(const std::exception& error) {
  const std::string_view what = error.what();
  const std::size_t name = what.starts_with("[json.exception.") ? what.find("] ") + 2 : 0;
  return std::string(what.substr(name));
}

}  // namespace temper
