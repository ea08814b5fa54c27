#include "core/kernels/softmax.h"

#include <limits>

#include "core/kernels/simd.h"
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

// exp and, beside it, the two sums of a block of values, in float32.
template <class D> struct BlockSums {
  D d;
  hn::Vec<D> scale, shift, sum, shifted;
  BlockSums(D tag, float factor, float middle)
      : d(tag), scale(hn::Set(d, factor)), shift(hn::Set(d, middle)), sum(hn::Zero(d)), shifted(hn::Zero(d)) {}

  void add(const float* x, float* y) {
    const auto difference = hn::Sub(hn::LoadU(d, x), shift), value = hn::Exp(d, hn::Mul(scale, difference));
    hn::StoreU(value, d, y);
    sum = hn::Add(sum, value);
    shifted = hn::Add(shifted, difference);
  }
  ExponentialSums total() const {
    return {static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum))), static_cast<double>(hn::GetLane(hn::SumOfLanes(d, shifted)))};
  }
};

// Blocks are added up in double: a vocabulary is long.
ExponentialSums exponentials(const float* x, Index count, float scale, float shift, float* y) {
  constexpr Index kBlock = 512;
  const hn::CappedTag<float, 16> full;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<Index>(hn::Lanes(full));
  ExponentialSums sums{0, 0};
  const auto add = [&sums](const ExponentialSums& part) { sums = {sums.sum + part.sum, sums.shifted + part.shifted}; };
  Index i = 0;
  while (i + lanes <= count) {
    const Index end = std::min(count, i + kBlock);
    BlockSums first(full, scale, shift), second = first;
    for (; i + 2 * lanes <= end; i += 2 * lanes) {
      first.add(x + i, y + i);
      second.add(x + i + lanes, y + i + lanes);
    }
    for (; i + lanes <= end; i += lanes) first.add(x + i, y + i);
    add(first.total());
    add(second.total());
  }
  BlockSums rest(single, scale, shift);
  for (; i < count; ++i) rest.add(x + i, y + i);
  add(rest.total());
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
