#include "core/ops/softmax_cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/softmax.h"

namespace temper {
namespace {

constexpr auto kName = "softmax_cross_entropy";

// The targets t_ik and sample weights w_i that labels stand for.
struct Labels {
  std::span<const std::int32_t> labels;
  std::span<const float> class_weights;
  std::int32_t ignore_index;

  std::int32_t label(Index i) const { return labels[static_cast<std::size_t>(i)]; }
  double target(Index i, Index k) const { return label(i) == k ? 1 : 0; }
  double weight(Index i) const {
    if (label(i) == ignore_index) return 0;
    return class_weights.empty() ? 1 : class_weights[static_cast<std::size_t>(label(i))];
  }
};

// The same from probabilities.
struct Probabilities {
  ConstView t;
  std::span<const float> class_weights;

  const float* row(Index i) const { return t.data + i * t.shape.last(); }
  double target(Index i, Index k) const { return row(i)[k]; }
  double weight(Index i) const {
    return class_weights.empty() ? 1 : std::inner_product(class_weights.begin(), class_weights.end(), row(i), 0.0);
  }
};

// The targets are the caller's memory and read by forward alone: it leaves the whole gradient of the logits behind.
template <class Targets> struct SoftmaxCrossEntropy {
  static constexpr auto name = kName;
  Targets targets;
  double smoothing;
  double total_weight;

  Shape shape(const Shape&) const { return {}; }
  std::array<Shape, 1> saved(const Shape& z) const { return {z}; }

  void forward(In<0> z, Out loss, Saved<0> gradient) const {
    const Index K = z.shape.last();
    const auto rows = [&](Index begin, Index end) {
      double sum = 0;
      for (Index i = begin; i < end; ++i) sum += row(i, K, z.data + i * K, gradient.data + i * K);
      return sum;
    };
    loss[0] = static_cast<float>(parallel_reduce(z.shape.rows(), row_grain(K), 0.0, rows, std::plus<>()));
  }

  void backward(Saved<0> gradient, Grad dloss, Into<0> dz) const {
    parallel_for(dz.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dz.store(i, dloss[0] * gradient[i]);
    });
  }

 private:
  // Returns what row i adds to the loss and writes the gradient of that. The exponentials are float32, the sums double: the term of the
  // largest logit is exactly 1, so p - q keeps its leading digits when a right prediction is almost certain.
  double row(Index i, Index K, const float* z, float* gradient) const {
    const double share = total_weight > 0 ? targets.weight(i) / total_weight : 0;
    if (share == 0) {
      std::fill_n(gradient, K, 0.0f);
      return 0;
    }
    const float max = maximum(z, K);
    const ExponentialSums sums = exponentials(z, K, 1, max, gradient);
    if (std::isnan(sums.shifted)) {
      std::fill_n(gradient, K, std::numeric_limits<float>::quiet_NaN());
      return std::numeric_limits<double>::quiet_NaN();
    }
    return share * against(targets, i, Softmax{K, z, max, sums, gradient}, share);
  }

  struct Softmax {
    Index K;
    const float* z;
    float max;
    ExponentialSums sums;
    float* exponentials;  // becomes the gradient

    double log_sum() const { return std::log(sums.sum); }
    double gradient(Index k, double share, double mass, double q) const { return share * (mass * exponentials[k] / sums.sum - q); }
    float scale(double share, double mass) const { return static_cast<float>(share * mass / sums.sum); }
  };

  // The loss of one row, whose gradient is share (mass p - q); mass is the sum of q. The gradient is made in double where the target has
  // probability, so that p - q keeps its digits, in float32 elsewhere. With a label all q but one are the same, and the loss needs no more
  // than the sums: a vocabulary is long.
  double against(const Labels& labels, Index i, const Softmax& p, double share) const {
    const Index label = labels.label(i);
    const double spread = smoothing / static_cast<double>(p.K), q = 1 - smoothing + spread;
    const double of_label = p.gradient(label, share, 1, q);
    const float scale = p.scale(share, 1), subtracted = static_cast<float>(share * spread);
    for (Index k = 0; k < p.K; ++k) p.exponentials[k] = scale * p.exponentials[k] - subtracted;
    p.exponentials[label] = static_cast<float>(of_label);
    double loss = p.log_sum();
    if (smoothing < 1) loss -= (1 - smoothing) * (double{p.z[label]} - p.max);
    if (smoothing > 0) loss -= spread * p.sums.shifted;
    return loss;
  }

