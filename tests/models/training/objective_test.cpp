#include "models/training/objective.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

namespace temper::training {
namespace {

TEST_CASE("objective: a sample is right where the first of its largest logits is at the label") {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  Tensor logits({5, 3});
  const float values[] = {1, 3, 2, 3, 3, 1, 0, 0, 0, -kInf, -kInf, -5, -1, -2, -3};
  std::copy(std::begin(values), std::end(values), logits.data());
  CHECK(count_correct(logits, std::vector<std::int32_t>{1, 0, 0, 2, 0}) == 5);
  CHECK(count_correct(logits, std::vector<std::int32_t>{1, 1, 2, 2, 0}) == 3);  // equal logits: the first counts
  CHECK(count_correct(logits, std::vector<std::int32_t>{0, 2, 1, 0, 2}) == 0);
}

}  // namespace
}  // namespace temper::training
