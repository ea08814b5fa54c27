#include "core/kernels/double_block_product.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"

namespace temper {
namespace {

std::vector<double> normals(Index count, std::uint64_t stream) {
  const Random random(2, {stream});
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = random.normal(i);
  return values;
}

TEST_CASE("double product: added to what is there, a in both orders, padding kept apart") {
  for (const Index rows : {1, 5, 6, 13}) {
    for (const Index columns : {8, 16, 24, 104}) {
      for (const Index depth : {0, 1, 7, 33}) {
        for (const bool transposed : {false, true}) {
          const std::vector<double> a = normals(rows * depth, 1);
          std::vector<double> b = normals(depth * columns, 2), c = normals(rows * columns, 3), expected = c;
          for (Index d = 0; d < depth; ++d) b[static_cast<std::size_t>((d + 1) * columns - 1)] = std::numeric_limits<double>::quiet_NaN();
          const Index a_row = transposed ? 1 : depth, a_step = transposed ? rows : 1;
          for (Index row = 0; row < rows; ++row)
            for (Index d = 0; d < depth; ++d)
              for (Index col = 0; col < columns; ++col)
                expected[static_cast<std::size_t>(row * columns + col)] +=
                    a[static_cast<std::size_t>(row * a_row + d * a_step)] * b[static_cast<std::size_t>(d * columns + col)];
          add_double_block_product({a.data(), a_row, a_step, b.data(), columns, c.data(), columns, rows, columns, depth});
          for (std::size_t i = 0; i < c.size(); ++i) {
            if (static_cast<Index>(i) % columns == columns - 1) continue;
            CHECK(std::abs(c[i] - expected[i]) <= 1e-12);
          }
        }
      }
    }
  }
}

TEST_CASE("double product: columns that are not padded are refused") {
  double one = 1;
  CHECK_THROWS_AS(add_double_block_product({&one, 1, 1, &one, 7, &one, 7, 1, 7, 1}), Error);
}

}  // namespace
}  // namespace temper
