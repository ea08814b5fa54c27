#include "core/kernels/window.h"

#include <doctest/doctest.h>

namespace temper {
namespace {

TEST_CASE("window: the number of outputs is the number of windows that fit") {
  for (Index input = 1; input <= 9; ++input) {
    for (Index kernel = 1; kernel <= 4; ++kernel) {
      for (Index stride = 1; stride <= 4; ++stride) {
        for (Index padding = 0; padding <= 3; ++padding) {
          for (Index dilation = 1; dilation <= 3; ++dilation) {
            Index count = 0;
            for (Index start = -padding; start + dilation * (kernel - 1) < input + padding; start += stride) ++count;
            const Window window{{kernel, 1}, {stride, 1}, {padding, 0}, {dilation, 1}};
            if (count > 0) {
              CHECK(window.output_size("test", Shape{1, input, 2, 1}) == Size2{count, 2});
            } else {
              CHECK_THROWS_AS(window.output_size("test", Shape{1, input, 2, 1}), Error);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("window: the taps on the image") {
  for (Index start = -6; start <= 6; ++start) {
    for (Index taps = 1; taps <= 4; ++taps) {
      for (Index extent = 1; extent <= 4; ++extent) {
        const TapRange range = taps_inside(start, taps, extent);
        for (Index tap = 0; tap < taps; ++tap) {
          const bool inside = start + tap >= 0 && start + tap < extent;
          CHECK((tap >= range.begin && tap < range.end) == inside);
        }
        CHECK(range.begin <= range.end);
      }
    }
  }
}

TEST_CASE("window: the largest options do not overflow") {
  const Index most = 1 << 20;
  const Window window{most, most, most, most};
  CHECK_THROWS_WITH_AS(window.output_size("test", Shape{1, 8, 8, 1}), doctest::Contains("is larger than an input (1,8,8,1)"), Error);
  CHECK(Window{1, most, most, most}.output_size("test", Shape{1, 8, 8, 1}) == Size2{3});
  CHECK_THROWS_WITH_AS((Window{1, most + 1}.output_size("test", Shape{1, 8, 8, 1})), doctest::Contains("stride (1048577,1048577)"), Error);
}

}  // namespace
}  // namespace temper
