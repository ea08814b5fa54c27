#include "models/calibration/metrics/confusion.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "models/calibration/metrics/metrics.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

// Labels and predictions as they are, of equal confidence.
SampleResults results_of(Index classes, std::vector<std::int32_t> labels, std::vector<std::int32_t> predicted) {
  SampleResults results{.classes = classes, .labels = std::move(labels), .predicted = std::move(predicted)};
  for (std::size_t i = 0; i < results.labels.size(); ++i) {
    results.confidences.confidence.push_back(0.5);
    results.confidences.correct.push_back(results.labels[i] == results.predicted[i] ? 1 : 0);
    results.losses.push_back(1);
  }
  return results;
}

TEST_CASE("confusion: counts, precision, recall and F1 by hand") {
  // scikit-learn: confusion_matrix([0,0,0,1,1,2], [0,0,1,1,0,1], labels=range(4)), classification_report(...)
  const Confusion found = confusion(results_of(4, {0, 0, 0, 1, 1, 2}, {0, 0, 1, 1, 0, 1}));
  CHECK(found.matrix() == std::vector<std::vector<Index>>{{2, 1, 0, 0}, {1, 1, 0, 0}, {0, 1, 0, 0}, {0, 0, 0, 0}});
  CHECK(found.samples() == 6);
  CHECK(found.wrong() == 3);
  CHECK(found.mistakes == std::vector<Mistakes>{{0, 1, 1}, {1, 0, 1}, {2, 1, 1}});
  CHECK(found.classes[0] == ClassCounts{2, 3, 3});
  CHECK(found.classes[0].precision() == doctest::Approx(2.0 / 3));
  CHECK(found.classes[1].precision() == doctest::Approx(1.0 / 3));
  CHECK(found.classes[1].recall() == doctest::Approx(0.5));
  CHECK(found.classes[1].f1() == doctest::Approx(0.4));
  // Class 2 is never predicted: it has a recall and an F1 of 0, and no precision. Of class 3 nothing is known.
  CHECK(std::isnan(found.classes[2].precision()));
  CHECK(found.classes[2].recall() == 0);
  CHECK(found.classes[2].f1() == 0);
  CHECK(std::isnan(found.classes[3].recall()));
  CHECK(std::isnan(found.classes[3].f1()));
  CHECK(found.mean(&ClassCounts::recall) == doctest::Approx((2.0 / 3 + 0.5 + 0) / 3));
  CHECK(found.mean(&ClassCounts::precision) == doctest::Approx(0.5));
  CHECK(weakest_first(found) == std::vector<Index>{2, 1, 0, 3});
  Confusion shortened = found;
  shortened.mistakes.pop_back();
  shortened.left_out = 1;
  CHECK_THROWS_AS(shortened.matrix(), Error);
}

TEST_CASE("confusion: the most frequent mistakes come first") {
  const Confusion found = confusion(results_of(3, {2, 2, 2, 0, 1, 1}, {1, 1, 0, 1, 0, 1}));
  CHECK(found.mistakes == std::vector<Mistakes>{{2, 1, 2}, {0, 1, 1}, {1, 0, 1}, {2, 0, 1}});
}

TEST_CASE("confusion: agrees with the accuracy of the metrics, ties and calibrators included") {
  Predictions data = reference::random_predictions(3, 500, 7, 1);
  for (Index i = 0; i < 100; ++i) {  // two largest logits, of which the label's is the first, or the second
    data.logits[static_cast<std::size_t>(i * 7 + 2)] = data.logits[static_cast<std::size_t>(i * 7 + 4)] = 50;
    data.labels[static_cast<std::size_t>(i)] = i % 2 == 0 ? 2 : 4;
  }
  const TemperatureCalibrator calibrator(2.5);
  const SampleResults results = sample_results(data, calibrator);
  const Metrics m = metrics(data, calibrator);
  const Confusion found = confusion(results);
  CHECK(1 - static_cast<double>(found.wrong()) / 500 == doctest::Approx(m.accuracy).epsilon(1e-12));
  CHECK(found.samples() == 500);
  CHECK(results.predicted[1] == 2);
  double loss = 0;
  for (const double one : results.losses) loss += one / 500;
  CHECK(loss == doctest::Approx(m.nll).epsilon(1e-9));
  Index listed = 0;
  for (const Mistakes& cell : found.mistakes) listed += cell.count;
  CHECK(listed == found.wrong());
}

TEST_CASE("confusion: thousands of classes cost a cell a mistake") {
  constexpr Index kClasses = 5000;
  std::vector<std::int32_t> labels, predicted;
  for (int i = 0; i < 20'000; ++i) {
    labels.push_back(i % kClasses);
    predicted.push_back(i % 4 == 0 ? (i + 1) % kClasses : i % kClasses);
  }
  const Confusion found = confusion(results_of(kClasses, labels, predicted));
  CHECK(found.wrong() == 5000);
  CHECK(found.mistakes.size() == 1250);
  CHECK(found.mistakes.front() == Mistakes{0, 1, 4});
}

TEST_CASE("sample results: the worst and the surest mistakes, in order, the earlier of equals first") {
  SampleResults results = results_of(2, {0, 0, 1, 1, 0}, {0, 1, 1, 0, 1});
  results.losses = {0.1, 2, 0.3, 7, 2};
  results.confidences.confidence = {0.99, 0.6, 0.9, 0.7, 0.7};
  CHECK(highest_losses(results, 3) == std::vector<Index>{3, 1, 4});
  CHECK(highest_losses(results, 99) == std::vector<Index>{3, 1, 4, 2, 0});
  CHECK(surest_mistakes(results, 9) == std::vector<Index>{3, 4, 1});
  CHECK(surest_mistakes(results, 1) == std::vector<Index>{3});
  CHECK(surest_mistakes(results_of(2, {0, 1}, {0, 1}), 5).empty());
}

TEST_CASE("sample results: a label that is impossible has an infinite loss and is the worst; NaN is refused as by all metrics") {
  const float inf = std::numeric_limits<float>::infinity();
  const Predictions data{2, {1, 0, 5, -inf}, {0, 1}};
  const SampleResults results = sample_results(data, *identity_calibrator());
  CHECK(std::isinf(results.losses[1]));
  CHECK(results.confidences.confidence[1] == 1);
  CHECK(highest_losses(results, 1) == std::vector<Index>{1});
  const Predictions broken{2, {1, 0, std::nanf(""), 3}, {0, 1}};
  CHECK_THROWS_WITH_AS(sample_results(broken, *identity_calibrator()), doctest::Contains("1"), Error);
}

}  // namespace
}  // namespace temper::calibration
