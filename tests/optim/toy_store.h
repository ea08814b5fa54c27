// A store whose values and gradients are given by hand, without layers or a tape.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/engine/parallel.h"
#include "core/engine/parameters.h"

namespace temper {

struct ToyStore {
  using Values = std::function<double(Index i)>;

  ParameterStore store;

  Parameter& add(const std::string& name, Index size, const Values& values, Parameter::Kind kind = Parameter::Kind::weight,
                 float decay_factor = 1) {
    const auto initialize = [values](const View& value, const Random&) {
      for (Index i = 0; i < value.size(); ++i) value[i] = static_cast<float>(values(i));
    };
    return store.root().declare({.name = name, .shape = {size}, .initialize = initialize, .kind = kind, .decay_factor = decay_factor});
  }
  void commit() { store.commit({.seed = 1}); }
};

// As a backward pass would.
inline void set_gradient(Parameter& parameter, const ToyStore::Values& gradient) {
  for (Index i = 0; i < parameter.gradient.size(); ++i) parameter.gradient[i] = static_cast<float>(gradient(i));
  parameter.gradient_is_stale = false;
}

inline std::vector<float> copy_of(std::span<const float> values) { return {values.begin(), values.end()}; }

}  // namespace temper
