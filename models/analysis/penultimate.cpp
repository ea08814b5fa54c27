#include "models/analysis/penultimate.h"

#include <algorithm>
#include <cmath>

#include "core/engine/boxed_op.h"
#include "core/engine/inference_scope.h"
#include "core/engine/tape.h"
#include "data/loader.h"

namespace temper::analysis {
namespace {

// Keeps what the last dense layer with K outputs read and wrote: when the network is through, that is its classifier.
class LastDenseLayer final : public Tape::Hook {
 public:
  explicit LastDenseLayer(Index classes) : classes_(classes) {}

  void after(Pass pass, const AnyOp& op, const OpCall& call) override {
    if (pass != Pass::forward || op.name() != "linear" || call.inputs[1].shape[0] != classes_) return;
    const auto values = [](const auto& view) { return std::span(view.data, static_cast<std::size_t>(view.size())); };
    const auto x = values(call.inputs[0]), y = std::span<const float>(values(call.output));
    input.assign(x.begin(), x.end());
    output.assign(y.begin(), y.end());
    weight = call.inputs[1];
    bias = call.inputs[2];
  }

  std::vector<float> input, output;  // (N,D), (N,K)
  ConstView weight, bias;            // (K,D), (K) or null

 private:
  Index classes_;
};

// The s of logits = s output.
double scale_between(const std::vector<float>& output, std::span<const float> logits, const std::string& network) {
  const char* const advice = "; the analysis is of networks that end in a dense layer of their classes";
  TEMPER_CHECK(output.size() == logits.size(), "network ", network, ": it has no dense layer with an output for each class", advice);
  const auto largest = std::max_element(output.begin(), output.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  if (*largest == 0) return 1;
  const double scale = double{logits[static_cast<std::size_t>(largest - output.begin())]} / *largest;
  for (std::size_t i = 0; i < output.size(); ++i) {
    const double error = std::fabs(scale * output[i] - logits[i]);
    TEMPER_CHECK(error <= 1e-5 * std::fabs(scale * *largest), "network ", network, ": its logits are not those of its last dense layer",
                 advice);
  }
  return scale;
}

std::vector<double> read_templates(const LastDenseLayer& layer, double scale) {
  const Index K = layer.weight.shape[0], D = layer.weight.shape[1];
  std::vector<double> templates;
  for (Index k = 0; k < K; ++k) {
    for (Index d = 0; d < D; ++d) templates.push_back(scale * layer.weight[k * D + d]);
    templates.push_back(layer.bias ? scale * layer.bias[k] : 0);
  }
  return templates;
}

}  // namespace

Penultimate penultimate(const models::Model& model, const data::Dataset& set) {
  const Tape::Pause evaluation;
  const InferenceScope inference_scope;
  models::check_images(model, set);
  Penultimate result{.classes = model.spec.classes, .labels = set.labels, .class_names = model.class_names};
  data::Loader loader(set, model.preprocessing, {.batch = models::PredictOptions{}.batch});
  LastDenseLayer layer(result.classes);
  for (const data::Batch& batch : loader.epoch(0)) {
    const Tensor logits = model(batch.images);
    const double scale = scale_between(layer.output, logits.values(), model.network_name);
    if (result.templates.empty()) {
      result.features = layer.weight.shape[1];
      result.templates = read_templates(layer, scale);
    }
    result.activations.insert(result.activations.end(), layer.input.begin(), layer.input.end());
  }
  return result;
}

std::vector<Index> first_of_each(const data::Dataset& set, std::span<const Index> classes, Index count) {
  std::vector<Index> samples;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    TEMPER_CHECK(classes[c] >= 0 && classes[c] < set.classes(), set.name, ": there is no class ", classes[c], "; they are 0-",
                 set.classes() - 1);
    TEMPER_CHECK(std::count(classes.begin(), classes.end(), classes[c]) == 1, set.name, ": class ", classes[c],
                 " is named twice; give different ones");
    const std::size_t before = samples.size();
    for (Index i = 0; i < set.size() && static_cast<Index>(samples.size() - before) < count; ++i) {
      if (set.labels[static_cast<std::size_t>(i)] == classes[c]) samples.push_back(i);
    }
    TEMPER_CHECK(samples.size() > before, set.name, ": it has no samples of class ", set.class_names[static_cast<std::size_t>(classes[c])],
                 "; choose another class or split");
  }
  return samples;
}

}  // namespace temper::analysis
