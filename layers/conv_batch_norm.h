// A convolution and the batch normalisation behind it.
#pragma once

#include "layers/batch_norm.h"
#include "layers/conv.h"

namespace temper::layers {

// y = norm(conv(x)) [+ residual], with the ReLU of `norm` where it has one. In evaluation it is one pass over memory: the normalisation is
// folded into the kernels, which are kept while a Frozen lives.
struct ConvBatchNorm {
  // The scopes' names are free: PyTorch's networks call them conv1 and bn1, or conv and bn.
  ConvBatchNorm(const ParameterStore::Scope& conv_scope, const Conv2dSpec& conv_spec, const ParameterStore::Scope& norm_scope,
                const BatchNormOptions& norm_options = {});
  Tensor operator()(Tensor x, Tensor residual = {}) const;

  Conv2d conv;
  BatchNorm norm;
};

}  // namespace temper::layers
