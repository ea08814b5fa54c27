#include "models/training/setting_rows.h"

#include "models/training/json.h"

namespace temper::training {

double shortest(float field) { return short_number(field); }

namespace {

template <class Number> void check_number(const Setting& setting, Number value) {
  TEMPER_CHECK(setting.rule.allows(static_cast<double>(value)), setting.option, ": ", value, " is not allowed; ", setting.rule.advice);
}

}  // namespace

void Setting::check(const Recipe& recipe) const {
  const Value value = read(recipe);
  if (std::holds_alternative<std::string>(value)) {  // is the name one that a file could say?
    try {
      Recipe copy;
      write(copy, value);
    } catch (const Error& error) {
      throw Error(str_cat(option, ": ", error.what()));
    }
  }
  if (!rule.allows) return;
  const auto check_value = [&]<class T>(const T& held) {
    if constexpr (std::same_as<T, Index> || std::same_as<T, double>) {
      check_number(*this, held);
    } else if constexpr (std::same_as<T, std::vector<Index>> || std::same_as<T, std::vector<double>>) {
      for (const auto number : held) check_number(*this, number);
    }
  };
  std::visit(check_value, value);
}

}  // namespace temper::training
