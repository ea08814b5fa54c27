// A model is a network and all that belongs to it: its parameters, how its images are normalised, what its classes are called.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/parameters.h"
#include "data/normalization.h"
#include "models/calibration/predictions.h"
#include "models/networks/network.h"

namespace temper::models {

struct Model {
  std::string network_name;  // as `temper models` lists it
  NetworkSpec spec;
  std::vector<std::string> class_names;  // (K)
  data::Normalization normalization;
  std::unique_ptr<ParameterStore> parameters;
  std::unique_ptr<Network> network;

  Tensor operator()(Tensor images) const { return (*network)(std::move(images)); }
};

// A fresh model for the images of `train`, its weights a function of `seed`, their names and, in networks that want to see some, the first
// images.
Model make_model(const std::string& network_name, const data::Dataset& train, std::uint64_t seed);

// The logits of a whole data set, in its order. Evaluates, also inside a training step. The logits of a sample do not depend on `batch`,
// apart from rounding.
calibration::Predictions predict(Network& network, const data::Dataset& set, const data::Normalization& normalization, Index batch = 256);
calibration::Predictions predict(const Model& model, const data::Dataset& set, Index batch = 256);

}  // namespace temper::models
