// Layers in sequence.
#pragma once

#include <functional>
#include <initializer_list>
#include <vector>

#include "core/engine/tensor.h"

namespace temper::layers {

// Anything that maps a tensor to a tensor: a layer, an operation such as relu, a lambda, another Sequential.
using Layer = std::function<Tensor(Tensor)>;

// Applies the layers from the first to the last; without layers y = x:
//   Sequential head{Linear(scope / "fc1", {.inputs = {4, 4, 16}, .outputs = 84}),
//                   relu,
//                   Linear(scope / "fc2", {.inputs = 84, .outputs = 10})};
// Braces construct the layers from left to right, and so declare their parameters in this order.
class Sequential {
 public:
  Sequential() = default;
  Sequential(std::initializer_list<Layer> layers);

  void add(Layer layer);  // throws Error for an empty function
  std::size_t size() const { return layers_.size(); }
  Tensor operator()(Tensor x) const;

 private:
  std::vector<Layer> layers_;
};

}  // namespace temper::layers
