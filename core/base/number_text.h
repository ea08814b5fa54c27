// Numbers as a sentence writes them, the same in every locale.
#pragma once

#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/base/shape.h"

namespace temper {

std::string format_fixed(double value, int digits);  // "0.0430", "inf", "nan"
std::string format_general(double value);            // up to six digits, as short as they allow: "0.1", "1000", "1e-05"
std::string format_percent(double fraction);         // "97.35 %", "-" for NaN
std::string format_count(Index count);               // "61,706"

// "1 epoch", "61,706 epochs"; of a word whose plural has no plain s: counted(3, "class", "classes").
std::string counted(Index count, std::string_view one, std::string_view many = {});

}  // namespace temper
