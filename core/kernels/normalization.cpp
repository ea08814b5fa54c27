// Vectors run over channels; channels that do not fill a vector go one by one. Four rows at a time, so that no sum waits for the one
// before.
#include "core/kernels/normalization.h"

#include "core/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/normalization.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D> struct TwoSums { hn::Vec<D> first, second; };

// Adds the sums over rows of what term(row) gives, two vectors, to first and second. Rows go in blocks whose sums stay in float32.
template <class D, class Term> void sum_rows(D d, Index rows, double* first, double* second, Term term) {
  constexpr Index kBlock = 64, kChains = 4;
  HWY_ALIGN float lanes[16];
  const auto flush = [&](const TwoSums<D>* chains) {
    for (const bool is_first : {true, false}) {
      const auto part = [&](Index i) { return is_first ? chains[i].first : chains[i].second; };
      hn::Store(hn::Add(hn::Add(part(0), part(1)), hn::Add(part(2), part(3))), d, lanes);
      double* total = is_first ? first : second;
      for (std::size_t i = 0; i < hn::Lanes(d); ++i) total[i] += static_cast<double>(lanes[i]);
    }
  };
  for (Index begin = 0; begin < rows; begin += kBlock) {
    const Index end = std::min(rows, begin + kBlock);
    TwoSums<D> chains[kChains];
    for (TwoSums<D>& chain : chains) chain = {hn::Zero(d), hn::Zero(d)};
    Index row = begin;
    for (; row + kChains <= end; row += kChains) {
      for (Index i = 0; i < kChains; ++i) {
        const TwoSums<D> terms = term(row + i);
        chains[i] = {hn::Add(chains[i].first, terms.first), hn::Add(chains[i].second, terms.second)};
      }
    }
    for (; row < end; ++row) {
      const TwoSums<D> terms = term(row);
      chains[0] = {hn::Add(chains[0].first, terms.first), hn::Add(chains[0].second, terms.second)};
    }
    flush(chains);
  }
}

void add_moments(const float* x, const float* origin, Index rows, Index C, double* sum, double* squares) {
  for_each_vector(C, [&](auto d, Index c) {
    const auto middle = hn::LoadU(d, origin + c);
    sum_rows(d, rows, sum + c, squares + c, [&](Index row) {
      const auto deviation = hn::Sub(hn::LoadU(d, x + row * C + c), middle);
      return TwoSums<decltype(d)>{deviation, hn::Mul(deviation, deviation)};
    });
  });
}

// x - mean, exact where x is near the mean.
template <class D> struct Centre {
  D d;
  hn::Vec<D> mean, rest;
  Centre(D tag, const Normalization& n, Index c) : d(tag), mean(hn::LoadU(d, n.mean + c)), rest(hn::LoadU(d, n.mean_rest + c)) {}
  hn::Vec<D> operator()(const float* x) const { return hn::Sub(hn::Sub(hn::LoadU(d, x), mean), rest); }
};

void normalize(const Normalization& n, const float* x, const float* residual, bool relu, Index rows, Index C, float* y) {
  const auto sweep = [&](auto finish) {
    for_each_vector(C, [&](auto d, Index c) {
      const Centre centre(d, n, c);
      const auto factor = hn::Mul(hn::LoadU(d, n.gamma + c), hn::LoadU(d, n.inverse_deviation + c)), beta = hn::LoadU(d, n.beta + c);
      for (Index i = c; i < rows * C; i += C) hn::StoreU(finish(d, hn::MulAdd(centre(x + i), factor, beta), i), d, y + i);
    });
  };
  const auto plus_residual = [&](auto d, auto value, Index i) { return hn::Add(value, hn::LoadU(d, residual + i)); };
  const auto rectified = [](auto d, auto value) { return hn::IfThenElse(hn::Lt(value, hn::Zero(d)), hn::Zero(d), value); };  // NaN stays
  if (residual && relu) {
    sweep([&](auto d, auto value, Index i) { return rectified(d, plus_residual(d, value, i)); });
  } else if (residual) {
    sweep(plus_residual);
  } else if (relu) {
    sweep([&](auto d, auto value, Index) { return rectified(d, value); });
  } else {
    sweep([](auto, auto value, Index) { return value; });
  }
}

// The gradient behind the ReLU.
template <class D> hn::Vec<D> masked(D d, const float* y, const float* dy, Index i) {
  const auto gradient = hn::LoadU(d, dy + i);
  return y ? hn::IfThenElseZero(hn::Gt(hn::LoadU(d, y + i), hn::Zero(d)), gradient) : gradient;
}

void add_gradient_sums(const Normalization& n, const float* x, const float* y, const float* dy, Index rows, Index C, double* sum,
                       double* centred_sum) {
  for_each_vector(C, [&](auto d, Index c) {
    const Centre centre(d, n, c);
    sum_rows(d, rows, sum + c, centred_sum + c, [&](Index row) {
      const auto g = masked(d, y, dy, row * C + c);
      return TwoSums<decltype(d)>{g, hn::Mul(g, centre(x + row * C + c))};
    });
  });
}

void normalization_gradient(const Normalization& n, const NormalizationGradient& gradient, const float* x, const float* y, const float* dy,
                            Index rows, Index C) {
  for_each_vector(C, [&](auto d, Index c) {
    const Centre centre(d, n, c);
    const auto factor = hn::Mul(hn::LoadU(d, n.gamma + c), hn::LoadU(d, n.inverse_deviation + c));
    const auto g_mean = hn::LoadU(d, gradient.g_mean + c), slope = hn::LoadU(d, gradient.slope + c);
    for (Index i = c; i < rows * C; i += C) {
      const auto g = masked(d, y, dy, i);
      if (gradient.dx) {
        const auto dx = hn::Mul(factor, hn::NegMulAdd(slope, centre(x + i), hn::Sub(g, g_mean)));
        hn::StoreU(gradient.add_dx ? hn::Add(hn::LoadU(d, gradient.dx + i), dx) : dx, d, gradient.dx + i);
      }
      if (gradient.dresidual) {
        hn::StoreU(gradient.add_dresidual ? hn::Add(hn::LoadU(d, gradient.dresidual + i), g) : g, d, gradient.dresidual + i);
      }
    }
  });
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(add_moments);
HWY_EXPORT(normalize);
HWY_EXPORT(add_gradient_sums);
HWY_EXPORT(normalization_gradient);

void add_moments(const float* x, const float* origin, Index rows, Index C, double* sum, double* squares) {
  HWY_DYNAMIC_DISPATCH(add_moments)(x, origin, rows, C, sum, squares);
}
void normalize(const Normalization& n, const float* x, const float* residual, bool relu, Index rows, Index C, float* y) {
  HWY_DYNAMIC_DISPATCH(normalize)(n, x, residual, relu, rows, C, y);
}
void add_gradient_sums(const Normalization& n, const float* x, const float* y, const float* dy, Index rows, Index C, double* sum,
                       double* centred_sum) {
  HWY_DYNAMIC_DISPATCH(add_gradient_sums)(n, x, y, dy, rows, C, sum, centred_sum);
}
void normalization_gradient(const Normalization& n, const NormalizationGradient& gradient, const float* x, const float* y, const float* dy,
                            Index rows, Index C) {
  HWY_DYNAMIC_DISPATCH(normalization_gradient)(n, gradient, x, y, dy, rows, C);
}

}  // namespace temper
#endif
