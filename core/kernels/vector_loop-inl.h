// Loops along an array, for kernels. Follows Highway's pattern for code that is compiled once for each target: the include guard is a
// toggle, and kernels include the header after <hwy/highway.h>.
#if defined(TEMPER_CORE_KERNELS_VECTOR_LOOP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TEMPER_CORE_KERNELS_VECTOR_LOOP_INL_H_
#undef TEMPER_CORE_KERNELS_VECTOR_LOOP_INL_H_
#else
#define TEMPER_CORE_KERNELS_VECTOR_LOOP_INL_H_
#endif

#include <hwy/highway.h>

#include "core/base/shape.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {

// Calls body(d, i) for every vector, beginning at element i, then for each remaining element.
template <class Body> void for_each_vector(Index size, Body body) {
  const hwy::HWY_NAMESPACE::CappedTag<float, 16> full;
  const auto lanes = static_cast<Index>(hwy::HWY_NAMESPACE::Lanes(full));
  Index i = 0;
  for (; i + lanes <= size; i += lanes) body(full, i);
  for (; i < size; ++i) body(hwy::HWY_NAMESPACE::CappedTag<float, 1>(), i);
}

// The sum of term(d, i) over consecutive elements, in float32, by four independent vectors of sums, so that no addition waits for the one
// before.
template <class Term> float sum(Index size, Term term) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::CappedTag<float, 16> full;
  const hn::CappedTag<float, 1> single;
  const auto lanes = static_cast<Index>(hn::Lanes(full));
  auto s0 = hn::Zero(full), s1 = s0, s2 = s0, s3 = s0;
  Index i = 0;
  for (; i + 4 * lanes <= size; i += 4 * lanes) {
    s0 = hn::Add(s0, term(full, i));
    s1 = hn::Add(s1, term(full, i + lanes));
    s2 = hn::Add(s2, term(full, i + 2 * lanes));
    s3 = hn::Add(s3, term(full, i + 3 * lanes));
  }
  for (; i + lanes <= size; i += lanes) s0 = hn::Add(s0, term(full, i));
  float total = hn::GetLane(hn::SumOfLanes(full, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3))));
  for (; i < size; ++i) total += hn::GetLane(term(single, i));
  return total;
}

// dx = gradient(d, i), or dx += that if `add`.
template <class Gradient> void store_gradient(Index size, float* dx, bool add, Gradient gradient) {
  namespace hn = hwy::HWY_NAMESPACE;
  if (add) {
    for_each_vector(size, [&](auto d, Index i) { hn::StoreU(hn::Add(hn::LoadU(d, dx + i), gradient(d, i)), d, dx + i); });
  } else {
    for_each_vector(size, [&](auto d, Index i) { hn::StoreU(gradient(d, i), d, dx + i); });
  }
}

// max(x, 0); NaN stays NaN.
template <class D, class V> V relu_vector(D d, V x) {
  namespace hn = hwy::HWY_NAMESPACE;
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Zero(d), x);
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
