#include "layers/layer_norm.h"

#include "core/ops/layer_norm.h"
#include "layers/init.h"

namespace temper::layers {

LayerNorm::LayerNorm(const ParameterStore::Scope& scope, const LayerNormSpec& spec)
    : weight(scope.declare({.name = "weight", .shape = {spec.features}, .initialize = constant(1), .kind = Parameter::Kind::norm})),
      bias(scope.declare({.name = "bias", .shape = {spec.features}, .initialize = constant(0), .kind = Parameter::Kind::norm})),
      epsilon(spec.epsilon) {
  TEMPER_CHECK(spec.features >= 1, "layer_norm layer: ", spec.features, " features; it needs at least one");
}

Tensor LayerNorm::operator()(Tensor x) const { return layer_norm(std::move(x), weight, bias, epsilon); }

}  // namespace temper::layers
