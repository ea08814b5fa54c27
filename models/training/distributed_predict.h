// Distributed prediction: what the ranks that train one model do together, beside training.
#pragma once

#include <string>

#include "models/networks/model.h"
#include "optim/distributed/communicator.h"

namespace temper::training {

// models::predict, each rank a part of the images: all get the logits of all, the same bits as one rank alone.
calibration::Predictions distributed_predict(const models::Model& model, const data::Dataset& set, const models::PredictOptions& options,
                                             optim::Communicator& ranks);

// Throws Error naming the first rank whose images or labels differ from those of rank 0.
void check_same_images(const data::Dataset& set, optim::Communicator& ranks);

}  // namespace temper::training
