#include "models/networks/model.h"

#include <algorithm>
#include <numeric>

#include "core/engine/inference_scope.h"
#include "core/engine/tape.h"
#include "data/loader.h"
#include "models/networks/registry.h"

namespace temper::models {
namespace {

void show_first_images(Network& network, const data::Dataset& train, const data::Preprocessing& preprocessing) {
  if (network.init_samples() == 0) return;
  std::vector<Index> first(static_cast<std::size_t>(std::min(network.init_samples(), train.size())));
  std::iota(first.begin(), first.end(), Index{0});
  const data::Dataset set = train.subset(first, train.name);
  data::Loader loader(set, preprocessing, {.batch = set.size()});
  for (const data::Batch& batch : loader.epoch(0)) network.data_dependent_init(batch.images);
}

}  // namespace

Model make_model(const std::string& network_name, const data::Dataset& train, std::uint64_t seed, data::Preprocessing preprocessing) {
  preprocessing.normalization = data::Normalization::measure(train);
  const Shape image = preprocessing.input_shape(train.image);
  Model model{.network_name = network_name,
              .spec = {.image = image, .classes = train.classes()},
              .class_names = train.class_names,
              .preprocessing = std::move(preprocessing),
              .framing = train.framing(),
              .parameters = std::make_unique<ParameterStore>(),
              .network = nullptr};
  model.network = make_network(network_name, model.parameters->root(), model.spec);
  model.parameters->commit({.seed = seed});
  show_first_images(*model.network, train, model.preprocessing);
  return model;
}

namespace {

// logits += weight * those of one view.
void add_view(Network& network, const data::Dataset& set, const data::Preprocessing& preprocessing, const PredictOptions& options,
              const AugmentedView& view, std::vector<float>& logits) {
  data::Loader loader(set, preprocessing, {.batch = options.batch, .view = view.crop_flip});
  float* sum = logits.data();
  for (const data::Batch& part : loader.epoch(0)) {
    const Tensor output = network(part.images);
    TEMPER_CHECK(output.shape() == Shape({part.images.shape()[0], set.classes()}), set.name, ": the network gives logits of the shape ",
                 output.shape(), ", the set has ", set.classes(), " classes; use the set it was trained for");
    for (const float logit : output.values()) *sum++ += view.weight * logit;
    if (options.on_progress) options.on_progress((sum - logits.data()) / set.classes());
  }
}

}  // namespace

calibration::Predictions predict(Network& network, const data::Dataset& set, const data::Preprocessing& preprocessing,
                                 const PredictOptions& options) {
  const Tape::Pause evaluation;
  const InferenceScope inference_scope;
  calibration::Predictions predictions{.classes = set.classes(), .logits = {}, .labels = set.labels};
  predictions.logits.resize(static_cast<std::size_t>(set.size() * set.classes()));
  for (const AugmentedView& view : augmented_views(options.tta)) {
    add_view(network, set, preprocessing, options, view, predictions.logits);
  }
  return predictions;
}

void check_images(const Model& model, const data::Dataset& set) {
  const Index crop = model.preprocessing.crop;
  const bool fits = crop == 0 ? set.image == model.spec.image
                              : set.image.last() == model.spec.image.last() && std::min(set.image[0], set.image[1]) >= crop;
  TEMPER_CHECK(fits, set.name, ": its images are ", set.image, ", the model ", model.network_name, " takes ", model.spec.image,
               crop == 0 ? "" : " out of their middle", "; use the set it was trained for");
}

calibration::Predictions predict(const Model& model, const data::Dataset& set, const PredictOptions& options) {
  check_images(model, set);
  return predict(*model.network, set, model.preprocessing, options);
}

calibration::Predictions predict(const Model& model, const data::Dataset& set) { return predict(model, set, {.tta = model.tta}); }

}  // namespace temper::models
