#include "core/kernels/exponential.h"

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/exponential.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void exponentials(const double* x, Index size, double* e) {
  const hn::CappedTag<double, 8> d;
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  Index i = 0;
  for (; i + lanes <= size; i += lanes) hn::StoreU(hn::Exp(d, hn::LoadU(d, x + i)), d, e + i);
  if (i == size) return;
  double last[8] = {};  // what is left, with zeros behind it
  std::copy(x + i, x + size, last);
  hn::StoreU(hn::Exp(d, hn::LoadU(d, last)), d, last);
  std::copy(last, last + (size - i), e + i);
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(exponentials);

void exponentials(const double* x, Index size, double* e) { HWY_DYNAMIC_DISPATCH(exponentials)(x, size, e); }

}  // namespace temper
#endif
