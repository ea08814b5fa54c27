#include "core/kernels/optimizer_update.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "core/kernels/simd_targets.h"

namespace temper {
namespace {

constexpr Index kSize = 5 * kUpdateBlock;

std::vector<float> scaled_noise(std::uint64_t stream, float scale) {
  const Random random(2, {stream});
  std::vector<float> values(static_cast<std::size_t>(kSize));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = scale * static_cast<float>(random.normal(i));
  return values;
}

TEST_CASE("update: every instruction set gives the bits of a plain loop") {
  const std::vector<float> g = scaled_noise(1, 1e3f), w = scaled_noise(2, 1), m = scaled_noise(3, 1), positive = [] {
    std::vector<float> squares = scaled_noise(4, 1);
    for (float& value : squares) value *= value;
    return squares;
  }();
  for (const double scale : {1.0, 1.0 / 3000, 1e-45}) {
    std::vector<float> sgd_w = w, sgd_v = m, adam_w = w, adam_m = m, adam_v = positive;
    for (std::size_t i = 0; i < g.size(); ++i) {
      const auto scaled = static_cast<float>(g[i] * scale);
      const float gradient = scaled + 0.01f * w[i];
      sgd_v[i] = 0.9f * m[i] + 0.7f * gradient;
      sgd_w[i] -= 0.1f * (gradient + 0.9f * sgd_v[i]);
      adam_m[i] = 0.9f * m[i] + 0.1f * scaled;
      adam_v[i] = 0.99f * positive[i] + 0.01f * scaled * scaled;
      adam_w[i] = 0.999f * w[i] - 0.1f * adam_m[i] / (1.5f * std::sqrt(adam_v[i]) + 1e-8f);
    }
    for (const SimdTarget& target : simd_targets()) {
      CAPTURE(target.name);
      CAPTURE(scale);
      const ForcedSimdTarget forced(target);
      std::vector<float> a = w, b = m, c = positive;
      sgd_update({.rate = 0.1f, .decay = 0.01f, .scale = scale, .momentum = 0.9f, .share = 0.7f, .nesterov = true}, g.data(), kSize,
                 a.data(), b.data());
      CHECK(a == sgd_w);
      CHECK(b == sgd_v);
      a = w, b = m;
      adamw_update({.keep = 0.999f,
                    .rate = 0.1f,
                    .correction = 1.5f,
                    .epsilon = 1e-8f,
                    .beta1 = 0.9f,
                    .share1 = 0.1f,
                    .beta2 = 0.99f,
                    .share2 = 0.01f,
                    .scale = scale},
                   g.data(), kSize, a.data(), b.data(), c.data());
      CHECK(a == adam_w);
      CHECK(b == adam_m);
      CHECK(c == adam_v);
    }
  }
}

TEST_CASE("update: squares are summed in double") {
  const std::vector<float> values = scaled_noise(5, 3e37f);
  double expected = 0;
  for (const float value : values) expected += static_cast<double>(value) * static_cast<double>(value);
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced(target);
    CHECK(sum_of_squares(values.data(), kSize) == doctest::Approx(expected).epsilon(1e-14));
  }
}

}  // namespace
}  // namespace temper
