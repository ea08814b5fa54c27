// Gradient clipping: Pascanu et al., "On the difficulty of training recurrent neural networks", ICML 2013.
#pragma once

#include "core/parameters.h"

namespace temper::optim {

// Scales all gradients by max_norm / norm where their common Euclidean norm is larger than max_norm, and returns the norm before. Call it
// between backward and step. The norm is summed in double and in a fixed order: it neither overflows nor underflows for any finite
// gradient, and is the same on every number of threads. Gradients that no backward pass has written since the last step count as 0.
// requires: max_norm > 0; infinity only measures. Throws, and leaves the gradients, when one is not finite; the message names the first
// parameter concerned.
double clip_global_norm(ParameterStore& store, double max_norm);

}  // namespace temper::optim
