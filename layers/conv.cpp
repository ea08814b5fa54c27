#include "layers/conv.h"

#include "core/engine/inference_scope.h"
#include "core/engine/tape.h"
#include "layers/init.h"

namespace temper::layers {
namespace {

Shape weight_shape(const Conv2dSpec& spec) {
  TEMPER_CHECK(spec.in > 0 && spec.out > 0, "convolution layer: ", spec.in, " channels in and ", spec.out,
               " out; give at least one of each");
  TEMPER_CHECK(spec.groups > 0 && spec.in % spec.groups == 0 && spec.out % spec.groups == 0, "convolution layer: ", spec.in,
               " channels in and ", spec.out, " out cannot be divided into ", spec.groups, " groups; give multiples of groups");
  TEMPER_CHECK(spec.kernel.h > 0 && spec.kernel.w > 0, "convolution layer: a kernel of ", spec.kernel, "; give at least (1,1)");
  return {spec.out, spec.kernel.h, spec.kernel.w, spec.in / spec.groups};
}

}  // namespace

Conv2d::Conv2d(const ParameterStore::Scope& scope, const Conv2dSpec& spec)
    : weight(scope.declare({.name = "weight",
                            .shape = weight_shape(spec),
                            .initialize = spec.weight_init ? spec.weight_init : default_weight(),
                            .file_layout = Parameter::FileLayout::kernel,
                            .decay_factor = spec.decay_factor})),
      bias(spec.bias ? &scope.declare({.name = "bias",
                                       .shape = {spec.out},
                                       .initialize = spec.bias_init ? spec.bias_init : default_bias(fans(weight.shape).in),
                                       .kind = Parameter::Kind::bias,
                                       .decay_factor = spec.decay_factor})
                     : nullptr),
      options{.stride = spec.stride, .padding = spec.padding, .dilation = spec.dilation, .groups = spec.groups} {}

Tensor Conv2d::operator()(Tensor x) const {
  const Tensor b = bias ? Tensor(*bias) : Tensor();
  if (Tape::recording()) return conv2d(std::move(x), weight, b, options);
  PackedConv2d local;
  return conv2d(x, InferenceScope::derive(weight, local, [&] { return pack_conv2d(weight, b, options); }));
}

}  // namespace temper::layers
