// Text in a CSV file.
#pragma once

#include <string>
#include <string_view>

namespace temper::data {

// A field, in quotes where a comma, a quote or the end of a line asks for them (RFC 4180).
std::string csv_field(std::string_view text);

}  // namespace temper::data
