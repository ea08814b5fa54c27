// Batch normalisation.
#pragma once

#include "core/engine/parameters.h"
#include "core/ops/batch_norm.h"

namespace temper::layers {

struct BatchNormSpec {
  Index channels = 0;
  BatchNormOptions options = {};  // relu = true: BatchNorm and ReLU in one
  bool scale = true;              // false: weight is fixed, of kind buffer
  Initializer weight_init = {};   // absent: 1. With 0 in the last one of a residual block, the block starts as the identity.
};

// y = batch_norm(x(..., C), weight, bias) [+ residual]. Throws Error for an x of other channels. Parameters, named as in PyTorch: weight
// (gamma) and bias (beta), (C) of kind norm; running_mean and running_var, (C) of kind buffer, initially 0 and 1.
struct BatchNorm {
  BatchNorm(const ParameterStore::Scope& scope, const BatchNormSpec& spec);
  Tensor operator()(Tensor x, Tensor residual = {}) const;

  // The statistics for an operation that reads them or, on a tape, updates them: then the caches that were derived from the old ones are
  // cleared.
  RunningStatistics running() const;

  Parameter& weight;
  Parameter& bias;
  Parameter& running_mean;
  Parameter& running_var;
  BatchNormOptions options;
};

}  // namespace temper::layers
