// Settings for some of a network's parameters, chosen by their names: the last layer learns at a tenth of the rate, a bias stops learning
// after three epochs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/engine/parameters.h"

namespace temper::training {

// For the parameters that `pattern` means: a name in which * stands for any characters and ? for one, with a kind in front, "weight:",
// "bias:" or "norm:", when only those of that kind are meant. "fc3.*", "norm:*", "bias:block1.*".
struct ParameterRule {
  std::string pattern;
  float value = 0;

  bool matches(const Parameter& parameter) const;  // never a parameter that is not learned
  bool operator==(const ParameterRule&) const = default;
};

// "PATTERN=VALUE". The inverse throws Error for a text without both, and for a value that is not a finite number >= 0.
std::string to_string(const ParameterRule& rule);
ParameterRule parse_parameter_rule(std::string_view text);

struct Recipe;

// Throws Error "--lr-factors: ..." for a rule of the recipe that means no parameter, naming those that there are.
void check_rules(const ParameterStore& store, const Recipe& recipe);

// Multiplies the factors that a network declared for its parameters by those of a recipe, epoch by epoch: a function of the recipe and the
// epoch, so a resumed run has the same. The network's own come back with the end of this object.
class ParameterFactors {
 public:
  // Keeps a reference to the store. Checks the rules.
  ParameterFactors(ParameterStore& store, const Recipe& recipe);
  ParameterFactors(const ParameterFactors&) = delete;
  ParameterFactors& operator=(const ParameterFactors&) = delete;
  ~ParameterFactors();

  void begin_epoch(Index epoch);  // from 0

 private:
  struct Factors {
    float declared_rate, declared_decay;  // of the network
    float rate, decay;                    // of the run
    float frozen_from;                    // epoch
  };
  ParameterStore& store_;
  std::vector<Factors> factors_;  // in the order of store.parameters()
};

}  // namespace temper::training
