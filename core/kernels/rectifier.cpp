#include "core/kernels/rectifier.h"

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/rectifier.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void rectify(const float* x, Index size, float* y) {
  for_each_vector(size, [&](auto d, Index i) { hn::StoreU(rectified(d, hn::LoadU(d, x + i)), d, y + i); });
}

void add_and_rectify(const float* residual, bool relu, Index size, float* y) {
  if (!residual) return relu ? rectify(y, size, y) : void();
  for_each_vector(size, [&](auto d, Index i) {
    const auto sum = hn::Add(hn::LoadU(d, y + i), hn::LoadU(d, residual + i));
    hn::StoreU(relu ? rectified(d, sum) : sum, d, y + i);
  });
}

void rectify_gradient(const float* y, const float* dy, Index size, float* dx, bool add) {
  store_gradient(size, dx, add,
                 [&](auto d, Index i) { return hn::IfThenElseZero(hn::Gt(hn::LoadU(d, y + i), hn::Zero(d)), hn::LoadU(d, dy + i)); });
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(rectify);
HWY_EXPORT(add_and_rectify);
HWY_EXPORT(rectify_gradient);

void rectify(const float* x, Index size, float* y) { HWY_DYNAMIC_DISPATCH(rectify)(x, size, y); }
void add_and_rectify(const float* residual, bool relu, Index size, float* y) {
  HWY_DYNAMIC_DISPATCH(add_and_rectify)(residual, relu, size, y);
}
void rectify_gradient(const float* y, const float* dy, Index size, float* dx, bool add) {
  HWY_DYNAMIC_DISPATCH(rectify_gradient)(y, dy, size, dx, add);
}

}  // namespace temper
#endif
