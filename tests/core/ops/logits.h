// Logits for the tests of softmax and of losses.
#pragma once

#include <limits>
#include <vector>

#include "core/base/shape.h"

namespace temper {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

inline const std::vector<Shape> kLogitShapes = {Shape{1, 1},  Shape{5, 1},   Shape{1, 2},    Shape{17, 2}, Shape{5, 3},
                                                Shape{5, 10}, Shape{17, 37}, Shape{2, 3, 4}, Shape{3}};

struct LossOfLogits {
  float loss;
  std::vector<float> gradient;  // of the logits that learn
};

}  // namespace temper
