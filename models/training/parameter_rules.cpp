#include "models/training/parameter_rules.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "models/training/recipe.h"

namespace temper::training {
namespace {

// Whether `name` is what `pattern` means. Greedy, with one place to come back to: the last *.
bool glob(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, tried = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      tried = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p, ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++tried;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string_view kind_name(Parameter::Kind kind) {
  return kind == Parameter::Kind::weight ? "weight"
         : kind == Parameter::Kind::bias ? "bias"
         : kind == Parameter::Kind::norm ? "norm"
                                         : "state";
}

void check_used(const ParameterStore& store, const std::vector<ParameterRule>& rules, const char* option) {
  for (const ParameterRule& rule : rules) {
    std::string names;
    bool used = false;
    for (const Parameter& parameter : store.parameters()) {
      used = used || rule.matches(parameter);
      if (parameter.kind != Parameter::Kind::buffer && names.size() < 400) names += (names.empty() ? "" : ", ") + parameter.name;
    }
    TEMPER_CHECK(used, "--", option, ": ", rule.pattern, " is no parameter of the network; it has ", names);
  }
}

}  // namespace

bool ParameterRule::matches(const Parameter& parameter) const {
  if (parameter.kind == Parameter::Kind::buffer) return false;
  std::string_view names = pattern;
  const std::size_t colon = names.find(':');
  if (colon != std::string_view::npos) {
    if (names.substr(0, colon) != kind_name(parameter.kind)) return false;
    names.remove_prefix(colon + 1);
  }
  return glob(names, parameter.name);
}

std::string to_string(const ParameterRule& rule) {
  char text[32];
  return rule.pattern + "=" + std::string(text, std::to_chars(text, text + sizeof text, rule.value).ptr);
}

ParameterRule parse_parameter_rule(std::string_view text) {
  const std::size_t equals = text.rfind('=');
  float value = -1;
  if (equals != std::string_view::npos) {
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + equals + 1, end, value);
    if (error != std::errc{} || stopped != end) value = -1;
  }
  TEMPER_CHECK(equals != 0 && std::isfinite(value) && value >= 0, "\"", text,
               "\" is not PATTERN=NUMBER; write as in fc3.*=0.1 or norm:*=64");
  return {std::string(text.substr(0, equals)), value};
}

void check_rules(const ParameterStore& store, const Recipe& recipe) {
  check_used(store, recipe.learning_rate_factors, "lr-factors");
  check_used(store, recipe.decay_factors, "decay-factors");
  check_used(store, recipe.freeze, "freeze");
}

ParameterFactors::ParameterFactors(ParameterStore& store, const Recipe& recipe) : store_(store) {
  check_rules(store, recipe);
  for (const Parameter& parameter : store.parameters()) {
    Factors factors{.declared_rate = parameter.learning_rate_factor,
                    .declared_decay = parameter.decay_factor,
                    .rate = parameter.learning_rate_factor,
                    .decay = parameter.decay_factor,
                    .frozen_from = std::numeric_limits<float>::infinity()};
    for (const ParameterRule& rule : recipe.learning_rate_factors) factors.rate *= rule.matches(parameter) ? rule.value : 1;
    for (const ParameterRule& rule : recipe.decay_factors) factors.decay *= rule.matches(parameter) ? rule.value : 1;
    for (const ParameterRule& rule : recipe.freeze) {
      if (rule.matches(parameter)) factors.frozen_from = std::min(factors.frozen_from, rule.value);
    }
    factors_.push_back(factors);
  }
}

ParameterFactors::~ParameterFactors() {
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    store_.parameters()[i].learning_rate_factor = factors_[i].declared_rate;
    store_.parameters()[i].decay_factor = factors_[i].declared_decay;
  }
  store_.regroup();
}

void ParameterFactors::begin_epoch(Index epoch) {
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const bool frozen = static_cast<float>(epoch) >= factors_[i].frozen_from;
    store_.parameters()[i].learning_rate_factor = frozen ? 0 : factors_[i].rate;
    store_.parameters()[i].decay_factor = factors_[i].decay;
  }
  store_.regroup();
}

}  // namespace temper::training
