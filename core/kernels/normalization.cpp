// Vectors run over channels; channels that do not fill a vector go one by one. Four rows at a time, so that no sum waits for the one
// before.
#include "core/kernels/normalization.h"

#include "core/kernels/simd.h"
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

// The normalised value of what Centre gives.
template <class D> struct Line {
  hn::Vec<D> factor, beta;
  Line(D d, const Normalization& n, Index c)
      : factor(hn::Mul(hn::LoadU(d, n.gamma + c), hn::LoadU(d, n.inverse_deviation + c))),
        beta(n.beta ? hn::LoadU(d, n.beta + c) : hn::Zero(d)) {}
  hn::Vec<D> operator()(hn::Vec<D> centred) const { return hn::MulAdd(centred, factor, beta); }
};

void normalize(const Normalization& n, const float* x, const float* residual, bool relu, Index rows, Index C, float* y) {
  const auto sweep = [&](auto finish) {
    for_each_vector(C, [&](auto d, Index c) {
      const Centre centre(d, n, c);
      const Line line(d, n, c);
      for (Index i = c; i < rows * C; i += C) hn::StoreU(finish(d, line(centre(x + i)), i), d, y + i);
    });
  };
  const auto plus_residual = [&](auto d, auto value, Index i) { return hn::Add(value, hn::LoadU(d, residual + i)); };
  if (residual && relu) {
    sweep([&](auto d, auto value, Index i) { return relu_vector(d, plus_residual(d, value, i)); });
  } else if (residual) {
    sweep(plus_residual);
  } else if (relu) {
    sweep([&](auto d, auto value, Index) { return relu_vector(d, value); });
  } else {
    sweep([](auto, auto value, Index) { return value; });
  }
}

// Calls sweep(mask), where mask(d, line, i, centred x) is the gradient behind the ReLU.
template <class Sweep> void with_mask(const Normalization& n, const float* y, const float* dy, Sweep sweep) {
  const auto positive = [dy](auto d, auto output, Index i) {
    return hn::IfThenElseZero(hn::Gt(output, hn::Zero(d)), hn::LoadU(d, dy + i));
  };
  if (y) {
    sweep([=](auto d, const auto&, Index i, auto) { return positive(d, hn::LoadU(d, y + i), i); });
  } else if (n.beta) {
    sweep([=](auto d, const auto& line, Index i, auto centred) { return positive(d, line(centred), i); });
  } else {
    sweep([=](auto d, const auto&, Index i, auto) { return hn::LoadU(d, dy + i); });
  }
}

void add_gradient_sums(const Normalization& n, const float* x, const float* y, const float* dy, Index rows, Index C, double* sum,
                       double* centred_sum) {
  with_mask(n, y, dy, [&](auto mask) {
    for_each_vector(C, [&](auto d, Index c) {
      const Centre centre(d, n, c);
      const Line line(d, n, c);
      sum_rows(d, rows, sum + c, centred_sum + c, [&](Index row) {
        const auto centred = centre(x + row * C + c);
        const auto g = mask(d, line, row * C + c, centred);
        return TwoSums<decltype(d)>{g, hn::Mul(g, centred)};
      });
    });
  });
}

void normalization_gradient(const Normalization& n, const NormalizationGradient& gradient, const float* x, const float* y, const float* dy,
                            Index rows, Index C) {
  with_mask(n, y, dy, [&](auto mask) {
    for_each_vector(C, [&](auto d, Index c) {
      const Centre centre(d, n, c);
      const Line line(d, n, c);
      const auto g_mean = hn::LoadU(d, gradient.g_mean + c), slope = hn::LoadU(d, gradient.slope + c);
      for (Index i = c; i < rows * C; i += C) {
        const auto centred = centre(x + i);
        const auto g = mask(d, line, i, centred);
        if (gradient.dx) {
          const auto dx = hn::Mul(line.factor, hn::NegMulAdd(slope, centred, hn::Sub(g, g_mean)));
          hn::StoreU(gradient.add_dx ? hn::Add(hn::LoadU(d, gradient.dx + i), dx) : dx, d, gradient.dx + i);
        }
        if (gradient.dresidual) {
          hn::StoreU(gradient.add_dresidual ? hn::Add(hn::LoadU(d, gradient.dresidual + i), g) : g, d, gradient.dresidual + i);
        }
      }
    });
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
