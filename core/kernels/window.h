// Sliding windows over images (N,H,W,C): the arithmetic that convolution and pooling share. Tap (r,s) of the window of output (p,q) reads
// the input at h = p stride.h - padding.h + r dilation.h, and w likewise.
#pragma once

#include "core/base/shape.h"

namespace temper {

// A height and a width. One number means both: {.stride = 2, .padding = {0, 3}}.
struct Size2 {
  constexpr Size2(Index both) : h(both), w(both) {}  // NOLINT(google-explicit-constructor): a number is a square
  constexpr Size2(Index height, Index width) : h(height), w(width) {}
  bool operator==(const Size2&) const = default;

  Index h, w;
};
inline std::ostream& operator<<(std::ostream& out, const Size2& size) { return out << '(' << size.h << ',' << size.w << ')'; }

struct Window {
  Size2 kernel;
  Size2 stride = 1;
  Size2 padding = 0;  // on each side
  Size2 dilation = 1;

  // (P,Q), the number of windows that fit: floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1. Input that the last window does
  // not reach is ignored. Throws Error, beginning with `op`, when x is no image, an option is out of range, or no window fits.
  Size2 output_size(const char* op, const Shape& x) const;

  // Where the window of output (p,q) begins; negative in the padding.
  Size2 corner(Index p, Index q) const { return {p * stride.h - padding.h, q * stride.w - padding.w}; }
};

// The taps [begin, end) of a row of `taps` neighbours from `start` on that lie on an axis of `extent`.
struct TapRange {
  Index begin, end;
};
inline TapRange taps_inside(Index start, Index taps, Index extent) {
  const Index begin = std::clamp<Index>(-start, 0, taps);
  return {begin, std::clamp<Index>(extent - start, begin, taps)};
}

// The same for pooling, whose windows are not dilated and never lie in the padding alone: the output (N,P,Q,C). Requires padding <=
// kernel/2.
Shape pooled_shape(const char* op, const Window& window, const Shape& x);

// Calls body(tap, pixel) for every tap of the pooling window of output (p,q) that lies on the image, in order: tap = r S + s, pixel = h W +
// w.
template <class Body> void for_each_tap(const Window& window, const Shape& x, Index p, Index q, Body body) {
  const Index H = x[1], W = x[2], S = window.kernel.w;
  const Size2 corner = window.corner(p, q);
  const TapRange rows = taps_inside(corner.h, window.kernel.h, H), cols = taps_inside(corner.w, S, W);
  for (Index r = rows.begin; r < rows.end; ++r) {
    for (Index s = cols.begin; s < cols.end; ++s) body(r * S + s, (corner.h + r) * W + corner.w + s);
  }
}

}  // namespace temper
