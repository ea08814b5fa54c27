#include "core/kernels/block_product.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/base/random.h"
#include "core/kernels/simd_targets.h"

namespace temper {
namespace {

struct Operands {
  std::vector<float> a, b, c, start;
  BlockProduct product;
};

// Windows of a row (a_row > 1, a_step = 1), or channels side by side (a_row = 1): runs with gaps between them.
Operands operands(Index rows, Index columns, Index runs, Index run, bool rows_are_neighbours) {
  Operands o;
  const Index a_row = rows_are_neighbours ? 1 : 3, a_step = rows_are_neighbours ? rows + 2 : 1;
  const Index a_run = run * a_step + rows * a_row + 1;
  const Random random(9, {1});
  std::uint64_t next = 0;
  for (std::vector<float>* values : {&o.a, &o.b, &o.start}) {
    values->resize(static_cast<std::size_t>(values == &o.a   ? runs * a_run
                                            : values == &o.b ? (runs * run + 1) * (columns + 5)
                                                             : rows * (columns + 1)));
    for (float& value : *values) value = static_cast<float>(2 * random.uniform(next++) - 1);
  }
  o.c.assign(static_cast<std::size_t>(rows * (columns + 3)), 7.0f);
  o.product = {.a = o.a.data(),
               .a_row = a_row,
               .a_run = a_run,
               .a_step = a_step,
               .b = o.b.data(),
               .b_row = columns + 5,
               .c = o.c.data(),
               .c_row = columns + 3,
               .rows = rows,
               .columns = columns,
               .runs = runs,
               .run = run};
  return o;
}

double expected(const BlockProduct& p, Index row, Index col) {
  double sum = p.start ? static_cast<double>(p.start[row * p.start_row + col]) : 0.0;
  for (Index r = 0; r < p.runs; ++r) {
    for (Index d = 0; d < p.run; ++d)
      sum +=
          static_cast<double>(p.a[row * p.a_row + r * p.a_run + d * p.a_step]) * static_cast<double>(p.b[(r * p.run + d) * p.b_row + col]);
  }
  return sum;
}

void check_product(Operands& o) {
  const BlockProduct& p = o.product;
  CAPTURE(p.rows);
  CAPTURE(p.columns);
  CAPTURE(p.run);
  double worst = 0;
  std::vector<double> sums;
  for (Index i = 0; i < p.rows * p.columns; ++i) sums.push_back(expected(p, i / p.columns, i % p.columns));  // first: start may be c
  block_product(p);
  for (Index i = 0; i < p.rows * p.columns; ++i) {
    const double error = std::fabs(static_cast<double>(p.c[i / p.columns * p.c_row + i % p.columns]) - sums[static_cast<std::size_t>(i)]);
    worst = std::isfinite(error) ? std::max(worst, error) : 1e30;
  }
  CHECK(worst < 1e-5);
  for (Index row = 0; row < p.rows; ++row) {
    for (Index col = p.columns; col < p.c_row; ++col) CHECK(p.c[row * p.c_row + col] == 7.0f);
  }
}

TEST_CASE("product: every height of a block, every width, both orders of a, on every target") {
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced(target);
    for (const bool neighbours : {false, true}) {
      for (Index rows = 1; rows < 45; ++rows) {
        const Index columns = 8 * (1 + rows % 7), runs = 1 + rows % 3, run = rows % 5;
        Operands zeros = operands(rows, columns, runs, run, neighbours);
        check_product(zeros);
        Operands each_row = operands(rows, columns, runs, run, neighbours);
        each_row.product.start = each_row.start.data();
        each_row.product.start_row = rows % 2 == 0 ? columns + 1 : 0;
        check_product(each_row);
        Operands in_place = operands(rows, columns, runs, run, neighbours);
        in_place.product.start = in_place.c.data();
        in_place.product.start_row = in_place.product.c_row;
        check_product(in_place);
      }
    }
  }
}

TEST_CASE("product: what lies in the padding of b reaches the padding of c alone; columns are blocks") {
  for (const SimdTarget& target : simd_targets()) {
    const ForcedSimdTarget forced(target);
    Operands o = operands(5, 16, 1, 4, true);
    for (Index d = 0; d < 4; ++d) o.b[static_cast<std::size_t>(d * o.product.b_row + 11)] = std::numeric_limits<float>::quiet_NaN();
    block_product(o.product);
    for (Index i = 0; i < 5 * 16; ++i) CHECK(std::isnan(o.product.c[i / 16 * o.product.c_row + i % 16]) == (i % 16 == 11));
  }
  Operands o = operands(5, 9, 1, 4, true);
  CHECK_THROWS_WITH_AS(block_product(o.product), doctest::Contains("9 columns are no multiple of 8"), Error);
  o.product.rows = 0;
  o.product.columns = 8;
  block_product(o.product);  // nothing to do
}

}  // namespace
}  // namespace temper
