// One step of a small Transformer, held to PyTorch's nn.Transformer: made by tests/golden/transformer.py with torch 1.13.1.

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/engine/tape.h"
#include "core/engine/weights.h"
#include "core/ops/softmax_cross_entropy.h"
#include "models/networks/transformer.h"
#include "tests/golden/formula.h"

namespace temper {
namespace {

constexpr double kLoss = 3.9219992;
constexpr Index kVocabulary = 37;

// The script's sentences.
struct Sentences {
  std::vector<std::int32_t> lengths, ids;
  Index length;

  Sentences(std::vector<std::int32_t> l, std::int32_t factor)
      : lengths(std::move(l)), ids(lengths.size() * static_cast<std::size_t>(*std::max_element(lengths.begin(), lengths.end()))) {
    length = static_cast<Index>(ids.size() / lengths.size());
    for (std::size_t n = 0; n < lengths.size(); ++n) {
      for (std::int32_t i = 0; i < lengths[n]; ++i)
        ids[n * static_cast<std::size_t>(length) + static_cast<std::size_t>(i)] =
            1 + (static_cast<std::int32_t>(n) * 11 + i * factor) % static_cast<std::int32_t>(kVocabulary - 1);
    }
  }
  operator data::Sequences() const { return {ids, lengths, static_cast<Index>(lengths.size()), length}; }  // NOLINT
};

TensorFile transformer_weights(const ParameterStore& store) {
  TensorFile file = to_file(store);
  std::uint64_t tensor = 0;
  for (auto& [name, entry] : file.tensors) {  // in the order of the names, as in the script
    const bool scale = name.find(".norm") != std::string::npos && name.ends_with("weight");
    for (std::size_t i = 0; i < entry.values.size(); ++i) entry.values[i] = (scale ? 1.0f : 0.0f) + formula(tensor, i, entry.shape.last());
    ++tensor;
  }
  return file;
}

TEST_CASE("golden: loss and gradients of a Transformer's step equal PyTorch's, to 1e-5 and 1e-4") {
  ParameterStore store;
  const models::Transformer net(store.root(), {.vocabulary = kVocabulary,
                                               .width = 16,
                                               .feed_forward = 24,
                                               .heads = 4,
                                               .encoder_layers = 2,
                                               .decoder_layers = 2,
                                               .dropout = 0,
                                               .attention_bias = true,
                                               .epsilon = 1e-5f});
  store.commit({});
  set_weights(store, transformer_weights(store), "given weights");
  const Sentences source({7, 4, 1}, 5), target({3, 6, 5}, 3);
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < target.ids.size(); ++i) {
    const bool padding = static_cast<std::int32_t>(i) % 6 >= target.lengths[i / 6];
    labels.push_back(padding ? -100 : (target.ids[i] * 2 + 1) % static_cast<std::int32_t>(kVocabulary));
  }
  Tape tape;
  const Tensor loss = softmax_cross_entropy(net(source, target), labels, {.smoothing = 0.1f});
  CHECK(std::fabs(loss.item() / kLoss - 1) < 1e-5);
  tape.backward(loss);

  const TensorFile expected = read_safetensors(TEMPER_SOURCE_DIR "/tests/golden/transformer_gradients.safetensors");
  REQUIRE(expected.tensors.size() == store.parameters().size());
  for (const Parameter& parameter : store.parameters()) {
    CAPTURE(parameter.name);
    const TensorFile::Entry& entry = expected.tensors.at(parameter.name);
    REQUIRE(entry.shape == parameter.shape);
    double scale = 0, worst = 0;
    for (std::size_t i = 0; i < entry.values.size(); ++i) {
      scale = std::max(scale, std::fabs(double{entry.values[i]}));
      worst = std::max(worst, std::fabs(double{entry.values[i]} - parameter.gradient[static_cast<Index>(i)]));
    }
    CHECK(worst / scale < 1e-4);
  }
}

}  // namespace
}  // namespace temper
