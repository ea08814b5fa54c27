#include "data/mixup.h"

#include <cmath>

#include "core/base/check.h"
#include "core/base/random.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kMixupStream = 0x6D69787570;  // "mixup"

}  // namespace

// Jöhnk 1964: with U, V uniform, X = U^(1/a) and Y = V^(1/a), the quotient X / (X + Y) is Beta(a, a) whenever X + Y <= 1. For a = 4, the
// largest, one try in 70 succeeds.
float draw_mixup(float alpha, std::uint64_t seed, Index epoch, Index batch) {
  TEMPER_CHECK(alpha >= 0 && alpha <= kLargestMixup, "mixup: alpha ", alpha, "; give a number in [0,", kLargestMixup, "]");
  if (alpha == 0) return 1;
  const Random random(seed, {kMixupStream, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(batch)});
  for (std::uint64_t draw = 0;; draw += 2) {
    // Logarithms: for a small alpha both powers may be too small for a double.
    const double x = std::log(random.uniform(draw) + 0x1.0p-54) / alpha, y = std::log(random.uniform(draw + 1) + 0x1.0p-54) / alpha;
    const double largest = std::max(x, y), log_sum = largest + std::log(std::exp(x - largest) + std::exp(y - largest));
    if (log_sum <= 0) return static_cast<float>(std::exp(x - log_sum));
  }
}

void mix(Tensor& images, float lambda) {
  const Index N = images.shape()[0], size = images.shape().size() / std::max<Index>(1, N);
  for (Index n = 0; n < N / 2; ++n) {
    float* const a = images.data() + n * size;
    float* const b = images.data() + (N - 1 - n) * size;
    for (Index i = 0; i < size; ++i) {
      const float first = a[i], second = b[i];
      a[i] = lambda * first + (1 - lambda) * second;
      b[i] = lambda * second + (1 - lambda) * first;
    }
  }
}

}  // namespace temper::data
