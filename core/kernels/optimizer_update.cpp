#include "core/kernels/optimizer_update.h"

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/optimizer_update.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// As many floats as doubles fit a vector.
using Doubles = hn::CappedTag<double, 8>;
using Floats = hn::Rebind<float, Doubles>;

// body(i, gradient) for every vector from element i on.
template <class Body> void for_each_gradient(const float* g, double scale, Index size, Body body) {
  const Floats d;
  const Doubles dd;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  if (scale == 1) {
    for (Index i = 0; i < size; i += lanes) body(i, hn::LoadU(d, g + i));
  } else {
    const auto factor = hn::Set(dd, scale);
    for (Index i = 0; i < size; i += lanes) body(i, hn::DemoteTo(d, hn::Mul(hn::PromoteTo(dd, hn::LoadU(d, g + i)), factor)));
  }
}

void sgd_update(const SgdUpdate& update, const float* g, Index size, float* w, float* v) {
  const Floats d;
  const auto rate = hn::Set(d, update.rate), decay = hn::Set(d, update.decay);
  const auto momentum = hn::Set(d, update.momentum), share = hn::Set(d, update.share);
  const auto sweep = [&](auto direction) {
    for_each_gradient(g, update.scale, size, [&](Index i, auto gradient) {
      const auto weight = hn::LoadU(d, w + i);
      const auto decayed = hn::Add(gradient, hn::Mul(decay, weight));
      hn::StoreU(hn::Sub(weight, hn::Mul(rate, direction(i, decayed))), d, w + i);
    });
  };
  const auto move_average = [&](Index i, auto gradient) {
    const auto average = hn::Add(hn::Mul(momentum, hn::LoadU(d, v + i)), hn::Mul(share, gradient));
    hn::StoreU(average, d, v + i);
    return average;
  };
  if (!v) {
    sweep([](Index, auto gradient) { return gradient; });
  } else if (update.nesterov) {
    sweep([&](Index i, auto gradient) { return hn::Add(gradient, hn::Mul(momentum, move_average(i, gradient))); });
  } else {
    sweep(move_average);
  }
}

void adamw_update(const AdamWUpdate& update, const float* g, Index size, float* w, float* m, float* v) {
  const Floats d;
  const auto keep = hn::Set(d, update.keep), rate = hn::Set(d, update.rate);
  const auto correction = hn::Set(d, update.correction), epsilon = hn::Set(d, update.epsilon);
  const auto beta1 = hn::Set(d, update.beta1), share1 = hn::Set(d, update.share1);
  const auto beta2 = hn::Set(d, update.beta2), share2 = hn::Set(d, update.share2);
  for_each_gradient(g, update.scale, size, [&](Index i, auto gradient) {
    const auto first = hn::Add(hn::Mul(beta1, hn::LoadU(d, m + i)), hn::Mul(share1, gradient));
    const auto second = hn::Add(hn::Mul(beta2, hn::LoadU(d, v + i)), hn::Mul(hn::Mul(share2, gradient), gradient));
    const auto move = hn::Div(hn::Mul(rate, first), hn::Add(hn::Mul(correction, hn::Sqrt(second)), epsilon));
    hn::StoreU(first, d, m + i);
    hn::StoreU(second, d, v + i);
    hn::StoreU(hn::Sub(hn::Mul(keep, hn::LoadU(d, w + i)), move), d, w + i);
  });
}

double sum_of_squares(const float* values, Index size) {
  const Doubles d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  auto even = hn::Zero(d), odd = hn::Zero(d);  // two chains of sums hide half of an addition's latency
  for (Index i = 0; i < size; i += 2 * lanes) {
    const auto a = hn::PromoteTo(d, hn::LoadU(Floats(), values + i)), b = hn::PromoteTo(d, hn::LoadU(Floats(), values + i + lanes));
    even = hn::MulAdd(a, a, even);
    odd = hn::MulAdd(b, b, odd);
  }
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(sgd_update);
HWY_EXPORT(adamw_update);
HWY_EXPORT(sum_of_squares);

void sgd_update(const SgdUpdate& update, const float* g, Index size, float* w, float* v) {
  HWY_DYNAMIC_DISPATCH(sgd_update)(update, g, size, w, v);
}
void adamw_update(const AdamWUpdate& update, const float* g, Index size, float* w, float* m, float* v) {
  HWY_DYNAMIC_DISPATCH(adamw_update)(update, g, size, w, m, v);
}
double sum_of_squares(const float* values, Index size) { return HWY_DYNAMIC_DISPATCH(sum_of_squares)(values, size); }

}  // namespace temper
#endif
