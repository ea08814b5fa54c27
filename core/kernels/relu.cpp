#include "core/kernels/relu.h"

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/relu.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void apply_relu(const float* x, Index size, float* y) {
  for_each_vector(size, [&](auto d, Index i) { hn::StoreU(relu_vector(d, hn::LoadU(d, x + i)), d, y + i); });
}

void add_relu(const float* residual, bool relu, Index size, float* y) {
  if (!residual) return relu ? apply_relu(y, size, y) : void();
  for_each_vector(size, [&](auto d, Index i) {
    const auto sum = hn::Add(hn::LoadU(d, y + i), hn::LoadU(d, residual + i));
    hn::StoreU(relu ? relu_vector(d, sum) : sum, d, y + i);
  });
}

void relu_gradient(const float* y, const float* dy, Index size, float* dx, bool add) {
  store_gradient(size, dx, add,
                 [&](auto d, Index i) { return hn::IfThenElseZero(hn::Gt(hn::LoadU(d, y + i), hn::Zero(d)), hn::LoadU(d, dy + i)); });
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(apply_relu);
HWY_EXPORT(add_relu);
HWY_EXPORT(relu_gradient);

void apply_relu(const float* x, Index size, float* y) { HWY_DYNAMIC_DISPATCH(apply_relu)(x, size, y); }
void add_relu(const float* residual, bool relu, Index size, float* y) { HWY_DYNAMIC_DISPATCH(add_relu)(residual, relu, size, y); }
void relu_gradient(const float* y, const float* dy, Index size, float* dx, bool add) {
  HWY_DYNAMIC_DISPATCH(relu_gradient)(y, dy, size, dx, add);
}

}  // namespace temper
#endif
