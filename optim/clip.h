// Gradient clipping: Pascanu et al., "On the difficulty of training recurrent neural networks", ICML 2013.
#pragma once

#include "core/parameters.h"

namespace temper::optim {

// What clips the gradients. Optimizers take the scale into their step, which so reads the gradients once more and nobody rewrites them:
//   sgd.step(rate, optim::find_clip(store, 1).scale);
struct Clip {
  double norm = 0;   // the common Euclidean norm of all gradients
  double scale = 1;  // max_norm / norm where the norm is larger than max_norm
};

// Call it between backward and step. The norm is summed in double and in a fixed order: it neither overflows nor underflows for any finite
// gradient, and is the same on every number of threads. Gradients that no backward pass has written since the last step count as 0.
// requires: max_norm > 0; infinity only measures. Throws, and leaves the gradients, when one is not finite; the message names the first
// parameter concerned.
Clip find_clip(ParameterStore& store, double max_norm);

// Scales the gradients where they lie, for other uses of them, and returns the norm before. A step is the same after it, bit for bit, as
// one that takes the scale: both round float(g scale), the product in double.
double clip_global_norm(ParameterStore& store, double max_norm);

}  // namespace temper::optim
