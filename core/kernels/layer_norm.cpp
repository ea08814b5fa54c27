#include "core/kernels/layer_norm.h"

#include <cmath>

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/layer_norm.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void layer_norm(const float* x, const float* gamma, const float* beta, float epsilon, Index rows, Index D, float* y,
                RowStatistics* statistics) {
  const float share = 1 / static_cast<float>(D);
  for (Index row = 0; row < rows; ++row, x += D, y += D) {
    const float mean = share * sum(D, [&](auto d, Index i) { return hn::LoadU(d, x + i); });
    const float variance = share * sum(D, [&](auto d, Index i) {  // around the mean, so that a large one costs no digits
                             const auto centred = hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean));
                             return hn::Mul(centred, centred);
                           });
    const float inverse_deviation = 1 / std::sqrt(variance + epsilon);
    for_each_vector(D, [&](auto d, Index i) {
      const auto normalised = hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, mean)), hn::Set(d, inverse_deviation));
      hn::StoreU(hn::MulAdd(hn::LoadU(d, gamma + i), normalised, hn::LoadU(d, beta + i)), d, y + i);
    });
    if (statistics) statistics[row] = {mean, inverse_deviation};
  }
}

// With x^ the normalised row and g = gamma dy:  dx = (g - mean(g) - x^ mean(g x^)) / deviation.
void layer_norm_gradient(const float* x, const float* gamma, const RowStatistics* statistics, const float* dy, Index rows, Index D,
                         float* dx, bool add, float* dgamma, float* dbeta) {
  const float share = 1 / static_cast<float>(D);
  for (Index row = 0; row < rows; ++row, x += D, dy += D) {
    const RowStatistics& s = statistics[row];
    const auto normalised = [&](auto d, Index i) {
      return hn::Mul(hn::Sub(hn::LoadU(d, x + i), hn::Set(d, s.mean)), hn::Set(d, s.inverse_deviation));
    };
    const auto g = [&](auto d, Index i) { return hn::Mul(hn::LoadU(d, gamma + i), hn::LoadU(d, dy + i)); };
    if (dgamma) {
      for_each_vector(D, [&](auto d, Index i) {
        const auto gradient = hn::LoadU(d, dy + i);
        hn::StoreU(hn::MulAdd(gradient, normalised(d, i), hn::LoadU(d, dgamma + i)), d, dgamma + i);
        hn::StoreU(hn::Add(gradient, hn::LoadU(d, dbeta + i)), d, dbeta + i);
      });
    }
    if (!dx) continue;
    const float g_mean = share * sum(D, g);
    const float slope = share * sum(D, [&](auto d, Index i) { return hn::Mul(g(d, i), normalised(d, i)); });
    store_gradient(D, dx + row * D, add, [&](auto d, Index i) {
      const auto centred = hn::NegMulAdd(hn::Set(d, slope), normalised(d, i), hn::Sub(g(d, i), hn::Set(d, g_mean)));
      return hn::Mul(hn::Set(d, s.inverse_deviation), centred);
    });
  }
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(layer_norm);
HWY_EXPORT(layer_norm_gradient);

void layer_norm(const float* x, const float* gamma, const float* beta, float epsilon, Index rows, Index D, float* y,
                RowStatistics* statistics) {
  HWY_DYNAMIC_DISPATCH(layer_norm)(x, gamma, beta, epsilon, rows, D, y, statistics);
}
void layer_norm_gradient(const float* x, const float* gamma, const RowStatistics* statistics, const float* dy, Index rows, Index D,
                         float* dx, bool add, float* dgamma, float* dbeta) {
  HWY_DYNAMIC_DISPATCH(layer_norm_gradient)(x, gamma, statistics, dy, rows, D, dx, add, dgamma, dbeta);
}

}  // namespace temper
#endif
