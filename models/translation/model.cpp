#include "models/translation/model.h"

namespace temper::translation {

Model make_model(const std::string& network_name, data::Subwords subwords, const data::TextOptions& text, float dropout,
                 std::uint64_t seed) {
  models::TransformerSpec spec = models::transformer_spec(network_name, subwords.size());
  if (dropout >= 0) spec.dropout = dropout;
  Model model{.network_name = network_name,
              .text = text,
              .subwords = std::move(subwords),
              .dropout = spec.dropout,
              .parameters = std::make_unique<ParameterStore>(),
              .network = nullptr};
  model.network = std::make_unique<const models::Transformer>(model.parameters->root(), spec);
  model.parameters->commit({.seed = seed});
  return model;
}

}  // namespace temper::translation
