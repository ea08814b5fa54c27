#pragma once

#include "core/engine/tensor.h"
#include "core/ops/options.h"

namespace temper {

// Batch normalisation (Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training", ICML 2015) of x(..., C) over all axes
// but the last:
//   y = gamma (x - mean) / sqrt(variance + epsilon) + beta [+ residual],   one mean, variance, gamma and beta a channel;
// residual(..., C), the shortcut of a residual block, may be empty.
// On a tape: with mean and (biased) variance of the n = x.size() / C values in the batch, and
//   running mean = (1 - momentum) running mean + momentum mean, the variance likewise with the unbiased one, times n / (n - 1).
// With no tape: with the running statistics, which never change.
// Where a BatchStatisticsExchange is current (core/engine/batch_statistics_exchange.h), the batch is that of all shards.
// requires: x of rank 2 or more; C values in all others; n >= 2 on a tape.
// gradient: through mean and variance where they are the batch's. Keeps x, gamma, three numbers a channel and, with relu, y.
// Statistics are summed around the mean of some rows, so they are accurate also where the mean is large compared with the deviation.
Tensor batch_norm(Tensor x, Tensor gamma, Tensor beta, const RunningStatistics& running, const BatchNormOptions& options = {},
                  Tensor residual = {});

}  // namespace temper
