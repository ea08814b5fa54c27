#include "layers/sequential.h"

namespace temper::layers {

Sequential::Sequential(std::initializer_list<Layer> layers) {
  for (const Layer& layer : layers) add(layer);
}

void Sequential::add(Layer layer) {
  TEMPER_CHECK(layer, "sequential: layer ", layers_.size(), " is an empty function; give something to call");
  layers_.push_back(std::move(layer));
}

// x is moved, so that a layer whose input is not shared works in place.
Tensor Sequential::operator()(Tensor x) const {
  for (const Layer& layer : layers_) x = layer(std::move(x));
  return x;
}

}  // namespace temper::layers
