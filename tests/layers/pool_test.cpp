#include "layers/pool.h"

#include <doctest/doctest.h>

#include "tests/layers/tensors.h"

namespace temper {

TEST_CASE("pooling layers: as the operations") {
  const Tensor x = wavy({2, 7, 6, 3});
  check_same(layers::MaxPool()(x), max_pool(x));
  check_same(layers::MaxPool({.kernel = 3, .stride = 2, .padding = 1})(x), max_pool(x, {.kernel = 3, .stride = 2, .padding = 1}));
  check_same(layers::AvgPool()(x), avg_pool(x));
  check_same(layers::AvgPool({.kernel = {3, 2}, .stride = 1})(x), avg_pool(x, {.kernel = {3, 2}, .stride = 1}));
  check_same(layers::GlobalAvgPool()(x), global_avg_pool(x));
}

}  // namespace temper
