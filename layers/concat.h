// Layers side by side, as in Inception (Szegedy et al., "Going Deeper with Convolutions", CVPR 2015).
#pragma once

#include <initializer_list>
#include <vector>

#include "core/engine/tensor.h"
#include "layers/sequential.h"

namespace temper::layers {

// y(..., C1 + C2 + ...) = the outputs of all layers for the same x, concatenated along the last axis:
//   Concat split{Conv2d(scope / "branch0", ...), Sequential{MaxPool({.kernel = 3, .stride = 2}), Conv2d(scope / "branch1", ...)}};
// Braces construct the layers from left to right, and so declare their parameters in this order.
class Concat {
 public:
  Concat(std::initializer_list<Layer> layers);  // throws Error for an empty list and for an empty function

  Tensor operator()(Tensor x) const;

 private:
  std::vector<Layer> layers_;
};

}  // namespace temper::layers
