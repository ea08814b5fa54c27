#include "core/kernels/convolution/winograd_transforms.h"

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/convolution/winograd_transforms.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr Index kLanes = hn::MaxLanes(D());

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

template <class T> void down(const WinogradRows& rows) {
  const D d;
  const float* in[T::kInputs];
  float* out[T::kOutputs];
  for (int i = 0; i < T::kInputs; ++i) in[i] = rows.in[i];
  for (int i = 0; i < T::kOutputs; ++i) out[i] = rows.out[i];
  for (Index e = 0; e < rows.size; e += kLanes) {
    V values[T::kInputs], results[T::kOutputs];
    for (int i = 0; i < T::kInputs; ++i) values[i] = hn::LoadU(d, in[i] + e);
    T::apply(values, results);
    for (int i = 0; i < T::kOutputs; ++i) hn::StoreU(results[i], d, out[i] + e);
  }
}

// Two neighbours share a pointer, their distance being an index register of the processor's addresses: there are too few registers for
// twelve pointers.
template <class T> void along(const WinogradTiles& tiles) {
  constexpr int kInPairs = (T::kInputs + 1) / 2, kOutPairs = (T::kOutputs + 1) / 2;
  const D d;
  for (Index row = 0; row < tiles.rows; ++row) {
    for (Index tile = 0; tile < tiles.tiles; ++tile) {
      const float* in[kInPairs];
      float* out[kOutPairs];
      for (int j = 0; j < kInPairs; ++j) in[j] = tiles.in + row * tiles.in_row + 2 * j * tiles.in_step + tile * tiles.in_tile;
      for (int j = 0; j < kOutPairs; ++j) out[j] = tiles.out + row * tiles.out_row + 2 * j * tiles.out_step + tile * tiles.out_tile;
      for (Index c = 0; c < tiles.channels; c += kLanes) {
        V values[T::kInputs], results[T::kOutputs];
        for (int j = 0; j < T::kInputs; ++j) values[j] = hn::LoadU(d, in[j / 2] + j % 2 * tiles.in_step + c);
        T::apply(values, results);
        for (int j = 0; j < T::kOutputs; ++j) hn::StoreU(results[j], d, out[j / 2] + j % 2 * tiles.out_step + c);
      }
    }
  }
}

template <int n> void interpolate_strip(const OutputStrip& strip) {
  const D d;
  for (Index pixel = 0; pixel < strip.pixels; ++pixel) {
    const Index from = pixel * strip.channels, to = pixel * strip.out_pixel;
    for (Index c = 0; c < strip.channels; c += kLanes) {
      V values[6], results[n];
      for (int i = 0; i < 6; ++i) values[i] = hn::LoadU(d, strip.rows.in[i] + from + c);
      Interpolate<n, false>::apply(values, results);
      if (strip.bias) {
        for (int i = 0; i < n; ++i) results[i] = hn::Add(results[i], hn::LoadU(d, strip.bias + c));
      }
      if (strip.residual[0]) {
        for (int i = 0; i < n; ++i) results[i] = hn::Add(results[i], hn::LoadU(d, strip.residual[i] + to + c));
      }
      if (strip.relu) {
        for (int i = 0; i < n; ++i) results[i] = relu_vector(d, results[i]);
      }
      for (int i = 0; i < n; ++i) hn::StoreU(results[i], d, strip.rows.out[i] + to + c);
    }
  }
}

// Calls body with an object of the type that computes the transform.
template <int n, class Body> void with_coefficients(const WinogradTransform& transform, Body body) {
  if (transform.kind == WinogradTransform::Kind::evaluate) return transform.scaled ? body(Evaluate<n, true>()) : body(Evaluate<n, false>());
  return transform.scaled ? body(Interpolate<n, true>()) : body(Interpolate<n, false>());
}
template <class Body> void with_transform(const WinogradTransform& transform, Body body) {
  if (transform.kind == WinogradTransform::Kind::input) return body(Input());
  switch (transform.n) {
    case 2:
      return with_coefficients<2>(transform, body);
    case 3:
      return with_coefficients<3>(transform, body);
    case 4:
      return with_coefficients<4>(transform, body);
    default:
      return with_coefficients<5>(transform, body);
  }
}

void transform_down(const WinogradTransform& transform, const WinogradRows& rows) {
  with_transform(transform, [&](auto type) { down<decltype(type)>(rows); });
}
void transform_along(const WinogradTransform& transform, const WinogradTiles& tiles) {
  with_transform(transform, [&](auto type) { along<decltype(type)>(tiles); });
}
void interpolate_outputs(Index n, const OutputStrip& strip) { return n == 2 ? interpolate_strip<2>(strip) : interpolate_strip<4>(strip); }

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(transform_down);
HWY_EXPORT(transform_along);
HWY_EXPORT(interpolate_outputs);

void transform_down(const WinogradTransform& transform, const WinogradRows& rows) { HWY_DYNAMIC_DISPATCH(transform_down)(transform, rows); }
void transform_along(const WinogradTransform& transform, const WinogradTiles& tiles) {
  HWY_DYNAMIC_DISPATCH(transform_along)(transform, tiles);
}
void interpolate_outputs(Index n, const OutputStrip& strip) { HWY_DYNAMIC_DISPATCH(interpolate_outputs)(n, strip); }

}  // namespace temper
#endif
