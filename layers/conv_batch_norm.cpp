#include "layers/conv_batch_norm.h"

#include <cmath>

#include "core/engine/inference_scope.h"
#include "core/engine/tape.h"
#include "core/ops/norm_conv2d.h"

namespace temper::layers {
namespace {

// gamma (y - mean) / sqrt(variance + epsilon) + beta as a map of each channel.
ChannelMap channel_map(const BatchNorm& norm) {
  ChannelMap map;
  for (Index k = 0; k < norm.weight.shape[0]; ++k) {
    const auto value = [k](const Parameter& parameter) { return static_cast<double>(parameter.value[k]); };
    const double scale = value(norm.weight) / std::sqrt(value(norm.running_var) + static_cast<double>(norm.options.epsilon));
    map.scale.push_back(scale);
    map.shift.push_back(value(norm.bias) - scale * value(norm.running_mean));
  }
  return map;
}

}  // namespace

ConvBatchNorm::ConvBatchNorm(const ParameterStore::Scope& conv_scope, const Conv2dSpec& conv_spec, const ParameterStore::Scope& norm_scope,
                             BatchNormSpec norm_spec)
    : conv(conv_scope, conv_spec), norm(norm_scope, (norm_spec.channels = conv_spec.out, norm_spec)) {}

Tensor ConvBatchNorm::operator()(Tensor x, Tensor residual) const {
  if (Tape::recording()) return norm(conv(std::move(x)), std::move(residual));
  PackedConv2d local;
  const PackedConv2d& packed = InferenceScope::derive(norm.weight, local, [&] {
    return pack_conv2d(conv.weight, conv.bias ? Tensor(*conv.bias) : Tensor(), conv.options, channel_map(norm));
  });
  return conv2d(x, packed, norm.options.relu, residual);
}

Tensor conv_bn_relu_conv(const ConvBatchNorm& first, const ConvBatchNorm& second, Tensor x, Tensor residual) {
  TEMPER_CHECK(!second.conv.bias, "convolution layer: a bias in front of a batch normalisation is of no use; give .bias = false");
  if (!Tape::recording()) return second(first(std::move(x)), std::move(residual));
  const BatchNorm& norm = first.norm;
  return second.norm(
      norm_conv2d(first.conv(std::move(x)), norm.weight, norm.bias, norm.running(), norm.options, second.conv.weight, second.conv.options),
      std::move(residual));
}

}  // namespace temper::layers
