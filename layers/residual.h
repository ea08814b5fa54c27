// Residual connections (He et al., "Deep Residual Learning for Image Recognition", CVPR 2016).
#pragma once

#include <utility>

#include "core/ops/elementwise.h"

namespace temper::layers {

struct Identity {
  Tensor operator()(Tensor x) const { return x; }
};

// y = function(x) + shortcut(x), of equal shapes: Residual(Sequential{conv1, relu, conv2}), or with a projection as the second argument.
template <class Function, class Shortcut = Identity> struct Residual {
  explicit Residual(Function f, Shortcut s = {}) : function(std::move(f)), shortcut(std::move(s)) {}

  Tensor operator()(Tensor x) const {
    Tensor y = function(x);  // always first: RandomScope and batch normalisation depend on the order of the layers
    return add(std::move(y), shortcut(std::move(x)));
  }

  Function function;
  Shortcut shortcut;
};

}  // namespace temper::layers
