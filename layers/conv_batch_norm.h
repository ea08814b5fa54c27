// A convolution followed by batch normalisation.
#pragma once

#include "layers/batch_norm.h"
#include "layers/conv.h"

namespace temper::layers {

// y = norm(conv(x)) [+ residual], with the ReLU of `norm` where it has one. In evaluation it is one pass over memory: the normalisation is
// folded into the kernels, which are cached while an InferenceScope lives.
struct ConvBatchNorm {
  // The scopes may have any names: PyTorch's networks call them conv1 and bn1, or conv and bn. The normalisation gets its channels from the
  // convolution.
  ConvBatchNorm(const ParameterStore::Scope& conv_scope, const Conv2dSpec& conv_spec, const ParameterStore::Scope& norm_scope,
                BatchNormSpec norm_spec = {});
  Tensor operator()(Tensor x, Tensor residual = {}) const;

  Conv2d conv;
  BatchNorm norm;
};

// second(first(x)) [+ residual], the inside of a residual block. On a tape nothing of the size of x is kept between the two, see
// core/ops/norm_conv2d.h. requires: a ReLU in first.norm, no bias in second.conv.
Tensor conv_bn_relu_conv(const ConvBatchNorm& first, const ConvBatchNorm& second, Tensor x, Tensor residual = {});

}  // namespace temper::layers
