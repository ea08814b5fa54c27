// Options that hold numbers, each with the range that makes sense.
#pragma once

#include <CLI/CLI.hpp>
#include <limits>
#include <string>

namespace temper::app {

struct NumberRange {
  double least = 0, most = std::numeric_limits<double>::max();
  bool whole = false;        // an integer
  bool above_least = false;  // least itself is too little
};

inline NumberRange whole(double least, double most) { return {.least = least, .most = most, .whole = true}; }
inline NumberRange number(double least, double most = std::numeric_limits<double>::max()) { return {.least = least, .most = most}; }
inline NumberRange above(double least, double most = std::numeric_limits<double>::max()) {
  return {.least = least, .most = most, .above_least = true};
}

// What may be a temperature: above 0, and such that logits divided by it stay numbers.
inline constexpr double kLeastTemperature = 1e-3, kMostTemperature = 1e6;
inline NumberRange temperature_range() { return number(kLeastTemperature, kMostTemperature); }

// Every number that the option is given must be in the range. Else, as for NaN, infinity and what is no number: "--beam: 0 is not allowed;
// give a whole number from 1 to 1,000", with exit code 2, before the command does anything. Returns the option.
CLI::Option* in_range(CLI::Option* option, const NumberRange& range);

}  // namespace temper::app
