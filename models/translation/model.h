// A model that translates: a network, its parameters, and how it reads and writes text.
#pragma once

#include <memory>
#include <string>

#include "core/engine/parameters.h"
#include "data/text/parallel_corpus.h"
#include "data/text/subwords.h"
#include "models/networks/transformer.h"

namespace temper::translation {

struct Model {
  std::string network_name;  // "transformer_small"
  data::TextOptions text;
  data::Subwords subwords;
  float dropout = 0;  // in training
  std::unique_ptr<ParameterStore> parameters;
  std::unique_ptr<const models::Transformer> network;
};

// A fresh model, its weights a function of `seed` and their names. dropout: below 0, that of the network's name. Throws Error "--model:
// ..." for a name that is none of models::known_transformers().
Model make_model(const std::string& network_name, data::Subwords subwords, const data::TextOptions& text, float dropout,
                 std::uint64_t seed);

}  // namespace temper::translation
