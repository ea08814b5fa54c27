#include "core/kernels/local_response_norm.h"

#include <algorithm>
#include <cmath>

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/local_response_norm.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// s^-beta. The usual beta needs no logarithm: s^-0.75 = 1 / (sqrt(s) sqrt(sqrt(s))).
void powers(const LocalResponseNormParameters& n, const float* s, float* result) {
  if (n.beta != 0.75f) {
    for (Index c = 0; c < n.C; ++c) result[c] = std::pow(s[c], -n.beta);
    return;
  }
  for_each_vector(n.C, [&](auto d, Index c) {
    const auto root = hn::Sqrt(hn::LoadU(d, s + c));
    hn::StoreU(hn::Div(hn::Set(d, 1), hn::Mul(root, hn::Sqrt(root))), d, result + c);
  });
}

// The sum of the window around channel c, of a row that has `radius` zeros on both sides.
template <class D> auto window_sum(D d, const LocalResponseNormParameters& n, const float* padded, Index c) {
  auto sum = hn::LoadU(d, padded + c);
  for (Index offset = 1; offset <= 2 * n.radius; ++offset) sum = hn::Add(sum, hn::LoadU(d, padded + c + offset));
  return sum;
}

// Scratch memory as the passes divide it.
struct Rows {
  float *padded, *middle;  // C + 2 radius, and where its channels begin
  float *powers, *s;       // C each

  Rows(const LocalResponseNormParameters& n, float* scratch)
      : padded(scratch), middle(scratch + n.radius), powers(scratch + n.C + 2 * n.radius), s(powers + n.C) {
    std::fill_n(padded, n.C + 2 * n.radius, 0.0f);
  }
};

void apply_local_response_norm(const LocalResponseNormParameters& n, const float* x, Index rows, float* scratch, float* s, float* y) {
  const Rows own(n, scratch);
  for (Index row = 0; row < rows; ++row, x += n.C, y += n.C) {
    float* const norm = s ? s + row * n.C : own.s;
    for_each_vector(n.C, [&](auto d, Index c) {
      const auto value = hn::LoadU(d, x + c);
      hn::StoreU(hn::Mul(value, value), d, own.middle + c);
    });
    for_each_vector(n.C, [&](auto d, Index c) {
      hn::StoreU(hn::Add(hn::Set(d, n.k), hn::Mul(hn::Set(d, n.share), window_sum(d, n, own.padded, c))), d, norm + c);
    });
    powers(n, norm, own.powers);
    for_each_vector(n.C, [&](auto d, Index c) { hn::StoreU(hn::Mul(hn::LoadU(d, own.powers + c), hn::LoadU(d, x + c)), d, y + c); });
  }
}

void local_response_norm_gradient(const LocalResponseNormParameters& n, const float* x, const float* s, const float* dy, Index rows,
                                  float* scratch, float* dx, bool add) {
  const Rows own(n, scratch);
  const float slope = 2 * n.share * n.beta;
  for (Index row = 0; row < rows; ++row, x += n.C, s += n.C, dy += n.C, dx += n.C) {
    powers(n, s, own.powers);
    for_each_vector(n.C, [&](auto d, Index c) {
      const auto scaled = hn::Mul(hn::LoadU(d, dy + c), hn::LoadU(d, own.powers + c));
      hn::StoreU(hn::Div(hn::Mul(scaled, hn::LoadU(d, x + c)), hn::LoadU(d, s + c)), d, own.middle + c);
      hn::StoreU(scaled, d, own.powers + c);
    });
    store_gradient(n.C, dx, add, [&](auto d, Index c) {
      const auto around = hn::Mul(hn::Mul(hn::Set(d, slope), hn::LoadU(d, x + c)), window_sum(d, n, own.padded, c));
      return hn::Sub(hn::LoadU(d, own.powers + c), around);
    });
  }
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(apply_local_response_norm);
HWY_EXPORT(local_response_norm_gradient);

void apply_local_response_norm(const LocalResponseNormParameters& n, const float* x, Index rows, float* scratch, float* s, float* y) {
  HWY_DYNAMIC_DISPATCH(apply_local_response_norm)(n, x, rows, scratch, s, y);
}
void local_response_norm_gradient(const LocalResponseNormParameters& n, const float* x, const float* s, const float* dy, Index rows,
                                  float* scratch, float* dx, bool add) {
  HWY_DYNAMIC_DISPATCH(local_response_norm_gradient)(n, x, s, dy, rows, scratch, dx, add);
}

}  // namespace temper
#endif
