// What the rows of models/training/settings.cpp are written with.
#pragma once

#include <cmath>
#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "models/training/settings.h"

namespace temper::training {

double shortest(float field);  // 0.1f as 0.1, not as 0.10000000149011612

// A field as a value of a file.
template <class Field> auto to_value(const Field& field) {
  if constexpr (std::same_as<Field, bool> || std::same_as<Field, std::string>) {
    return field;
  } else if constexpr (std::integral<Field>) {
    return static_cast<Index>(field);
  } else if constexpr (std::floating_point<Field>) {
    return shortest(static_cast<float>(field));
  } else if constexpr (std::same_as<Field, ParameterRule>) {
    return to_string(field);
  } else {
    std::vector<decltype(to_value(field.front()))> list;
    for (const auto& item : field) list.push_back(to_value(item));
    return list;
  }
}

template <class T> T expect(const Value& value, const char* what) {
  const T* held = std::get_if<T>(&value);
  if (!held) throw Error(str_cat("it takes ", what));
  return *held;
}

template <class Field> void from_value(const Value& value, Field& field) {
  if constexpr (std::same_as<Field, bool>) {
    field = expect<bool>(value, "true or false");
  } else if constexpr (std::same_as<Field, std::string>) {
    field = expect<std::string>(value, "text");
  } else if constexpr (std::integral<Field>) {
    const Index number = expect<Index>(value, "a whole number");
    TEMPER_CHECK(std::in_range<Field>(number), "it takes a whole number in the range of its kind, not ", number);
    field = static_cast<Field>(number);
  } else if constexpr (std::floating_point<Field>) {
    const Index* whole = std::get_if<Index>(&value);
    field = static_cast<Field>(whole ? static_cast<double>(*whole) : expect<double>(value, "a number"));
  } else if constexpr (std::same_as<Field, std::vector<Index>>) {
    field = expect<std::vector<Index>>(value, "a list of whole numbers, as [32000, 48000]");
  } else if constexpr (std::same_as<Field, std::vector<float>>) {
    field.clear();
    for (const double number : expect<std::vector<double>>(value, "a list of numbers, as [30, 60]"))
      field.push_back(static_cast<float>(number));
  } else {
    field.clear();
    for (const std::string& text : expect<std::vector<std::string>>(value, "a list of rules, as [\"fc3.*=0.1\"]"))
      field.push_back(parse_parameter_rule(text));
  }
}

// Numbers that a setting may have.
inline bool at_least_0(double x) { return x >= 0 && std::isfinite(x); }
inline bool at_least_1(double x) { return x >= 1 && std::isfinite(x); }
inline bool above_0(double x) { return x > 0 && std::isfinite(x); }
inline bool share(double x) { return x >= 0 && x <= 1; }         // [0,1]
inline bool share_below_1(double x) { return x >= 0 && x < 1; }  // [0,1)

inline constexpr Rule kFinite{at_least_0, "give a finite number >= 0"};
inline constexpr Rule kShareBelow1{share_below_1, "give a number in [0,1)"};

// The row of a setting: its key in files, its option, the placeholder of its value in --help, and its description; the field that it sets;
// the numbers that it may have. The field is a bool, a number, text, or a list of those, and access leads to it: &Recipe::batch, or one of
// the paths below.
template <class Access>
Setting row(const char* key, const char* option, const char* type_name, const char* help, Access access, Rule rule = {}) {
  return {.group = {},
          .key = key,
          .option = option,
          .type_name = type_name,
          .help = help,
          .read = [access](const Recipe& recipe) { return Value(to_value(std::invoke(access, recipe))); },
          .write = [access](Recipe& recipe, const Value& value) { from_value(value, std::invoke(access, recipe)); },
          .rule = rule};
}

// The same setting where it is for some runs only.
inline Setting only(const Scope& scope, Setting setting) {
  setting.scope = scope;
  return setting;
}

// A bool: "--mixed" is also "--no-mixed".
template <class Access> Setting flag(const char* key, const char* option, const char* help, Access access) {
  return row(key, str_cat(option, ",!--no-", option + 2).c_str(), "", help, access);
}

// An enumeration: parse is the inverse of its name().
template <class Access, class Parse> Setting choice(const char* key, const char* option, const char* help, Access access, Parse parse) {
  return {.group = {},
          .key = key,
          .option = option,
          .type_name = "NAME",
          .help = help,
          .read = [access](const Recipe& recipe) { return Value(std::string(name(std::invoke(access, recipe)))); },
          .write = [access, parse](Recipe& recipe,
                                   const Value& value) { std::invoke(access, recipe) = parse(expect<std::string>(value, "a name")); }};
}

// The field of a recipe that a chain of member pointers leads to: path(&Recipe::augment, &data::Augment::shift).
template <class... Members> auto path(Members... members) {
  return [=](auto& recipe) -> auto& { return (recipe.*....*members); };
}

}  // namespace temper::training
