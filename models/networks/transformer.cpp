#include "models/networks/transformer.h"

#include <cmath>

#include "core/base/names.h"
#include "core/engine/tape.h"
#include "core/ops/embedding.h"
#include "core/ops/positional_encoding.h"
#include "core/ops/relu.h"
#include "layers/init.h"

namespace temper::models {
namespace {

layers::Linear dense(const ParameterStore::Scope& scope, Index inputs, Index outputs) {
  return {scope, {.inputs = inputs, .outputs = outputs, .weight_init = layers::xavier_uniform(), .bias_init = layers::constant(0)}};
}

layers::LayerNorm norm(const ParameterStore::Scope& scope, const TransformerSpec& spec) {
  return {scope, {.features = spec.width, .epsilon = spec.epsilon}};
}

layers::MultiheadAttention attention(const ParameterStore::Scope& scope, const TransformerSpec& spec) {
  return {scope, {.features = spec.width, .heads = spec.heads, .dropout = spec.dropout, .bias = spec.attention_bias}};
}

template <class Layer> std::vector<Layer> stack(const ParameterStore::Scope& scope, Index count, const TransformerSpec& spec) {
  std::vector<Layer> layers;
  for (Index i = 0; i < count; ++i) layers.emplace_back(scope / str_cat(i), spec);
  return layers;
}

}  // namespace

const std::vector<TransformerInfo>& known_transformers() {
  static const std::vector<TransformerInfo> all{
      {"transformer_small", "4+4 layers of width 128, for corpora of some ten thousand pairs", transformer_small},
      {"transformer_base", "6+6 layers of width 512 (Vaswani et al. 2017), normalised before each sublayer", transformer_base}};
  return all;
}

TransformerSpec transformer_spec(const std::string& name, Index vocabulary) {
  for (const TransformerInfo& info : known_transformers()) {
    if (info.name == name) return info.spec(vocabulary);
  }
  throw Error(str_cat("--model: ", name, " reads no text; ", did_you_mean(name, known_transformers(), &TransformerInfo::name), "give ",
                      list_transformers()));
}

std::string list_transformers() {
  std::vector<std::string> names;
  for (const TransformerInfo& info : known_transformers()) names.push_back(info.name);
  return list_names(names);
}

FeedForward::FeedForward(const ParameterStore::Scope& scope, const std::string& norm_name, const TransformerSpec& spec)
    : linear1_(dense(scope / "linear1", spec.width, spec.feed_forward)),
      linear2_(dense(scope / "linear2", spec.feed_forward, spec.width)),
      norm_(norm(scope / norm_name, spec)),
      dropout_(spec.dropout) {}

Tensor FeedForward::operator()(Tensor x) const {
  Tensor branch = linear2_(dropout_(relu(linear1_(norm_(x)))));
  return dropout_(std::move(x), std::move(branch));
}

EncoderLayer::EncoderLayer(const ParameterStore::Scope& scope, const TransformerSpec& spec)
    : self_attention_(attention(scope / "self_attn", spec)),
      norm1_(norm(scope / "norm1", spec)),
      dropout_(spec.dropout),
      feed_forward_(scope, "norm2", spec) {}

Tensor EncoderLayer::operator()(Tensor x, std::span<const std::int32_t> lengths) const {
  Tensor branch = self_attention_(norm1_(x), {.key_lengths = lengths});
  return feed_forward_(dropout_(std::move(x), std::move(branch)));
}

DecoderLayer::DecoderLayer(const ParameterStore::Scope& scope, const TransformerSpec& spec)
    : self_attention_(attention(scope / "self_attn", spec)),
      cross_attention_(attention(scope / "multihead_attn", spec)),
      norm1_(norm(scope / "norm1", spec)),
      norm2_(norm(scope / "norm2", spec)),
      dropout_(spec.dropout),
      feed_forward_(scope, "norm3", spec) {}

Tensor DecoderLayer::operator()(Tensor x, const Tensor& key_value, std::span<const std::int32_t> memory_lengths) const {
  Tensor branch = self_attention_(norm1_(x), {.causal = true});
  return after_self_attention(dropout_(std::move(x), std::move(branch)), key_value, memory_lengths);
}

Tensor DecoderLayer::next(Tensor x, Index position, const Tensor& past, const Tensor& key_value,
                          std::span<const std::int32_t> memory_lengths) const {
  const Tensor normalised = norm1_(x), own = self_attention_.key_value(normalised);
  const Index R = past.shape()[0], P = past.shape()[1], row = past.shape()[2], N = key_value.shape()[0], D = row / 2;
  TEMPER_CHECK(!Tape::recording() && position >= 0 && position < P && N > 0 && R % N == 0, "transformer: word ", position, " of ", R,
               " targets of at most ", P, " words for ", N, " memories; decode without a tape and within the length asked for");
  for (Index r = 0; r < R; ++r) std::copy_n(own.data() + r * row, row, past.data() + (r * P + position) * row);
  const std::vector<std::int32_t> seen(static_cast<std::size_t>(R), static_cast<std::int32_t>(position + 1));
  Tensor branch = self_attention_(normalised, past, {.key_lengths = seen});
  x = dropout_(std::move(x), std::move(branch)).reshape({N, R / N, D});  // targets of one memory are several queries of it
  return after_self_attention(std::move(x), key_value, memory_lengths).reshape({R, 1, D});
}

Tensor DecoderLayer::after_self_attention(Tensor x, const Tensor& key_value, std::span<const std::int32_t> memory_lengths) const {
  Tensor branch = cross_attention_(norm2_(x), key_value, {.key_lengths = memory_lengths});
  return feed_forward_(dropout_(std::move(x), std::move(branch)));
}

Transformer::Transformer(const ParameterStore::Scope& scope, const TransformerSpec& spec)
    : spec_(spec),
      embedding_(scope / "embedding", {.vocabulary = spec.vocabulary, .features = spec.width}),
      dropout_(spec.dropout),
      encoder_layers_(stack<EncoderLayer>(scope / "encoder" / "layers", spec.encoder_layers, spec)),
      encoder_norm_(norm(scope / "encoder" / "norm", spec)),
      decoder_layers_(stack<DecoderLayer>(scope / "decoder" / "layers", spec.decoder_layers, spec)),
      decoder_norm_(norm(scope / "decoder" / "norm", spec)) {}

Tensor Transformer::operator()(const data::Sequences& source, const data::Sequences& target, std::span<const std::int32_t> rows) const {
  return decode(target, encode(source), source.lengths, rows);
}

Tensor Transformer::encode(const data::Sequences& source) const {
  data::check(source, "source");
  Tensor x = embed(source.ids, source.count, source.length, 0);
  for (const EncoderLayer& layer : encoder_layers_) x = layer(std::move(x), source.lengths);
  return encoder_norm_(std::move(x));
}

Tensor Transformer::decode(const data::Sequences& target, const Tensor& memory, std::span<const std::int32_t> memory_lengths,
                           std::span<const std::int32_t> rows) const {
  data::check(target, "target");
  Tensor x = embed(target.ids, target.count, target.length, 0);
  for (const DecoderLayer& layer : decoder_layers_) x = layer(std::move(x), layer.project_memory(memory), memory_lengths);
  if (!rows.empty()) x = embedding(x.reshape({x.shape().rows(), spec_.width}), rows);  // some rows of a matrix, as of a table
  return logits(std::move(x));
}

Tensor Transformer::embed(std::span<const std::int32_t> ids, Index count, Index length, Index first_position) const {
  const float scale = std::sqrt(static_cast<float>(spec_.width));
  Tensor x = embedding_(ids).reshape({count, length, spec_.width});
  return dropout_(add_positional_encoding(std::move(x), {.scale = scale, .first = first_position}));
}

Tensor Transformer::logits(Tensor x) const {
  const Index rows = x.shape().rows();
  return embedding_.logits(decoder_norm_(std::move(x)).reshape({rows, spec_.width}));
}

}  // namespace temper::models
