#include "core/ops/layer_norm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/kernels/simd_targets.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

Array reference_layer_norm(const Array& x, const Array& gamma, const Array& beta, double epsilon) {
  const Index D = x.shape.last();
  Array y(x.shape);
  for (Index row = 0; row < x.shape.rows(); ++row) {
    double mean = 0, variance = 0;
    for (Index d = 0; d < D; ++d) mean += x[row * D + d] / static_cast<double>(D);
    for (Index d = 0; d < D; ++d) variance += std::pow(x[row * D + d] - mean, 2) / static_cast<double>(D);
    for (Index d = 0; d < D; ++d) y[row * D + d] = gamma[d] * (x[row * D + d] - mean) / std::sqrt(variance + epsilon) + beta[d];
  }
  return y;
}

TEST_CASE("layer_norm: every row by its own mean and variance") {
  for (const Shape& shape :
       {Shape{1}, Shape{5}, Shape{3, 16}, Shape{2, 3, 37}, Shape{2, 2, 2, 5}, Shape{40, 64}, Shape{0, 4}, Shape{2, 131}}) {
    for (const float epsilon : {1e-5f, 0.1f}) {
      CAPTURE(shape);
      check_op({.inputs = {shape, {shape.last()}, {shape.last()}},
                .op = [&](auto x) { return layer_norm(std::move(x[0]), std::move(x[1]), std::move(x[2]), epsilon); },
                .reference = [&](auto x) { return reference_layer_norm(x[0], x[1], x[2], epsilon); },
                .tolerance = 4e-6});
    }
  }
}

TEST_CASE("layer_norm: gradients across chunks of rows") {
  check_op({.inputs = {{24, 1500}, {1500}, {1500}},
            .op = [](auto x) { return layer_norm(std::move(x[0]), std::move(x[1]), std::move(x[2])); },
            .reference = [](auto x) { return reference_layer_norm(x[0], x[1], x[2], 1e-5); },
            .tolerance = 4e-6,
            .differentiable = {false, true, false}});
}

TEST_CASE("layer_norm: PyTorch's values, on every instruction set") {
  const std::vector<float> x = {0.5f, -1, 2, 3, 100, 100.5f, 99, 101}, gamma = {1, 2, 0.5f, -1}, beta = {0, 0.1f, -0.2f, 0.3f};
  // F.layer_norm(x, (4,), gamma, beta, 1e-5)
  const std::vector<double> expected = {-0.41239215, -2.70426663, 0.08867450,  -0.93717644,
                                        -0.16902931, 1.11417583,  -0.96063188, -0.88320513};
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced(target);
    const Tensor y = layer_norm(Tensor(Shape{2, 4}, x), Tensor(Shape{4}, gamma), Tensor(Shape{4}, beta));
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(y.values()[i] == doctest::Approx(expected[i]).epsilon(2e-6));
  }
}

TEST_CASE("layer_norm: a row far from zero, a constant row, NaN, and what does not fit") {
  std::vector<float> x(64);
  for (std::size_t i = 0; i < 64; ++i) x[i] = 4096 + static_cast<float>(i % 2);
  const std::vector<float> ones(64, 1.0f), zeros(64, 0.0f), sevens(64, 7.0f);
  const Tensor gamma(Shape{64}, ones), beta(Shape{64}, zeros);
  const Tensor far = layer_norm(Tensor(Shape{1, 64}, x), gamma, beta);
  for (std::size_t i = 0; i < 64; ++i) CHECK(far.values()[i] == doctest::Approx(i % 2 ? 1 : -1).epsilon(1e-4));
  const Tensor constant = layer_norm(Tensor(Shape{1, 64}, sevens), gamma, beta);
  for (const float value : constant.values()) CHECK(value == 0);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  const Tensor bad = layer_norm(Tensor(Shape{1, 64}, x), gamma, beta);
  for (const float value : bad.values()) CHECK(std::isnan(value));

  CHECK_THROWS_AS(layer_norm(Tensor(Shape{2, 32}, x), gamma, beta), Error);
  CHECK_THROWS_AS(layer_norm(Tensor(Shape{1, 64}, x), gamma, beta, 0.0f), Error);
}

}  // namespace
}  // namespace temper
