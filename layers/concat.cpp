#include "layers/concat.h"

#include "core/ops/concat.h"

namespace temper::layers {

Concat::Concat(std::initializer_list<Layer> layers) : layers_(layers) {
  TEMPER_CHECK(!layers_.empty(), "branches: no layers; give at least one");
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    TEMPER_CHECK(layers_[i], "branches: layer ", i, " is an empty function; give something to call");
  }
}

Tensor Concat::operator()(Tensor x) const {
  std::vector<Tensor> parts;
  parts.reserve(layers_.size());
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) parts.push_back(layers_[i](x));
  parts.push_back(layers_.back()(std::move(x)));  // the last may work in place
  return concat(std::move(parts));
}

}  // namespace temper::layers
