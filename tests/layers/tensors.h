// Tensors for the tests of layers.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/engine/tensor.h"

namespace temper {

// Values without a pattern that a layer could exploit, in about -1..1.
inline Tensor wavy(const Shape& shape, double phase = 0) {
  Tensor tensor(shape);
  for (Index i = 0; i < shape.size(); ++i) tensor.data()[i] = static_cast<float>(std::sin(1.7 * static_cast<double>(i) + phase));
  return tensor;
}

inline std::vector<float> values_of(const Tensor& tensor) { return {tensor.values().begin(), tensor.values().end()}; }

inline void check_same(const Tensor& actual, const Tensor& expected) {
  CHECK(actual.shape() == expected.shape());
  CHECK(values_of(actual) == values_of(expected));
}

}  // namespace temper
