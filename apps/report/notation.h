// How text, numbers and dates are written on the page: escaped, and the same in every locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace temper::report {

// Safe inside HTML text and quoted attributes: & < > " ' become entities, control characters the replacement character.
std::string escape(std::string_view text);

// Fixed decimals, "0.043"; an en dash when the value is not finite.
std::string decimal(double value, int digits);

// As short as exact reading allows: "0.1", "25", "1e-05".
std::string plain(double value);

// "97.2 %" with a space that does not break.
std::string percent(double fraction, int digits);

// Digits of a percentage worth printing for `samples` images: one, or two where a single image is below 0.05 %.
int percent_digits(std::int64_t samples);

// "61 706": thousands apart.
std::string count(std::int64_t value);

// "4.2 s", "12 min 5 s", "3 h 20 min".
std::string duration(double seconds);

// "25 November 2026" of an ISO 8601 time; the text itself when it is something else. Not escaped.
std::string date(std::string_view iso_time);

}  // namespace temper::report
