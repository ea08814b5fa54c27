// The Transformer of Vaswani et al., "Attention is all you need", NeurIPS 2017, as the code of Müller, Kornblith and Hinton had it
// (tensor2tensor's transformer_base): encoder and decoder, normalised before each sublayer and once at the end, sinusoidal positions, one
// table of embeddings for source, target and output layer.
//
// It is no Network, whose input is images: it takes the ids of two sentences. A Tape trains and no tape evaluates, as everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/text/sequences.h"
#include "layers/dropout.h"
#include "layers/embedding.h"
#include "layers/layer_norm.h"
#include "layers/linear.h"
#include "layers/multihead_attention.h"

namespace temper::models {

struct TransformerSpec {
  Index vocabulary = 0;       // V
  Index width = 512;          // D
  Index feed_forward = 2048;  // hidden units between two of width D
  Index heads = 8;
  Index encoder_layers = 6, decoder_layers = 6;
  float dropout = 0.1f;         // of embeddings, of what each sublayer adds, of attention weights and of hidden units
  bool attention_bias = false;  // of the projections; PyTorch's nn.Transformer has them
  float epsilon = 1e-6f;        // of the normalisations; PyTorch's is 1e-5
};

// 44.1 million parameters and 512 for each word.
inline TransformerSpec transformer_base(Index vocabulary) { return {.vocabulary = vocabulary}; }
// For a corpus as small as Multi30k, where the base model overfits: 1.3 million parameters and 128 for each word, a fifteenth of the
// arithmetic.
inline TransformerSpec transformer_small(Index vocabulary) {
  return {
      .vocabulary = vocabulary, .width = 128, .feed_forward = 256, .heads = 4, .encoder_layers = 4, .decoder_layers = 4, .dropout = 0.3f};
}

// Their names. The inverse throws Error "--model: ..." for another one.
struct TransformerInfo {
  std::string name;         // "transformer_small"
  std::string description;  // one line
  TransformerSpec (*spec)(Index vocabulary);
};
const std::vector<TransformerInfo>& known_transformers();
TransformerSpec transformer_spec(const std::string& name, Index vocabulary);
std::string list_transformers();  // "transformer_small or transformer_base"

// x + linear2(relu(linear1(norm(x)))).
class FeedForward {
 public:
  FeedForward(const ParameterStore::Scope& scope, const std::string& norm_name, const TransformerSpec& spec);
  Tensor operator()(Tensor x) const;

 private:
  layers::Linear linear1_, linear2_;
  layers::LayerNorm norm_;
  layers::Dropout dropout_;
};

class EncoderLayer {
 public:
  EncoderLayer(const ParameterStore::Scope& scope, const TransformerSpec& spec);
  Tensor operator()(Tensor x, std::span<const std::int32_t> lengths) const;

 private:
  layers::MultiheadAttention self_attention_;
  layers::LayerNorm norm1_;
  layers::Dropout dropout_;
  FeedForward feed_forward_;
};

class DecoderLayer {
 public:
  DecoderLayer(const ParameterStore::Scope& scope, const TransformerSpec& spec);

  // The keys and values of an encoder's output, the same for all words of the target.
  Tensor project_memory(const Tensor& memory) const { return cross_attention_.key_value(memory); }
  // A whole target at once: each word sees itself and those before it.
  Tensor operator()(Tensor x, const Tensor& key_value, std::span<const std::int32_t> memory_lengths) const;
  // One more word, x(R,1,D), number `position` of its target. past(R,P,2D) holds keys and values of the words before it and gets its own.
  // R / N neighbouring targets, such as those of a beam, share one of the N memories.
  Tensor next(Tensor x, Index position, const Tensor& past, const Tensor& key_value, std::span<const std::int32_t> memory_lengths) const;

 private:
  Tensor after_self_attention(Tensor x, const Tensor& key_value, std::span<const std::int32_t> memory_lengths) const;

  layers::MultiheadAttention self_attention_, cross_attention_;
  layers::LayerNorm norm1_, norm2_;
  layers::Dropout dropout_;
  FeedForward feed_forward_;
};

class Transformer {
 public:
  // Parameters embedding.weight and, called as in PyTorch's nn.Transformer, encoder.layers.0.self_attn.in_proj_weight, ...,
  // decoder.norm.bias.
  Transformer(const ParameterStore::Scope& scope, const TransformerSpec& spec);

  // (count length, V): the logits of the word behind each of target's, given source and target up to it. Rows of padding are there as well,
  // for the loss to leave out; or, with a list of rows, those alone: (rows, V). data::TokenBatch has the list of rows that are words.
  Tensor operator()(const data::Sequences& source, const data::Sequences& target, std::span<const std::int32_t> rows = {}) const;

  Tensor encode(const data::Sequences& source) const;  // (N,S,D)
  Tensor decode(const data::Sequences& target, const Tensor& memory, std::span<const std::int32_t> memory_lengths,
                std::span<const std::int32_t> rows = {}) const;

  // For decoding word by word: models/translation/search.h.
  Tensor embed(std::span<const std::int32_t> ids, Index count, Index length, Index first_position) const;  // (count,length,D)
  Tensor logits(Tensor x) const;  // of the last layer's output (..., D)
  const std::vector<DecoderLayer>& decoder_layers() const { return decoder_layers_; }
  const TransformerSpec& spec() const { return spec_; }

 private:
  TransformerSpec spec_;
  layers::Embedding embedding_;
  layers::Dropout dropout_;
  std::vector<EncoderLayer> encoder_layers_;
  layers::LayerNorm encoder_norm_;
  std::vector<DecoderLayer> decoder_layers_;
  layers::LayerNorm decoder_norm_;
};

}  // namespace temper::models
