// Gradient clipping: Pascanu et al., "On the difficulty of training recurrent neural networks", ICML 2013.
#pragma once

#include "core/engine/parameters.h"

namespace temper::optim {

// How to clip the gradients. Optimizers apply the scale inside their step, so that no extra pass rewrites the gradients:
//   sgd.step(rate, optim::find_clip(store, 1).scale);
struct Clip {
  double norm = 0;   // the common Euclidean norm of all gradients
  double scale = 1;  // max_norm / norm where the norm is larger than max_norm
};

// Call it between backward and step. The norm is summed in double and in a fixed order: it neither overflows nor underflows for any finite
// gradient, and is the same on any number of threads. Denormals, below 1.2e-38, count as 0, as they do in every loop of temper. Gradients
// that no backward pass has written since the last step count as 0. requires: max_norm > 0; infinity only measures. Throws Error naming the
// first such parameter, and changes no gradient, when a gradient is not finite.
Clip find_clip(ParameterStore& store, double max_norm);

// Scales the gradients in place, for other uses of them, and returns the norm before. A step after it is bit-identical to one that is given
// the scale: both round float(g scale), the product in double.
double clip_global_norm(ParameterStore& store, double max_norm);

}  // namespace temper::optim
