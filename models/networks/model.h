// A model: a network, its parameters, its preprocessing and the names of its classes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/parameters.h"
#include "data/preprocessing.h"
#include "models/calibration/predictions.h"
#include "models/networks/network.h"
#include "models/networks/test_time_augmentation.h"

namespace temper::models {

struct Model {
  std::string network_name;              // as `temper models` lists it
  NetworkSpec spec;                      // its image is the network's input, after the crop
  std::vector<std::string> class_names;  // (K)
  data::Preprocessing preprocessing;
  data::Framing framing;  // how a photo is turned into an image like those of its training set, before the preprocessing
  TestTimeAugmentation tta = TestTimeAugmentation::one;  // how it is evaluated
  std::unique_ptr<ParameterStore> parameters;
  std::unique_ptr<Network> network;

  Tensor operator()(Tensor images) const { return (*network)(std::move(images)); }
};

// Makes a model for the images of `train`. Its initial weights are a function of `seed`, their names and, in networks with data-dependent
// initialisation, the first images. Measures the normalisation of `preprocessing`.
Model make_model(const std::string& network_name, const data::Dataset& train, std::uint64_t seed, data::Preprocessing preprocessing = {});

struct PredictOptions {
  Index batch = 256;
  TestTimeAugmentation tta = TestTimeAugmentation::one;
  std::function<void(Index done)> on_progress = {};  // images seen, each once for every view
};

// The logits of a whole data set, in its order; of the centre of each image where the network's input is a crop. Evaluates, also inside a
// training step. The logits of a sample do not depend on `batch`, apart from rounding.
calibration::Predictions predict(Network& network, const data::Dataset& set, const data::Preprocessing& preprocessing,
                                 const PredictOptions& options = {});
inline calibration::Predictions predict(Network& network, const data::Dataset& set, const data::Normalization& normalization,
                                        const PredictOptions& options = {}) {
  return predict(network, set, data::Preprocessing{.normalization = normalization}, options);
}

// Throws Error when the images of the set do not fit the model.
void check_images(const Model& model, const data::Dataset& set);

// The same, with the model's own views, or with others. Throws Error when the model cannot take the images.
calibration::Predictions predict(const Model& model, const data::Dataset& set);
calibration::Predictions predict(const Model& model, const data::Dataset& set, const PredictOptions& options);

}  // namespace temper::models
