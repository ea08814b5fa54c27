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
        layers::Linear(scope / str_cat("fc", ++number), {.inputs = inputs, .outputs = outputs, .weight_init = layers::kaiming_normal()}));
    inputs = outputs;
  };
  for (const Index units : spec.hidden) {
    next(units);
    layers_.add(relu);
  }
  next(spec.classes);
}

std::vector<NetworkKind> Mlp::kinds() {
  return {{.name = "mlp",
           .description = "two hidden layers of 128 units",
           .make = [](const ParameterStore::Scope& scope, const NetworkSpec& spec,
                      Index) { return std::make_unique<Mlp>(scope, MlpSpec{spec}); }},
          {.name = "mlp-H",
           .example = "mlp-1200",
           .description = "two hidden layers of H units; mlp-1200 is the paper's MNIST teacher, mlp-800 its student",
           .make = [](const ParameterStore::Scope& scope, const NetworkSpec& spec, Index units) {
             return std::make_unique<Mlp>(scope, MlpSpec{spec, {units, units}});
           }}};
}

}  // namespace temper::models
