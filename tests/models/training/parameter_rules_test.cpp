#include "models/training/parameter_rules.h"

#include <doctest/doctest.h>

#include "models/networks/model.h"
#include "models/training/recipe.h"

namespace temper::training {
namespace {

TEST_CASE("parameter rules: patterns") {
  const auto matches = [](const char* pattern, const char* name, Parameter::Kind kind = Parameter::Kind::weight) {
    return ParameterRule{pattern, 1}.matches({.name = name, .shape = {1}, .initialize = {}, .kind = kind});
  };
  CHECK(matches("fc3.weight", "fc3.weight"));
  CHECK_FALSE(matches("fc3.weight", "fc3.weights"));
  CHECK_FALSE(matches("fc3.weight", "xfc3.weight"));
  CHECK(matches("*", "anything"));
  CHECK(matches("fc?.*", "fc3.weight"));
  CHECK_FALSE(matches("fc?", "fc"));
  CHECK(matches("*.bias", "block1.conv.bias"));
  CHECK(matches("*a*b*c", "aXbXbXc"));
  CHECK_FALSE(matches("*a*b*c", "aXbXbX"));
  CHECK(matches("*aab", "aaab"));
  CHECK_FALSE(matches("", "a"));
  CHECK(matches("norm:*", "bn1.weight", Parameter::Kind::norm));
  CHECK_FALSE(matches("norm:*", "bn1.weight"));
  CHECK(matches("bias:fc*", "fc1.bias", Parameter::Kind::bias));
  CHECK_FALSE(matches("*", "bn1.running_mean", Parameter::Kind::buffer));
}

TEST_CASE("parameter rules: as text and back") {
  for (const char* text : {"fc3.*=0.1", "norm:*=64", "*=0", "a=b=1e-06"}) CHECK(to_string(parse_parameter_rule(text)) == text);
  CHECK(parse_parameter_rule("norm:*=64") == ParameterRule{"norm:*", 64});
  for (const char* text : {"", "fc3", "=1", "fc3=", "fc3=x", "fc3=1x", "fc3=-1", "fc3=nan", "fc3=inf"}) {
    CHECK_THROWS_WITH_AS(parse_parameter_rule(text), doctest::Contains("PATTERN=NUMBER"), Error);
  }
}

TEST_CASE("parameter rules: factors by epoch, and the network's own come back") {
  const models::Model model = models::make_model("mlp-8", data::digits().train, 1);
  std::deque<Parameter>& parameters = model.parameters->parameters();  // fc1.weight, fc1.bias, ..., fc3.bias
  parameters[0].decay_factor = 3;
  model.parameters->regroup();
  const std::size_t groups = model.parameters->groups().size();
  {
    ParameterFactors factors(*model.parameters, {.learning_rate_factors = {{"fc*", 2}, {"fc3.*", 0.25f}},
                                                 .decay_factors = {{"weight:*", 0.5f}},
                                                 .freeze = {{"fc1.*", 3}, {"fc2.bias", 0}}});
    factors.begin_epoch(2);
    factors.begin_epoch(2);  // nothing adds up
    CHECK(parameters[0].learning_rate_factor == 2);
    CHECK(parameters[0].decay_factor == 1.5f);
    CHECK(parameters[1].decay_factor == 1);
    CHECK(parameters[3].learning_rate_factor == 0);
    CHECK(parameters[4].learning_rate_factor == 0.5f);
    factors.begin_epoch(3);
    CHECK(parameters[0].learning_rate_factor == 0);
    CHECK(parameters[2].learning_rate_factor == 2);
    factors.begin_epoch(0);  // a function of the epoch alone
    CHECK(parameters[0].learning_rate_factor == 2);
  }
  CHECK(parameters[0].learning_rate_factor == 1);
  CHECK(parameters[0].decay_factor == 3);
  CHECK(model.parameters->groups().size() == groups);
  CHECK_THROWS_WITH_AS(
      check_rules(*model.parameters, {.freeze = {{"conv*", 1}}}),
      "--freeze: conv* is no parameter of the network; it has fc1.weight, fc1.bias, fc2.weight, fc2.bias, fc3.weight, fc3.bias", Error);
}

}  // namespace
}  // namespace temper::training
