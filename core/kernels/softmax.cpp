#include "core/kernels/softmax.h"

#include <limits>

#include "core/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/softmax.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

float maximum(const float* x, Index count) {
  const hn::CappedTag<float, 16> full;
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const auto lanes = static_cast<Index>(hn::Lanes(full));
  const auto larger = [](auto a, auto b) { return hn::IfThenElse(hn::Gt(b, a), b, a); };  // a where b is NaN
  auto most = hn::Set(full, kLowest), other = most;
  Index i = 0;
  for (; i + 2 * lanes <= count; i += 2 * lanes) {
    most = larger(most, hn::LoadU(full, x + i));
    other = larger(other, hn::LoadU(full, x + i + lanes));
  }
  for (; i + lanes <= count; i += lanes) most = larger(most, hn::LoadU(full, x + i));
  float result = hn::GetLane(hn::MaxOfLanes(full, larger(most, other)));
  for (; i < count; ++i) result = x[i] > result ? x[i] : result;
  return result;
}

// The sums are float32 within a block of values and double across blocks: a vocabulary is long.
ExponentialSums exponentials(const float* x, Index count, float scale, float shift, float* y) {
  constexpr Index kBlock = 1024;
  ExponentialSums sums{0, 0};
  for (Index begin = 0; begin < count; begin += kBlock) {
    const Index size = std::min(kBlock, count - begin);
    const float* const block = x + begin;
    sums.shifted += static_cast<double>(sum(size, [&](auto d, Index i) { return hn::Sub(hn::LoadU(d, block + i), hn::Set(d, shift)); }));
    sums.sum += static_cast<double>(sum(size, [&](auto d, Index i) {
      const auto shifted = hn::Sub(hn::LoadU(d, block + i), hn::Set(d, shift));
      const auto value = hn::Exp(d, hn::Mul(hn::Set(d, scale), shifted));
      hn::StoreU(value, d, y + begin + i);
      return value;
    }));
  }
  return sums;
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(maximum);
HWY_EXPORT(exponentials);

float maximum(const float* x, Index count) { return HWY_DYNAMIC_DISPATCH(maximum)(x, count); }
ExponentialSums exponentials(const float* x, Index count, float scale, float shift, float* y) {
  return HWY_DYNAMIC_DISPATCH(exponentials)(x, count, scale, shift, y);
}

}  // namespace temper
#endif