  double against(const Probabilities& probabilities, Index i, const Softmax& p, double share) const {
    const double spread = smoothing / static_cast<double>(p.K), log_sum = p.log_sum();
    const auto q = [&](Index k) { return (1 - smoothing) * probabilities.target(i, k) + spread; };
    double loss = 0, targets = 0;
    for (Index k = 0; k < p.K; ++k) {
      targets += probabilities.target(i, k);
      if (q(k) > 0) loss += q(k) * (log_sum - (double{p.z[k]} - p.max));
    }
    const double mass = (1 - smoothing) * targets + smoothing;  // 1 up to the rounding of the caller's probabilities
    const float scale = p.scale(share, mass), subtracted = static_cast<float>(share * spread);
    for (Index k = 0; k < p.K; ++k) {
      p.exponentials[k] =
          probabilities.target(i, k) > 0 ? static_cast<float>(p.gradient(k, share, mass, q(k))) : scale * p.exponentials[k] - subtracted;
    }
    return loss;
  }
};

void check(const Shape& z, const CrossEntropyOptions& options) {
  TEMPER_CHECK(z.rank() >= 1 && z.last() >= 1, kName, ": logits ", z, " have no classes; give them as (N,K)");
  TEMPER_CHECK(options.smoothing >= 0 && options.smoothing <= 1, kName, ": smoothing ", options.smoothing,
               " is outside [0,1]; 0 is none, 0.1 is usual");
  const std::span weights = options.class_weights;
  TEMPER_CHECK(weights.empty() || static_cast<Index>(weights.size()) == z.last(), kName, ": ", weights.size(), " class weights for ",
               z.last(), " classes; give one for each");
  for (std::size_t k = 0; k < weights.size(); ++k) {
    TEMPER_CHECK(weights[k] >= 0 && std::isfinite(weights[k]), kName, ": the weight ", weights[k], " of class ", k,
                 " is not a finite number of at least 0; correct it");
  }
}

void check(const Shape& z, const Labels& targets) {
  TEMPER_CHECK(static_cast<Index>(targets.labels.size()) == z.rows(), kName, ": ", targets.labels.size(), " labels for logits ", z,
               "; give one for each of the ", z.rows(), " rows");
  for (Index i = 0; i < z.rows(); ++i) {
    const std::int32_t label = targets.label(i);
    TEMPER_CHECK(label == targets.ignore_index || (label >= 0 && label < z.last()), kName, ": label ", label, " of sample ", i,
                 " is not in 0..", z.last() - 1, "; correct it, or set ignore_index to leave such samples out");
  }
}

void check(const Shape& z, const Probabilities& targets) {
  TEMPER_CHECK(targets.t && targets.t.shape == z, kName, ": target probabilities ", targets.t.shape, " for logits ", z,
               "; give both the same shape");
  for (Index i = 0; i < z.rows(); ++i) {
    double sum = 0;
    for (Index k = 0; k < z.last(); ++k) {
      TEMPER_CHECK(targets.target(i, k) >= 0, kName, ": the target probability ", targets.target(i, k), " of class ", k, " in row ", i,
                   " is not a number of at least 0; give probabilities, not logits");
      sum += targets.target(i, k);
    }
    TEMPER_CHECK(std::fabs(sum - 1) <= 1e-4, kName, ": the target probabilities of row ", i, " sum to ", sum, ", not to 1; normalise them");
  }
}

template <class Targets> Tensor run(Tensor logits, const Targets& targets, const CrossEntropyOptions& options) {
  check(logits.shape(), options);
  check(logits.shape(), targets);
  double total_weight = 0;
  for (Index i = 0; i < logits.shape().rows(); ++i) total_weight += targets.weight(i);
  return Tape::apply(SoftmaxCrossEntropy<Targets>{targets, options.smoothing, total_weight}, std::move(logits));
}

}  // namespace

Tensor softmax_cross_entropy(Tensor logits, std::span<const std::int32_t> labels, const CrossEntropyOptions& options) {
  return run(std::move(logits), Labels{labels, options.class_weights, options.ignore_index}, options);
}

Tensor softmax_cross_entropy(Tensor logits, const Tensor& target_probabilities, const CrossEntropyOptions& options) {
  const ConstView t{target_probabilities.data(), target_probabilities.shape()};
  return run(std::move(logits), Probabilities{t, options.class_weights}, options);
}

}  // namespace temper
