#include "models/calibration/predictions.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "core/base/check.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/metrics.h"
#include "tests/contains.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::kInf;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string refusal(const Predictions& predictions) {
  try {
    check(predictions);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("predictions: sound ones pass, also with -inf, one class, one sample") {
  CHECK(refusal({3, {1, 2, 3, 4, 5, 6}, {0, 2}}) == "accepted");
  CHECK(refusal({2, {-kInf, 3}, {0}}) == "accepted");
  CHECK(refusal({1, {7}, {0}}) == "accepted");
  CHECK(refusal({2, {std::numeric_limits<float>::max(), -std::numeric_limits<float>::max()}, {1}}) == "accepted");
}

TEST_CASE("predictions: sizes that do not fit together are refused") {
  CHECK(contains(refusal({0, {}, {}}), "0 classes"));
  CHECK(contains(refusal({-4, {1}, {0}}), "-4 classes"));
  CHECK(contains(refusal({3, {}, {}}), "no samples"));
  CHECK(contains(refusal({3, {1, 2, 3, 4}, {0}}), "4 logits for 1 labels and 3 classes"));
  CHECK(contains(refusal({3, {1, 2, 3, 4, 5, 6}, {0}}), "6 logits for 1 labels"));
  CHECK(contains(refusal({3, {1, 2, 3}, {}}), "3 logits for 0 labels"));
  CHECK(contains(refusal({3, {}, {0}}), "0 logits for 1 labels"));
  CHECK(contains(refusal({Index{1} << 62, {}, {0, 0, 0, 0}}), "0 logits for 4 labels"));  // K N would overflow to 0
}

TEST_CASE("predictions: a label out of range is refused with its sample (S2)") {
  CHECK(contains(refusal({2, {1, 2, 3, 4, 5, 6}, {0, 1, 2}}), "label 2 of sample 2 is outside 0..1"));
  CHECK(contains(refusal({2, {1, 2, 3, 4, 5, 6}, {0, -1, 1}}), "label -1 of sample 1 is outside 0..1"));
  Predictions ten = reference::random_predictions(1, 20, 10);
  ten.labels[13] = 10;
  CHECK(contains(refusal(ten), "label 10 of sample 13 is outside 0..9"));
  CHECK_THROWS_AS(metrics(ten), Error);
  CHECK_THROWS_AS(nll(ten), Error);
  CHECK_THROWS_AS(accuracy(ten), Error);
  CHECK_THROWS_AS(reliability(ten), Error);
  CHECK_THROWS_AS(Temperature::fit(ten), Error);
}

TEST_CASE("predictions: NaN, +inf and impossible rows are refused with their sample") {
  CHECK(contains(refusal({2, {1, 2, 3, kNan}, {0, 1}}), "logit 1 of sample 1 is NaN"));
  CHECK(contains(refusal({2, {1, 2, kNan, 3}, {0, 1}}), "logit 0 of sample 1 is NaN"));
  CHECK(contains(refusal({2, {kInf, 2, 3, 4}, {0, 1}}), "logit 0 of sample 0 is +inf"));
  CHECK(contains(refusal({2, {kNan, kInf}, {0}}), "NaN"));
  CHECK(contains(refusal({2, {1, 2, -kInf, -kInf}, {0, 1}}), "every logit of sample 1 is -inf"));
  CHECK(contains(refusal({2, {-kInf, kNan}, {0}}), "NaN"));
}

TEST_CASE("predictions: probabilities passed as logits are recognised (S1)") {
  CHECK(looks_like_probabilities({3, {0.2f, 0.3f, 0.5f, 1, 0, 0}, {0, 0}}));
  CHECK(looks_like_probabilities({3, {0.3333f, 0.3333f, 0.3333f}, {0}}));  // printed with four decimals
  CHECK_FALSE(looks_like_probabilities({3, {0.2f, 0.3f, 0.5f, 0.4f, 0.4f, 0.3f}, {0, 0}}));
  CHECK_FALSE(looks_like_probabilities({3, {0.2f, 0.3f, 0.5f, 1.5f, -0.5f, 0}, {0, 0}}));
  CHECK_FALSE(looks_like_probabilities({2, {-1, 2}, {0}}));
  CHECK_FALSE(looks_like_probabilities({2, {-kInf, 1}, {0}}));
  CHECK_FALSE(looks_like_probabilities({1, {1}, {0}}));  // one class: any logit means probability 1
  CHECK_FALSE(looks_like_probabilities(reference::random_predictions(2, 50, 10)));
  CHECK_THROWS_AS(looks_like_probabilities({2, {}, {}}), Error);

  Predictions softmaxed = reference::random_predictions(3, 50, 100);
  std::vector<float> probabilities;
  for (Index i = 0; i < softmaxed.size(); ++i)
    for (const reference::Real p : reference::softmax(softmaxed.row(i), 1)) probabilities.push_back(static_cast<float>(p));
  softmaxed.logits = probabilities;
  CHECK(looks_like_probabilities(softmaxed));
}

}  // namespace temper::calibration
