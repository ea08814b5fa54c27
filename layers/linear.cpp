#include "layers/linear.h"

#include "core/ops/linear.h"
#include "layers/init.h"

namespace temper::layers {
namespace {

// (K,D), whatever the axes of the inputs.
Shape as_matrix(const Shape& weight) { return {weight[0], weight.rank() == 4 ? weight[1] * weight[2] * weight[3] : weight[1]}; }

Shape weight_shape(const LinearSpec& spec) {
  const Shape& in = spec.inputs.shape;
  TEMPER_CHECK((in.rank() == 1 || in.rank() == 3) && in.size() > 0 && spec.outputs > 0, "linear layer: ", in, " inputs and ", spec.outputs,
               " outputs; give a number of features or an image (H,W,C), and at least one output");
  return in.rank() == 1 ? Shape{spec.outputs, in[0]} : Shape{spec.outputs, in[0], in[1], in[2]};
}

Parameter& declare_weight(const ParameterStore::Scope& scope, const LinearSpec& spec) {
  const bool on_image = spec.inputs.shape.rank() == 3;
  Parameter weight{.name = "weight",
                   .shape = weight_shape(spec),
                   .initialize = spec.weight_init ? spec.weight_init : default_weight(),
                   .file_layout = on_image ? Parameter::FileLayout::flattened_image : Parameter::FileLayout::same,
                   .decay_factor = spec.decay_factor};
  if (on_image) {  // whose weights have the fans of a matrix, not of a kernel
    weight.initialize = [init = weight.initialize](const View& value, const Random& random) {
      init({value.data, as_matrix(value.shape)}, random);
    };
  }
  return scope.declare(std::move(weight));
}

}  // namespace

Linear::Linear(const ParameterStore::Scope& scope, const LinearSpec& spec)
    : weight(declare_weight(scope, spec)),
      bias(spec.bias ? &scope.declare({.name = "bias",
                                       .shape = {spec.outputs},
                                       .initialize = spec.bias_init ? spec.bias_init : default_bias(spec.inputs.shape.size()),
                                       .kind = Parameter::Kind::bias,
                                       .decay_factor = spec.decay_factor})
                     : nullptr) {}

Tensor Linear::operator()(Tensor x) const {
  const Shape& w = weight.shape;
  if (w.rank() == 4 && x.shape().rank() != 2) {
    const Shape& s = x.shape();
    TEMPER_CHECK(s.rank() == 4 && s[1] == w[1] && s[2] == w[2] && s[3] == w[3], weight.name, ": an input ", s, " does not fit weights ", w,
                 "; the layer takes images (N,H,W,C) of that size");
    x = x.flatten();
  }
  if (w.rank() == 2 && x.shape().rank() == 3) {
    const Shape s = x.shape();
    return (*this)(x.reshape({s[0] * s[1], s[2]})).reshape({s[0], s[1], w[0]});
  }
  return linear(std::move(x), Tensor(weight).reshape(as_matrix(w)), bias ? Tensor(*bias) : Tensor());
}

}  // namespace temper::layers
