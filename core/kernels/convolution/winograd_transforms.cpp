#include "core/kernels/convolution/winograd_transforms.h"

#include "core/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/convolution/winograd_transforms.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;

HWY_INLINE V constant(float value) { return hn::Set(D(), value); }
// factor x + y
HWY_INLINE V times_plus(float factor, V x, V y) { return hn::MulAdd(constant(factor), x, y); }

struct Input {
  static constexpr int kInputs = 6, kOutputs = 6;
  static HWY_INLINE void apply(const V (&d)[6], V (&o)[6]) {
    const V even1 = times_plus(-4, d[2], d[4]), odd1 = times_plus(-4, d[1], d[3]);
    const V even2 = hn::Sub(d[4], d[2]), half_odd2 = hn::Sub(d[3], d[1]);
    o[0] = times_plus(4, d[0], times_plus(-5, d[2], d[4]));
    o[1] = hn::Add(even1, odd1);
    o[2] = hn::Sub(even1, odd1);
    o[3] = times_plus(2, half_odd2, even2);
    o[4] = times_plus(-2, half_odd2, even2);
    o[5] = times_plus(4, d[1], times_plus(-5, d[3], d[5]));
  }
};

template <int n, bool kScaled> struct Evaluate {
  static constexpr int kInputs = n, kOutputs = 6;
  static HWY_INLINE void apply(const V (&y)[n], V (&o)[6]) {
    V even1 = y[0], odd1 = y[1], even2 = y[0], odd2 = hn::Add(y[1], y[1]);
    if constexpr (n > 2) {
      even1 = hn::Add(even1, y[2]);
      even2 = times_plus(4, y[2], even2);
    }
    if constexpr (n > 3) {
      odd1 = hn::Add(odd1, y[3]);
      odd2 = times_plus(8, y[3], odd2);
    }
    if constexpr (n > 4) {
      even1 = hn::Add(even1, y[4]);
      even2 = times_plus(16, y[4], even2);
    }
    o[0] = scale(y[0], 1.0f / 4);
    o[1] = scale(hn::Add(even1, odd1), -1.0f / 6);
    o[2] = scale(hn::Sub(even1, odd1), -1.0f / 6);
    o[3] = scale(hn::Add(even2, odd2), 1.0f / 24);
    o[4] = scale(hn::Sub(even2, odd2), 1.0f / 24);
    o[5] = y[n - 1];
  }
  static HWY_INLINE V scale(V x, float factor) { return kScaled ? hn::Mul(x, constant(factor)) : x; }
};

template <int n, bool kScaled> struct Interpolate {
  static constexpr int kInputs = 6, kOutputs = n;
  static HWY_INLINE void apply(const V (&m)[6], V (&o)[n]) {
    const V even1 = scale(hn::Add(m[1], m[2]), -1.0f / 6), odd1 = scale(hn::Sub(m[1], m[2]), -1.0f / 6);
    const V even2 = scale(hn::Add(m[3], m[4]), 1.0f / 24), odd2 = scale(hn::Sub(m[3], m[4]), 1.0f / 24);
    o[0] = hn::Add(hn::Add(scale(m[0], 1.0f / 4), even1), even2);
    o[1] = times_plus(2, odd2, odd1);
    if constexpr (n > 2) o[2] = times_plus(4, even2, even1);
    if constexpr (n > 3) o[3] = times_plus(8, odd2, odd1);
    if constexpr (n > 4) o[4] = times_plus(16, even2, even1);
    o[n - 1] = hn::Add(o[n - 1], m[5]);
  }
  static HWY_INLINE V scale(V x, float factor) { return kScaled ? hn::Mul(x, constant(factor)) : x; }
};

template <class T> void transform_tiles(const Tiles& tiles) {
  const D d;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  const float* in[T::kInputs];
  float* out[T::kOutputs];
  for (int j = 0; j < T::kInputs; ++j) in[j] = tiles.in[j];
  for (int j = 0; j < T::kOutputs; ++j) out[j] = tiles.out[j];
  for (Index tile = 0; tile < tiles.count; ++tile) {
    for (Index c = 0; c < tiles.channels; c += lanes) {
      V values[T::kInputs], results[T::kOutputs];
      for (int j = 0; j < T::kInputs; ++j) values[j] = hn::LoadU(d, in[j] + tile * tiles.in_tile + c);
      T::apply(values, results);
      for (int j = 0; j < T::kOutputs; ++j) hn::StoreU(results[j], d, out[j] + tile * tiles.out_tile + c);
    }
  }
}

template <int n> void interpolate_rows(const Tiles& tiles, const float* bias, bool add) {
  const D d;
  const Index lanes = static_cast<Index>(hn::Lanes(d));
  for (Index tile = 0; tile < tiles.count; ++tile) {
    for (Index c = 0; c < tiles.channels; c += lanes) {
      V values[6], results[n];
      for (int j = 0; j < 6; ++j) values[j] = hn::LoadU(d, tiles.in[j] + tile * tiles.in_tile + c);
      Interpolate<n, false>::apply(values, results);
      const V offset = bias ? hn::LoadU(d, bias + c) : hn::Zero(d);
      for (int j = 0; j < n; ++j) {
        float* place = tiles.out[j] + tile * tiles.out_tile + c;
        const V result = hn::Add(results[j], offset);
        hn::StoreU(add ? hn::Add(hn::LoadU(d, place), result) : result, d, place);
      }
    }
  }
}

template <int n> void transform_coefficients(const Transform& kind, const Tiles& tiles) {
  if (kind.kind == Transform::Kind::evaluate)
    return kind.scaled ? transform_tiles<Evaluate<n, true>>(tiles) : transform_tiles<Evaluate<n, false>>(tiles);
  return kind.scaled ? transform_tiles<Interpolate<n, true>>(tiles) : transform_tiles<Interpolate<n, false>>(tiles);
}

void transform(const Transform& kind, const Tiles& tiles) {
  if (kind.kind == Transform::Kind::input) return transform_tiles<Input>(tiles);
  switch (kind.n) {
    case 2:
      return transform_coefficients<2>(kind, tiles);
    case 3:
      return transform_coefficients<3>(kind, tiles);
    case 4:
      return transform_coefficients<4>(kind, tiles);
    default:
      return transform_coefficients<5>(kind, tiles);
  }
}

void interpolate_output(Index n, const Tiles& tiles, const float* bias, bool add) {
  if (n == 2) return interpolate_rows<2>(tiles, bias, add);
  return interpolate_rows<4>(tiles, bias, add);
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(transform);
HWY_EXPORT(interpolate_output);

void transform(const Transform& kind, const Tiles& tiles) { HWY_DYNAMIC_DISPATCH(transform)(kind, tiles); }
void interpolate_output(Index n, const Tiles& tiles, const float* bias, bool add) {
  HWY_DYNAMIC_DISPATCH(interpolate_output)(n, tiles, bias, add);
}

}  // namespace temper
#endif
