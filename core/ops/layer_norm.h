#pragma once

#include "core/engine/tensor.h"

namespace temper {

// Layer normalisation (Ba, Kiros, Hinton, 2016) of every row of x(..., D):
//   y = gamma (x - mean) / sqrt(variance + epsilon) + beta,
// mean and (biased) variance those of the row, gamma(D) and beta(D) one number a feature. The same in training and evaluation.
// requires: rank >= 1, D >= 1, epsilon > 0; PyTorch's default is 1e-5, that of the Transformer's first code 1e-6.
// gradient: through mean and variance. Keeps x, gamma and two numbers a row.
Tensor layer_norm(Tensor x, Tensor gamma, Tensor beta, float epsilon = 1e-5f);

}  // namespace temper
