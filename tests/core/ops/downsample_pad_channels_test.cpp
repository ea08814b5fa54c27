#include "core/ops/downsample_pad_channels.h"

#include <doctest/doctest.h>

#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

TEST_CASE("downsample_pad_channels: every stride-th pixel, channels in the middle") {
  struct Case {
    Shape x;
    Index stride, channels;
  };
  for (const Case& c : {Case{{2, 5, 7, 3}, 2, 7}, Case{{1, 4, 4, 2}, 2, 4}, Case{{3, 6, 5, 4}, 3, 4}, Case{{13, 2, 3, 1}, 2, 3},
                        Case{{1, 1, 1, 1}, 1, 3}}) {
    CAPTURE(c.x);
    check_op({.inputs = {c.x},
              .op = [s = c.stride, k = c.channels](auto x) { return downsample_pad_channels(std::move(x[0]), s, k); },
              .reference =
                  [s = c.stride, k = c.channels](auto x) {
                    const Shape& in = x[0].shape;
                    Array y({in[0], (in[1] + s - 1) / s, (in[2] + s - 1) / s, k});
                    for (Index n = 0; n < in[0]; ++n) {
                      for (Index p = 0; p < y.shape[1]; ++p) {
                        for (Index q = 0; q < y.shape[2]; ++q) {
                          for (Index c = 0; c < in[3]; ++c) y.at(n, p, q, (k - in[3]) / 2 + c) = x[0].at(n, p * s, q * s, c);
                        }
                      }
                    }
                    return y;
                  }});
  }
}

TEST_CASE("downsample_pad_channels: what does not fit is refused by name") {
  const Tensor x(Shape{1, 4, 4, 4});
  for (const Index channels : {3, 5, 7})
    CHECK_THROWS_WITH_AS(downsample_pad_channels(x, 2, channels), doctest::Contains("subsample"), Error);
  CHECK_THROWS_AS(downsample_pad_channels(x, 0, 4), Error);
  CHECK_THROWS_AS(downsample_pad_channels(Tensor(Shape{4, 4}), 2, 4), Error);
}

}  // namespace
}  // namespace temper
