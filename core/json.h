// JSON, with keys in the order in which they were written. For sources: no header of the library includes this one.
#pragma once

#include <nlohmann/json.hpp>

namespace temper {

using Json = nlohmann::ordered_json;

}  // namespace temper
