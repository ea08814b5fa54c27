// Text in a CSV file.
#pragma once

#include <string>
#include <string_view>

namespace temper::data {

// A field that holds a name, in quotes where a comma, a quote or the end of a line asks for them (RFC 4180). A name that a spreadsheet
// would compute, such as =1+1, gets an apostrophe before it, by which spreadsheets know text; a number stays one.
std::string csv_field(std::string_view name);

}  // namespace temper::data
