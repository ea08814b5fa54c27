#include "models/networks/mlp.h"

#include "core/ops/relu.h"
#include "layers/init.h"
#include "layers/linear.h"

namespace temper::models {

Mlp::Mlp(const ParameterStore::Scope& scope, const MlpSpec& spec) {
  layers::LinearInputs inputs = spec.image;
  int number = 0;
  const auto next = [&](Index outputs) {
    layers_.add(
        layers::Linear(scope / concat("fc", ++number), {.inputs = inputs, .outputs = outputs, .weight_init = layers::kaiming_normal()}));
    inputs = outputs;
  };
  for (const Index units : spec.hidden) {
    next(units);
    layers_.add(relu);
  }
  next(spec.classes);
}

}  // namespace temper::models
