#include "layers/batch_norm.h"

#include "core/engine/inference_scope.h"
#include "core/engine/tape.h"
#include "layers/init.h"

namespace temper::layers {
namespace {

Parameter& declare(const ParameterStore::Scope& scope, const char* name, const BatchNormSpec& spec, Parameter::Kind kind,
                   Initializer init) {
  TEMPER_CHECK(spec.channels > 0, "batch normalisation layer: ", spec.channels, " channels; give at least one");
  return scope.declare({.name = name, .shape = {spec.channels}, .initialize = std::move(init), .kind = kind});
}

}  // namespace

BatchNorm::BatchNorm(const ParameterStore::Scope& scope, const BatchNormSpec& spec)
    : weight(declare(scope, "weight", spec, spec.scale ? Parameter::Kind::norm : Parameter::Kind::buffer,
                     spec.weight_init ? spec.weight_init : constant(1))),
      bias(declare(scope, "bias", spec, Parameter::Kind::norm, constant(0))),
      running_mean(declare(scope, "running_mean", spec, Parameter::Kind::buffer, constant(0))),
      running_var(declare(scope, "running_var", spec, Parameter::Kind::buffer, constant(1))),
      options(spec.options) {}

RunningStatistics BatchNorm::running() const {
  if (Tape::recording()) InferenceScope::invalidate(*running_mean.store);
  return {.mean = running_mean.value, .variance = running_var.value};
}

Tensor BatchNorm::operator()(Tensor x, Tensor residual) const {
  return batch_norm(std::move(x), weight, bias, running(), options, std::move(residual));
}

}  // namespace temper::layers
