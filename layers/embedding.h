// Embeddings of words.
#pragma once

#include <cstdint>
#include <span>

#include "core/engine/parameters.h"
#include "core/engine/tensor.h"

namespace temper::layers {

struct EmbeddingSpec {
  Index vocabulary = 0, features = 0;
  Initializer weight_init = {};  // absent: normal of standard deviation 1 / sqrt(features)
};

// Parameter: weight (V,D), named as in PyTorch.
struct Embedding {
  Embedding(const ParameterStore::Scope& scope, const EmbeddingSpec& spec);
  // (T,D): the rows of the ids; throws Error for an id that is not in the vocabulary.
  Tensor operator()(std::span<const std::int32_t> ids) const;
  // (T,V): x(T,D) weight^T, the logits of an output layer that shares the weight.
  Tensor logits(Tensor x) const;

  Parameter& weight;
};

}  // namespace temper::layers
