#include "core/ops/slice.h"

#include <doctest/doctest.h>

#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

TEST_CASE("rows: a part of the first axis, in any rank") {
  struct Case {
    Shape x, y;
    Index begin;
  };
  for (const Case& c : {Case{{5}, {2}, 1}, Case{{5, 3}, {5, 3}, 0}, Case{{4, 2, 3}, {1, 2, 3}, 3}, Case{{9, 5}, {6, 5}, 2},
                        Case{{3, 2, 2, 2}, {2, 2, 2, 2}, 0}, Case{{4, 2}, {0, 2}, 2}}) {
    CAPTURE(c.x);
    check_op({.inputs = {c.x},
              .op = [&](auto x) { return slice(std::move(x[0]), c.begin, c.begin + c.y[0]); },
              .reference =
                  [&](auto x) {
                    Array y(c.y);
                    for (Index i = 0; i < y.size(); ++i) y[i] = x[0][c.begin * (x[0].size() / c.x[0]) + i];
                    return y;
                  }});
  }
}

TEST_CASE("rows: disjoint parts of one tensor share its gradient") {
  check_op({.inputs = {{4, 2}},
            .op = [](auto x) { return slice(slice(x[0], 1, 4), 1, 3); },
            .reference =
                [](auto x) {
                  Array y({2, 2});
                  for (Index i = 0; i < 4; ++i) y[i] = x[0][4 + i];
                  return y;
                }});
}

TEST_CASE("rows: what does not exist is refused") {
  const Tensor x(Shape{3, 2}, std::vector<float>(6));
  CHECK_THROWS_AS(slice(x, 2, 4), Error);
  CHECK_THROWS_AS(slice(x, -1, 2), Error);
  CHECK_THROWS_AS(slice(x, 2, 1), Error);
}

}  // namespace
}  // namespace temper
