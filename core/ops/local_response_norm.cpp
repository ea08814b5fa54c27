#include "core/ops/local_response_norm.h"

#include <cmath>

#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

// A row of channels with zeros on both sides, so that a window needs no test for the borders.
struct PaddedRow {
  Index C, radius;
  float* values;

  PaddedRow(Workspace& scratch, Index channels, Index r) : C(channels), radius(r), values(scratch.take(C + 2 * r)) {
    std::fill_n(values, C + 2 * radius, 0.0f);
  }
  float& operator[](Index c) const { return values[radius + c]; }
  // sum[c] = the window's sum around c.
  void window_sums(float* sum) const {
    std::fill_n(sum, C, 0.0f);
    for (Index offset = 0; offset <= 2 * radius; ++offset) {
      for (Index c = 0; c < C; ++c) sum[c] += values[offset + c];
    }
  }
};

struct LocalResponseNorm {
  static constexpr auto name = "local_response_norm";
  LocalResponseNormOptions options;

  Shape shape(const Shape& x) const {
    TEMPER_CHECK(x.rank() >= 1, "local_response_norm: a scalar has no channels");
    return x;
  }
  std::array<Shape, 1> saved(const Shape& x) const { return {x}; }

  void forward(In<0> x, Out y, Saved<0> s) const {
    const Index C = x.shape.last();
    const float share = options.alpha / static_cast<float>(options.size);
    parallel_for(x.shape.rows(), row_grain(8 * C), [&](Index begin, Index end) {
      Workspace scratch;
      const PaddedRow squares(scratch, C, options.size / 2);
      for (Index row = begin; row < end; ++row) {
        const float* in = x.data + row * C;
        float *out = y.data + row * C, *sum = s.data + row * C;
        for (Index c = 0; c < C; ++c) squares[c] = in[c] * in[c];
        squares.window_sums(sum);
        for (Index c = 0; c < C; ++c) sum[c] = options.k + share * sum[c];
        power(sum, C, out);
        for (Index c = 0; c < C; ++c) out[c] *= in[c];
      }
    });
  }

  void backward(In<0> x, Saved<0> s, Grad dy, Into<0> dx) const {
    const Index C = x.shape.last();
    const float slope = 2 * options.alpha * options.beta / static_cast<float>(options.size);
    parallel_for(x.shape.rows(), row_grain(8 * C), [&](Index begin, Index end) {
      Workspace scratch;
      const PaddedRow terms(scratch, C, options.size / 2);
      float *scale = scratch.take(C), *sum = scratch.take(C);
      for (Index row = begin; row < end; ++row) {
        const float *in = x.data + row * C, *out = dy.data + row * C, *norm = s.data + row * C;
        power(norm, C, scale);
        for (Index c = 0; c < C; ++c) terms[c] = out[c] * in[c] * scale[c] / norm[c];
        terms.window_sums(sum);
        for (Index c = 0; c < C; ++c) dx.store(row * C + c, out[c] * scale[c] - slope * in[c] * sum[c]);
      }
    });
  }

 private:
  // s^-beta. The usual beta needs no logarithm: s^-0.75 = 1 / (sqrt(s) sqrt(sqrt(s))).
  void power(const float* s, Index C, float* result) const {
    if (options.beta == 0.75f) {
      for (Index c = 0; c < C; ++c) {
        const float root = std::sqrt(s[c]);
        result[c] = 1 / (root * std::sqrt(root));
      }
    } else {
      for (Index c = 0; c < C; ++c) result[c] = std::pow(s[c], -options.beta);
    }
  }
};

}  // namespace

Tensor local_response_norm(Tensor x, const LocalResponseNormOptions& options) {
  TEMPER_CHECK(options.size >= 1 && options.size % 2 == 1 && options.alpha >= 0 && options.k > 0, "local_response_norm: size ",
               options.size, ", alpha ", options.alpha, ", k ", options.k, "; use an odd size, alpha >= 0 and k > 0");
  return Tape::apply(LocalResponseNorm{options}, std::move(x));
}

}  // namespace temper
