// JSON, with keys in the order in which they were written. For sources: no header of the library includes this one.
#pragma once

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace temper {

using Json = nlohmann::ordered_json;

// Throws Error "not valid JSON at byte N"; who calls it names the file.
Json parse_json(std::string_view text);

// The message of an error met while reading JSON, without the name that nlohmann-json has for it: "key 'settings' not found".
std::string plain_words(const std::exception& error);

}  // namespace temper
