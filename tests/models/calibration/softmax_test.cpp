#include "models/calibration/softmax.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "core/base/check.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::kInf;

double log_probability(const std::vector<float>& row, std::size_t k, double temperature = 1) {
  return softmax(row, temperature).log_probability(row[k]);
}

std::vector<double> probabilities(const std::vector<float>& row, double temperature = 1) {
  std::vector<double> p(row.size());
  softmax(row, temperature, p);
  return p;
}

}  // namespace

TEST_CASE("softmax: large logits keep their logarithms (case 5)") {
  CHECK(log_probability({1e8f, 1e8f}, 0) == doctest::Approx(-0.693147180559945).epsilon(1e-14));
  const std::vector<float> row{-781.1664f, -1043.7303f, 890.2518f};
  CHECK(log_probability(row, 0) == doctest::Approx(-1671.418).epsilon(1e-6));
  CHECK(log_probability(row, 2) == 0.0);
  CHECK(log_probability({1000, 0, -1000}, 2) == -2000.0);
  const float huge = std::numeric_limits<float>::max();
  CHECK(log_probability({huge, -huge}, 1) == -2 * static_cast<double>(huge));
  CHECK(log_probability({huge, huge, huge}, 1) == doctest::Approx(-std::log(3.0)).epsilon(1e-14));
}

TEST_CASE("softmax: a very sure prediction has a tiny NLL, not 0") {
  CHECK(log_probability({100, 0}, 0) / std::exp(-100.0) == doctest::Approx(-1).epsilon(1e-12));
  CHECK(log_probability({0, 700}, 1) / std::exp(-700.0) == doctest::Approx(-1).epsilon(1e-12));
}

TEST_CASE("softmax: equal logits give 1/K to the last bit") {
  for (std::size_t classes = 1; classes <= 1000; ++classes) {
    const std::vector<float> row(classes, -3.7f);
    const std::vector<double> p = probabilities(row);
    CHECK(softmax(row, 1).confidence() == 1.0 / static_cast<double>(classes));
    CHECK(p.front() == 1.0 / static_cast<double>(classes));
    CHECK(p.back() == p.front());
  }
}

TEST_CASE("softmax: -inf is probability 0, and the first of equal maxima is predicted") {
  CHECK(probabilities({-kInf, 3}) == std::vector<double>{0, 1});
  CHECK(log_probability({-kInf, 3}, 0) == -std::numeric_limits<double>::infinity());
  CHECK(log_probability({-kInf, 3}, 1) == 0.0);
  CHECK(softmax(std::vector<float>{1, 4, 2, 4}, 1).predicted == 1);
  CHECK(softmax(std::vector<float>{-kInf, -kInf, -5}, 1).predicted == 2);
}

TEST_CASE("softmax: agrees with the naive formula at many temperatures") {
  const Predictions data = reference::random_predictions(11, 40, 7, 3);
  for (const double temperature : {0.05, 0.5, 1.0, 1.9, 100.0})
    for (Index i = 0; i < data.size(); ++i) {
      std::vector<double> p(7);
      const Softmax row = softmax(data.row(i), temperature, p);
      const std::vector<reference::Real> naive = reference::softmax(data.row(i), temperature);
      for (std::size_t k = 0; k < p.size(); ++k) {
        CHECK(p[k] / static_cast<double>(naive[k]) == doctest::Approx(1).epsilon(1e-12));
        CHECK(row.log_probability(data.row(i)[k]) == doctest::Approx(static_cast<double>(std::log(naive[k]))).epsilon(1e-11));
      }
    }
}

TEST_CASE("softmax: agrees with the naive formula for classes of several blocks, wherever the largest logit is") {
  for (const std::size_t classes : {127, 128, 129, 300}) {
    for (std::size_t largest = 0; largest < classes; largest += 7) {
      std::vector<float> row(classes);
      for (std::size_t k = 0; k < classes; ++k) row[k] = static_cast<float>(k * 37 % 101) / 25;
      row[largest] = 5;
      const std::vector<double> p = probabilities(row, 1.5);
      const std::vector<reference::Real> naive = reference::softmax(row, 1.5L);
      double worst = 0;
      for (std::size_t k = 0; k < classes; ++k) worst = std::max(worst, std::abs(p[k] / static_cast<double>(naive[k]) - 1));
      REQUIRE(worst < 1e-12);
      REQUIRE(softmax(row, 1.5).predicted == static_cast<Index>(largest));
      REQUIRE(log_probability(row, largest, 1.5) == doctest::Approx(static_cast<double>(std::log(naive[largest]))).epsilon(1e-12));
    }
  }
}

TEST_CASE("softmax: a constant added to a row changes nothing") {
  CHECK(probabilities({1, 2, 4}) == probabilities({1025, 1026, 1028}));
  CHECK(probabilities({1, 2, 4}, 3) == probabilities({-99, -98, -96}, 3));
}

TEST_CASE("softmax: the logit gap that label smoothing asks for (paper)") {
  const auto confidence = [](std::size_t classes, float gap) {
    std::vector<float> row(classes, 0.0f);
    row[3] = gap;
    return softmax(row, 1).confidence();
  };
  CHECK(confidence(10, 4.5109f) == doctest::Approx(0.910).epsilon(1e-5));
  CHECK(confidence(10, 5.2523f) == doctest::Approx(0.955).epsilon(1e-5));
  CHECK(confidence(100, 6.8035f) == doctest::Approx(0.901).epsilon(1e-5));
  CHECK(confidence(100, 7.5501f) == doctest::Approx(0.9505).epsilon(1e-5));
}

TEST_CASE("softmax: temperatures and sizes that mean nothing are refused") {
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(check_temperature(bad), Error);
  CHECK_NOTHROW(check_temperature(1e-3));
  std::vector<double> too_short(2);
  CHECK_THROWS_AS(softmax(std::vector<float>{1, 2, 3}, 1, too_short), Error);
}

}  // namespace temper::calibration
