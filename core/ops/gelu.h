#pragma once

#include "core/engine/tensor.h"

namespace temper {

// y = x Phi(x), Phi the distribution function of the standard normal: the exact form, PyTorch's default, not the tanh approximation.
// Hendrycks, Gimpel: Gaussian Error Linear Units (2016). NaN stays NaN; -inf gives its limit 0.
// gradient: dx = dy (Phi(x) + x phi(x)), phi the density. Keeps x.
Tensor gelu(Tensor x);

}  // namespace temper
