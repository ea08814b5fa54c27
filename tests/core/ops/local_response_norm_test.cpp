#include "core/ops/local_response_norm.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/engine/tape.h"
#include "core/kernels/simd_targets.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

Array naive(const Array& x, const LocalResponseNormOptions& o) {
  const Index C = x.shape.last(), radius = o.size / 2;
  Array y(x.shape);
  for (Index row = 0; row < x.shape.rows(); ++row) {
    for (Index c = 0; c < C; ++c) {
      double sum = 0;
      for (Index j = std::max<Index>(0, c - radius); j <= std::min(C - 1, c + radius); ++j) sum += x[row * C + j] * x[row * C + j];
      y[row * C + c] = x[row * C + c] * std::pow(double{o.k} + double{o.alpha} / static_cast<double>(o.size) * sum, -double{o.beta});
    }
  }
  return y;
}

TEST_CASE("local_response_norm") {
  for (const LocalResponseNormOptions& options : {LocalResponseNormOptions{.size = 9, .alpha = 0.5f},
                                                  {.size = 3, .alpha = 2, .beta = 0.6f, .k = 2},
                                                  {.size = 1},
                                                  {.size = 21, .alpha = 1}}) {
    for (const Shape& shape : {Shape{2, 3, 3, 13}, Shape{1, 1}, Shape{5, 64}, Shape{14, 4}}) {
      CAPTURE(options.size);
      CAPTURE(shape);
      check_op({.inputs = {shape},
                .op = [&](auto x) { return local_response_norm(std::move(x[0]), options); },
                .reference = [&](auto x) { return naive(x[0], options); }});
    }
  }
}

TEST_CASE("local_response_norm: every instruction set agrees with the definition, with and without a tape, for any number of channels") {
  const Random random(4, {});
  for (const Index C : {1, 3, 8, 16, 21, 48}) {
    Tensor x(Shape{3, C});
    Array exact(x.shape());
    for (Index i = 0; i < x.size(); ++i) exact[i] = x.data()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
    for (const LocalResponseNormOptions& options :
         {LocalResponseNormOptions{.size = 5, .alpha = 0.5f}, {.size = 7, .alpha = 1, .beta = 1}}) {
      const Array expected = naive(exact, options);
      for (const SimdTarget& target : simd_targets()) {
        CAPTURE(target.name);
        const ForcedSimdTarget forced(target);
        const Tensor evaluated = local_response_norm(x, options);
        for (Index i = 0; i < x.size(); ++i) CHECK(evaluated.data()[i] == doctest::Approx(expected[i]).epsilon(1e-6));
        const Tape tape;
        const Tensor recorded = local_response_norm(x, options);
        for (Index i = 0; i < x.size(); ++i) CHECK(evaluated.data()[i] == recorded.data()[i]);
      }
    }
  }
}

// torch.nn.LocalResponseNorm(3, alpha=0.3, beta=0.75, k=1)(torch.tensor([1., -2., 3., 4.]).view(1, 4, 1, 1))
TEST_CASE("local_response_norm: PyTorch's numbers") {
  const float values[] = {1, -2, 3, 4};
  const Tensor y = local_response_norm(Tensor(Shape{1, 4}, values), {.size = 3, .alpha = 0.3f});
  const double expected[] = {0.73778796, -1.03722155, 1.08099282, 1.56317985};
  for (Index c = 0; c < 4; ++c) CHECK(y.data()[c] == doctest::Approx(expected[c]).epsilon(1e-6));
}

TEST_CASE("local_response_norm: options that make no sense are refused") {
  const Tensor x(Shape{1, 4});
  CHECK_THROWS_AS(local_response_norm(x, {.size = 2}), Error);
  CHECK_THROWS_AS(local_response_norm(x, {.size = -1}), Error);
  CHECK_THROWS_AS(local_response_norm(x, {.alpha = -1}), Error);
  CHECK_THROWS_AS(local_response_norm(x, {.k = 0}), Error);
}

}  // namespace
}  // namespace temper
