#include "layers/embedding.h"

#include <cmath>

#include "core/ops/embedding.h"
#include "core/ops/linear.h"
#include "layers/init.h"

namespace temper::layers {
namespace {

Parameter& declare_weight(const ParameterStore::Scope& scope, const EmbeddingSpec& spec) {
  TEMPER_CHECK(spec.vocabulary >= 1 && spec.features >= 1, "embedding layer: a vocabulary of ", spec.vocabulary, " with ", spec.features,
               " features; it needs at least one of both");
  return scope.declare({.name = "weight",
                        .shape = {spec.vocabulary, spec.features},
                        .initialize = spec.weight_init ? spec.weight_init : normal(1 / std::sqrt(static_cast<double>(spec.features)))});
}

}  // namespace

Embedding::Embedding(const ParameterStore::Scope& scope, const EmbeddingSpec& spec) : weight(declare_weight(scope, spec)) {}

Tensor Embedding::operator()(std::span<const std::int32_t> ids) const { return embedding(weight, ids); }
Tensor Embedding::logits(Tensor x) const { return linear(std::move(x), weight); }

}  // namespace temper::layers
