#include "core/ops/softmax_cross_entropy.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "tests/check_op.h"
#include "tests/core/ops/logits.h"

namespace temper {
namespace {

using doctest::Approx;
using reference::Array;

Tensor logits_of(const Shape& shape, const std::vector<float>& values) { return {shape, values}; }

LossOfLogits evaluate_loss(const Shape& shape, const std::vector<float>& logits, const std::function<Tensor(Tensor)>& loss_of) {
  ParameterStore store;
  Parameter& z = store.root().declare({.name = "logits", .shape = shape, .initialize = [&](const View& value, const Random&) {
                                         std::copy(logits.begin(), logits.end(), value.data);
                                       }});
  store.commit({});
  Tape tape;
  const Tensor loss = loss_of(z);
  tape.backward(loss);
  return {loss.item(), {z.gradient.data, z.gradient.data + z.gradient.size()}};
}
LossOfLogits evaluate(const Shape& shape, const std::vector<float>& logits, const std::vector<std::int32_t>& labels,
                      const CrossEntropyOptions& options = {}) {
  return evaluate_loss(shape, logits, [&](Tensor z) { return softmax_cross_entropy(std::move(z), labels, options); });
}

void check_values(const std::vector<float>& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    CAPTURE(i);
    CHECK(std::fabs(actual[i] - expected[i]) <= 1e-6);
  }
}

// The formula of the contract, term by term.
Array reference_loss(const Array& z, const Array& targets, const std::vector<double>& sample_weights, double smoothing) {
  const Index K = z.shape.last();
  Array loss(Shape{});
  double total = 0;
  for (Index i = 0; i < z.shape.rows(); ++i) {
    double sum = 0, cross_entropy = 0;
    for (Index k = 0; k < K; ++k) sum += std::exp(z[i * K + k]);
    for (Index k = 0; k < K; ++k) {
      const double q = (1 - smoothing) * targets[i * K + k] + smoothing / static_cast<double>(K);
      cross_entropy -= q * (z[i * K + k] - std::log(sum));
    }
    loss[0] += sample_weights[static_cast<std::size_t>(i)] * cross_entropy;
    total += sample_weights[static_cast<std::size_t>(i)];
  }
  if (total > 0) loss[0] /= total;
  return loss;
}

std::vector<float> weights_of(Index K) {
  std::vector<float> weights;
  for (Index k = 0; k < K; ++k) weights.push_back(0.25f + static_cast<float>(k * 5 % 7) / 2);
  return weights;
}

TEST_CASE("softmax_cross_entropy: labels, with smoothing, class weights and ignored samples") {
  for (const Shape& shape : kLogitShapes) {
    for (const float smoothing : {0.0f, 0.1f, 1.0f}) {
      for (const int variant : {0, 1, 2, 3}) {
        CAPTURE(shape);
        CAPTURE(smoothing);
        CAPTURE(variant);
        const Index N = shape.rows(), K = shape.last();
        const std::vector<float> class_weights = variant & 1 ? weights_of(K) : std::vector<float>{};
        std::vector<std::int32_t> labels;
        std::vector<double> sample_weights;
        Array one_hot(shape);
        for (Index i = 0; i < N; ++i) {
          const Index label = i * 7 % K;
          const bool ignored = variant & 2 && i % 3 == 1;
          labels.push_back(ignored ? -100 : static_cast<std::int32_t>(label));
          sample_weights.push_back(ignored ? 0 : class_weights.empty() ? 1 : double{class_weights[static_cast<std::size_t>(label)]});
          one_hot[i * K + label] = 1;
        }
        check_op({.inputs = {shape},
                  .op =
                      [&](auto x) {
                        return softmax_cross_entropy(std::move(x[0]), labels, {.smoothing = smoothing, .class_weights = class_weights});
                      },
                  .reference = [&](auto x) { return reference_loss(x[0], one_hot, sample_weights, smoothing); }});
      }
    }
  }
}

TEST_CASE("softmax_cross_entropy: target probabilities") {
  for (const Shape& shape : kLogitShapes) {
    for (const float smoothing : {0.0f, 0.3f}) {
      for (const bool weighted : {false, true}) {
        CAPTURE(shape);
        const Index N = shape.rows(), K = shape.last();
        const std::vector<float> class_weights = weighted ? weights_of(K) : std::vector<float>{};
        std::vector<float> rounded(static_cast<std::size_t>(N * K));
        Array targets(shape);
        std::vector<double> sample_weights;
        for (Index i = 0; i < N; ++i) {
          const auto share = [&](Index k) { return static_cast<double>((k * 7 + i * 3) % 5 + (k == i % K ? 1 : 0)); };
          double sum = 0, weight = 0;
          for (Index k = 0; k < K; ++k) sum += share(k);
          for (Index k = 0; k < K; ++k) {
            const auto j = static_cast<std::size_t>(i * K + k);
            rounded[j] = static_cast<float>(share(k) / sum);
            targets.values[j] = rounded[j];
            weight += rounded[j] * (weighted ? double{class_weights[static_cast<std::size_t>(k)]} : 1);
          }
          sample_weights.push_back(weighted ? weight : 1);
        }
        const Tensor t(shape, rounded);
        check_op({.inputs = {shape},
                  .op =
                      [&](auto x) {
                        return softmax_cross_entropy(std::move(x[0]), t, {.smoothing = smoothing, .class_weights = class_weights});
                      },
                  .reference = [&](auto x) { return reference_loss(x[0], targets, sample_weights, smoothing); }});
      }
    }
  }
}

TEST_CASE("softmax_cross_entropy: the gradient is that of the loss for probabilities that are rounded, too") {
  const std::vector<float> rounded = {0.5f, 0.50008f};
  const LossOfLogits result = evaluate_loss({1, 2}, {0, 0}, [&](Tensor z) {
    return softmax_cross_entropy(std::move(z), logits_of({1, 2}, rounded));
  });
  CHECK(result.loss == Approx(1.00008 * std::log(2)).epsilon(1e-6));
  check_values(result.gradient, {4e-5, -4e-5});
}

TEST_CASE("softmax_cross_entropy: PyTorch's values") {
  const std::vector<float> z = {0.3f, -1.2f, 2, 1.5f, 0.1f, -0.7f, 0, 0.4f, 0.8f, -2, 1, 1};
  const std::vector<float> weights = {0.5f, 2, 1.25f};
  const LossOfLogits weighted = evaluate({4, 3}, z, {0, 2, 1, 1}, {.class_weights = weights});  // F.cross_entropy(z, t, weight=w)
  CHECK(weighted.loss == Approx(1.3601343446).epsilon(3e-7));
  check_values(weighted.gradient, {-0.073972272854, 0.002897177533, 0.071075095320, 0.160152707205, 0.039493171364, -0.199645878569,
                                   0.073733120246, -0.237829197139, 0.164096076893, 0.008448312236, -0.178137199596, 0.169688887360});
  const LossOfLogits smoothed = evaluate({4, 3}, z, {0, 2, 1, 1}, {.smoothing = 0.2f});  // F.cross_entropy(z, t, label_smoothing=0.2)
  CHECK(smoothed.loss == Approx(1.5657238849).epsilon(3e-7));
  check_values(smoothed.gradient, {-0.179336951121, -0.008337281259, 0.187674232379, 0.167508946619, 0.028750480402, -0.196259427021,
                                   0.036329013510, -0.137606402110, 0.101277388600, -0.010594442247, -0.094702778877, 0.105297221123});
}

TEST_CASE("softmax_cross_entropy: ignored samples count neither in the loss nor in the smoothing") {
  const std::vector<float> z = {1, 2, 3, 9, 0, 0, 3, 2, 1};
  const LossOfLogits result = evaluate({3, 3}, z, {2, -100, 0}, {.smoothing = 0.3f});
  CHECK(result.loss == Approx(0.707606).epsilon(1e-6));
  for (std::size_t i = 3; i < 6; ++i) CHECK(result.gradient[i] == 0);
  for (const std::int32_t ignored : {-1, 255, 1, std::numeric_limits<std::int32_t>::min()}) {
    CAPTURE(ignored);
    CHECK(evaluate({3, 3}, z, {2, ignored, 0}, {.smoothing = 0.3f, .ignore_index = ignored}).loss == result.loss);
  }
  const std::vector<float> poisoned = {1, 2, 3, NAN, kInfinity, -kInfinity, 3, 2, 1};
  CHECK(evaluate({3, 3}, poisoned, {2, -100, 0}, {.smoothing = 0.3f}).loss == result.loss);

  // PyTorch has 2.540451 here: it weighs the classes inside the smoothed target.
  const std::vector<float> weights = {0.2f, 0.3f};
  const LossOfLogits weighted = evaluate({2, 2}, {1, 2, 3, 0.4f}, {-100, 1}, {.smoothing = 0.1f, .class_weights = weights});
  CHECK(weighted.loss == Approx(2.541645).epsilon(1e-6));
}

TEST_CASE("softmax_cross_entropy: nothing that counts gives 0") {
  const std::vector<float> zero(3);
  for (const LossOfLogits& result : {evaluate({2, 3}, {1, 2, 3, 4, 5, 6}, {-100, -100}, {.smoothing = 0.1f}),
                                     evaluate({2, 3}, {1, NAN, 3, 4, 5, 6}, {0, 1}, {.class_weights = zero}), evaluate({0, 3}, {}, {})}) {
    CHECK(result.loss == 0);
    for (const float g : result.gradient) CHECK(g == 0);
  }
}

TEST_CASE("softmax_cross_entropy: class weights weigh samples and leave the optimum where it is") {
  // The logits whose softmax is the smoothed target (0.95, 0.05).
  const std::vector<float> weights = {0.01f, 0.99f};
  const LossOfLogits best = evaluate({1, 2}, {std::log(0.95f), std::log(0.05f)}, {0}, {.smoothing = 0.1f, .class_weights = weights});
  for (const float g : best.gradient) CHECK(std::fabs(g) < 1e-6);
}

TEST_CASE("softmax_cross_entropy: one-hot probabilities are the labels, bit for bit") {
  const std::vector<float> weights = {1, 3};
  const std::vector<float> z = {2, 0, 0, 1}, one_hot = {1, 0, 0, 1};
  for (const float smoothing : {0.0f, 0.1f}) {
    const CrossEntropyOptions options = {.smoothing = smoothing, .class_weights = weights};
    const LossOfLogits hard = evaluate({2, 2}, z, {0, 1}, options);
    const LossOfLogits soft = evaluate_loss({2, 2}, z, [&](Tensor logits) {
      return softmax_cross_entropy(std::move(logits), Tensor({2, 2}, one_hot), options);
    });
    if (smoothing == 0) CHECK(hard.loss == Approx(0.266678).epsilon(1e-6));
    CHECK(hard.loss == soft.loss);
    CHECK(hard.gradient == soft.gradient);
  }
}

TEST_CASE("softmax_cross_entropy: the smoothing is the paper's, alpha shared by all K classes") {
  std::vector<float> z(10);
  for (std::size_t j = 0; j < 10; ++j) z[j] = static_cast<float>(j) / 3;
  CHECK(evaluate({1, 10}, z, {9}).loss == Approx(1.224328).epsilon(1e-6));
  CHECK(evaluate({1, 10}, z, {9}, {.smoothing = 0.1f}).loss == Approx(1.374328).epsilon(1e-6));
  const LossOfLogits uniform = evaluate({1, 10}, z, {9}, {.smoothing = 1});
  CHECK(uniform.loss == Approx(2.724328).epsilon(1e-6));
  CHECK(uniform.gradient == evaluate({1, 10}, z, {0}, {.smoothing = 1}).gradient);
  double sum = 0;
  for (const float logit : z) sum += std::exp(double{logit});
  for (std::size_t k = 0; k < 10; ++k) CHECK(uniform.gradient[k] == Approx(std::exp(double{z[k]}) / sum - 0.1).epsilon(1e-5));

  // The loss of the prediction p = (0.91, nine times 0.01).
  std::vector<float> p(10, std::log(0.01f));
  p[0] = std::log(0.91f);
  CHECK(evaluate({1, 10}, p, {0}).loss == Approx(0.094311).epsilon(1e-5));
  CHECK(evaluate({1, 10}, p, {0}, {.smoothing = 0.1f}).loss == Approx(0.500288).epsilon(1e-6));

  // L_smoothed - (1 - alpha) L_hard = alpha / K sum_k -log p_k.
  double uniform_part = 0;
  for (const float log_p : p) uniform_part -= log_p;
  CHECK(evaluate({1, 10}, p, {3}, {.smoothing = 0.1f}).loss - 0.9 * evaluate({1, 10}, p, {3}).loss ==
        Approx(0.01 * uniform_part).epsilon(1e-5));
}

TEST_CASE("softmax_cross_entropy: the least loss is the entropy of the target, at a gap of log(1 + K (1 - alpha) / alpha)") {
  struct Anchor {
    Index K;
    float smoothing;
    double gap, least;
  };
  for (const Anchor& anchor : {Anchor{10, 0.1f, 4.5109, 0.5003}, Anchor{10, 0.05f, 5.2523, 0.2824}, Anchor{100, 0.1f, 6.8035, 0.7778},
                               Anchor{100, 0.05f, 7.5501, 0.4245}}) {
    CAPTURE(anchor.K);
    CAPTURE(anchor.smoothing);
    std::vector<float> z(static_cast<std::size_t>(anchor.K));
    const auto loss_at = [&](double gap) {
      z[1] = static_cast<float>(gap);
      return evaluate({1, anchor.K}, z, {1}, {.smoothing = anchor.smoothing});
    };
    const LossOfLogits best = loss_at(std::log(1 + static_cast<double>(anchor.K) * (1 - anchor.smoothing) / anchor.smoothing));
    CHECK(z[1] == Approx(anchor.gap).epsilon(2e-5));
    CHECK(best.loss == Approx(anchor.least).epsilon(2e-4));
    for (const float g : best.gradient) CHECK(std::fabs(g) < 1e-6);
    CHECK(loss_at(anchor.gap - 0.05).loss > best.loss);
    CHECK(loss_at(anchor.gap + 0.05).loss > best.loss);
  }
}

TEST_CASE("softmax_cross_entropy: large logits") {
  CHECK(evaluate({1, 2}, {1e8f, 1e8f}, {0}).loss == Approx(0.693147).epsilon(1e-6));
  CHECK(evaluate({1, 3}, {-781.1664f, -1043.7303f, 890.2518f}, {0}).loss == Approx(1671.4182).epsilon(1e-7));
  CHECK(evaluate({1, 3}, {-781.1664f, -1043.7303f, 890.2518f}, {2}).loss == 0);
  CHECK(evaluate({1, 3}, {1000, 0, -1000}, {2}).loss == 2000);
  const LossOfLogits smoothed = evaluate({1, 3}, {1000, 0, -1000}, {2}, {.smoothing = 0.1f});
  CHECK(smoothed.loss == Approx(1900).epsilon(1e-7));
  check_values(smoothed.gradient, {0.966667, -0.033333, -0.933333});
  CHECK(evaluate({2, 2}, {-1.5e38f, 1.5e38f, -1e38f, 1e38f}, {0, 0}).loss == Approx(2.5e38));
}

TEST_CASE("softmax_cross_entropy: a right and almost certain prediction keeps its digits") {
  for (const double gap : {5.0, 12.0, 25.0}) {
    const LossOfLogits result = evaluate({1, 2}, {static_cast<float>(gap), 0}, {0});
    CHECK(result.loss == Approx(std::log1p(std::exp(-gap))).epsilon(1e-5));
    CHECK(result.gradient[0] == Approx(-1 / (1 + std::exp(gap))).epsilon(1e-5));
    CHECK(result.gradient[1] == Approx(1 / (1 + std::exp(gap))).epsilon(1e-5));
  }
}

TEST_CASE("softmax_cross_entropy: infinity and NaN") {
  const LossOfLogits ruled_out = evaluate({1, 3}, {-kInfinity, 0, 0}, {1});
  CHECK(ruled_out.loss == Approx(0.693147).epsilon(1e-6));
  check_values(ruled_out.gradient, {0, -0.5, 0.5});
  CHECK(evaluate({1, 3}, {-kInfinity, 0, 0}, {0}).loss == kInfinity);
  CHECK(evaluate({1, 3}, {-kInfinity, 0, 0}, {1}, {.smoothing = 0.1f}).loss == kInfinity);
  for (const float bad : {NAN, kInfinity}) {
    for (const std::int32_t label : {0, 1}) {
      for (const float smoothing : {0.0f, 0.1f}) {
        CHECK(std::isnan(evaluate({1, 2}, {bad, 0}, {label}, {.smoothing = smoothing}).loss));
        CHECK(std::isnan(evaluate({1, 2}, {0, bad}, {label}, {.smoothing = smoothing}).loss));
      }
    }
  }
  CHECK(std::isnan(evaluate({1, 2}, {NAN, NAN}, {0}).loss));
  CHECK(std::isnan(evaluate({1, 1}, {NAN}, {0}).loss));
  CHECK(std::isnan(evaluate({1, 2}, {-kInfinity, -kInfinity}, {0}).loss));
}

TEST_CASE("softmax_cross_entropy: probabilities taken for logits cannot be learned") {
  std::vector<float> one_hot(10);
  one_hot[4] = 1;
  CHECK(evaluate({1, 10}, one_hot, {4}).loss == Approx(1.461150).epsilon(1e-6));
}

TEST_CASE("softmax_cross_entropy: labels, weights and targets may die before backward") {
  const std::vector<float> z = {0.3f, -1.2f, 2, 1.5f, 0.1f, -0.7f};
  const auto build = [](bool destroy, bool soft) {
    return [=](Tensor logits) {
      std::vector<std::int32_t> labels = {2, 0};
      std::vector<float> weights = {0.5f, 2, 1.25f}, probabilities = {0, 0, 1, 1, 0, 0};
      Tensor targets({2, 3}, probabilities);
      const CrossEntropyOptions options = {.smoothing = 0.1f, .class_weights = weights};
      Tensor loss =
          soft ? softmax_cross_entropy(std::move(logits), targets, options) : softmax_cross_entropy(std::move(logits), labels, options);
      if (destroy) {
        std::fill(labels.begin(), labels.end(), 1 << 30);
        std::fill(weights.begin(), weights.end(), NAN);
        std::fill_n(targets.data(), targets.size(), NAN);
      }
      return loss;
    };
  };
  const LossOfLogits expected = evaluate_loss({2, 3}, z, build(false, false));
  CHECK(std::isfinite(expected.gradient[0]));
  for (const bool soft : {false, true}) CHECK(evaluate_loss({2, 3}, z, build(true, soft)).gradient == expected.gradient);
}

TEST_CASE("softmax_cross_entropy: nothing flows into the targets") {
  ParameterStore store;
  const auto half = [](const View& value, const Random&) { std::fill_n(value.data, value.size(), 0.5f); };
  Parameter& z = store.root().declare({.name = "logits", .shape = Shape{3, 2}, .initialize = half});
  Parameter& t = store.root().declare({.name = "targets", .shape = Shape{3, 2}, .initialize = half});
  store.commit({});
  Tape tape;
  tape.backward(softmax_cross_entropy(z, Tensor(t)));
  CHECK(store.zero_unwritten_gradients() == std::vector<std::string>{"targets"});
}

TEST_CASE("softmax_cross_entropy: what cannot be is refused by name") {
  const Tensor z = logits_of({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto refuse = [&](const std::vector<std::int32_t>& labels, const CrossEntropyOptions& options, const char* message) {
    CHECK_THROWS_WITH_AS(softmax_cross_entropy(z, labels, options), doctest::Contains(message), Error);
  };
  refuse({0, 3}, {}, "label 3 of sample 1 is not in 0..2");
  refuse({-1, 0}, {}, "label -1 of sample 0 is not in 0..2");
  refuse({0, 1, 2}, {}, "3 labels for logits (2,3)");
  refuse({0, 1}, {.smoothing = 1.0000001f}, "smoothing 1.0000001 is outside [0,1]");
  for (const float smoothing : {-0.1f, 1.5f, NAN, kInfinity}) refuse({0, 1}, {.smoothing = smoothing}, "is outside [0,1]");
  for (const float bad : {-1.0f, NAN, kInfinity}) {
    const std::vector<float> weights = {1, bad, 1};
    refuse({0, 2}, {.class_weights = weights}, "of class 1 is not a finite number of at least 0");
  }
  const std::vector<float> two = {1, 1};
  refuse({0, 1}, {.class_weights = two}, "2 class weights for 3 classes");

  const auto refuse_targets = [&](const Shape& shape, const std::vector<float>& targets, const char* message) {
    CHECK_THROWS_WITH_AS(softmax_cross_entropy(z, logits_of(shape, targets)), doctest::Contains(message), Error);
  };
  refuse_targets({3, 2}, {1, 0, 1, 0, 1, 0}, "target probabilities (3,2) for logits (2,3)");
  refuse_targets({2, 3}, {1, 0, 0, 0.5f, 0.5f, 0.1f}, "row 1 sum to 1.1");
  refuse_targets({2, 3}, {1, 0, 0, 1.5f, -0.5f, 0}, "-0.5 of class 1 in row 1");
  refuse_targets({2, 3}, {NAN, 0, 1, 1, 0, 0}, "of class 0 in row 0");
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(z, Tensor()), doctest::Contains("target probabilities () for logits (2,3)"), Error);
  CHECK_THROWS_WITH_AS(softmax_cross_entropy(Tensor(Shape{2, 0}), std::vector<std::int32_t>{0, 0}), doctest::Contains("no classes"), Error);
}

}  // namespace
}  // namespace temper
