#include "models/analysis/mutual_information.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "models/networks/model.h"

namespace temper::analysis {
namespace {

using doctest::Approx;

struct Sample {
  std::vector<double> values;         // (N,C)
  std::vector<std::int32_t> classes;  // (N)
};

// Two classes `apart`, inputs of one class `spread` around its middle, values of one input by 1 around it.
Sample clusters(std::uint64_t seed, Index C, double apart, double spread, Index N = 600) {
  Sample sample;
  const Random random(seed, {});
  for (Index x = 0; x < N; ++x) {
    sample.classes.push_back(x < N / 2 ? 0 : 1);
    const auto at = static_cast<std::uint64_t>(x * (C + 1));
    const double middle = (x < N / 2 ? 0 : apart) + spread * random.normal(at);
    for (Index l = 1; l <= C; ++l) sample.values.push_back(middle + random.normal(at + static_cast<std::uint64_t>(l)));
  }
  return sample;
}

MutualInformation measure(const Sample& sample, bool reuse) { return mutual_information(sample.values, sample.classes, {.reuse = reuse}); }

// The anchors of two far clusters without structure inside: ideally log 2, estimated about 0.636 with a fresh y and 0.796 with y reused.
// One sample of 600 is off by 0.02; the mean of many is what the header's formulas say.
TEST_CASE("mutual information: two far clusters, fresh and reused, and the nulls that account for the difference") {
  double fresh_sum = 0, reused_sum = 0;
  constexpr int kRounds = 12;
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    const MutualInformation fresh = measure(clusters(seed, 6, 100, 0), false), reused = measure(clusters(seed, 5, 100, 0), true);
    CHECK(std::fabs(fresh.nats - 0.636) < 0.07);
    CHECK(std::fabs(reused.nats - 0.796) < 0.07);
    CHECK(fresh.most == Approx(std::log(600.0)));
    CHECK(fresh.inputs == 600);
    CHECK(std::fabs(fresh.corrected() - std::log(2.0)) < 0.08);
    CHECK(std::fabs(reused.corrected() - std::log(2.0)) < 0.08);
    CHECK(std::fabs(fresh.beyond_class()) < 0.08);
    CHECK(std::fabs(reused.beyond_class()) < 0.08);
    fresh_sum += fresh.nats / kRounds;
    reused_sum += reused.nats / kRounds;
  }
  CHECK(std::fabs(fresh_sum - (std::log(2.0) + 0.5 * std::log(1.4 / 1.2) + 1 / 2.8 - 0.5)) < 0.015);
  CHECK(std::fabs(reused_sum - (std::log(2.0) - 0.5 * std::log(0.8))) < 0.015);
  CHECK(std::fabs(fresh_sum - 0.636) < 0.025);
  CHECK(std::fabs(reused_sum - 0.796) < 0.025);
}

TEST_CASE("mutual information: none in one cluster, log N where every input stands apart") {
  const MutualInformation none = measure(clusters(3, 6, 0, 0), false);
  CHECK(std::fabs(none.nats + 0.066) < 0.06);
  CHECK(std::fabs(none.corrected()) < 0.07);
  Sample apart = clusters(4, 6, 0, 0);
  for (std::size_t i = 0; i < apart.values.size(); ++i) apart.values[i] = apart.values[i] * 1e-3 + static_cast<double>(i / 6);
  CHECK(measure(apart, false).nats == Approx(std::log(600.0)).epsilon(1e-3));
  CHECK(measure(apart, false).beyond_class() > 4);
  const MutualInformation some = measure(clusters(5, 6, 100, 10), false);  // inputs differ inside the classes
  CHECK(some.nats > std::log(2.0) + 1);
  CHECK(some.beyond_class() > 1);
}

TEST_CASE("mutual information: three inputs by hand") {
  // L = 2 and a fresh one: means 1, 3, 8; y 2, 3, 6; s^2 = (1 + 0 + 4) / 3.
  const std::vector<double> values = {0, 2, 2, 2, 4, 3, 7, 9, 6}, means = {1, 3, 8}, y = {2, 3, 6};
  const MutualInformation result = mutual_information(values, std::vector<std::int32_t>{0, 1, 1}, {.samples = 2});
  double expected = 0;
  const double s2 = 5.0 / 3;
  for (std::size_t x = 0; x < 3; ++x) {
    double sum = 0;
    for (const double mean : means) sum += std::exp(-std::pow(y[x] - mean, 2) / (2 * s2)) / 3;
    expected += (-std::pow(y[x] - means[x], 2) / (2 * s2) - std::log(sum)) / 3;
  }
  CHECK(result.nats == Approx(expected).epsilon(1e-12));
  CHECK(result.variance == Approx(s2));
}

TEST_CASE("mutual information: far outliers stay finite; the same bits on any number of threads") {
  Sample far = clusters(6, 6, 1e8, 0);
  CHECK(std::isfinite(measure(far, false).nats));
  const int before = threads();
  set_threads(1);
  const MutualInformation one = measure(far, false);
  for (const int count : {2, 3, 8}) {
    set_threads(count);
    const MutualInformation many = measure(far, false);
    CHECK(many.nats == one.nats);
    CHECK(many.shuffled == one.shuffled);
    CHECK(many.shuffled_within_class == one.shuffled_within_class);
  }
  set_threads(before);
}

TEST_CASE("mutual information: what cannot be is refused") {
  const std::vector<double> values = {0, 1, 2, 3, 4, 5};
  const std::vector<std::int32_t> two{0, 1};
  const auto refused = [&](std::span<const double> v, std::span<const std::int32_t> c, const InformationOptions& o, const char* what) {
    CHECK_THROWS_WITH_AS(mutual_information(v, c, o), doctest::Contains(what), Error);
  };
  refused(values, two, {.samples = 3}, "6 values for 2 inputs; give 4 of each");
  refused(values, two, {.samples = 0}, "0 samples");
  refused(values, two, {.samples = 1, .reuse = true}, "1 samples");
  refused(values, two, {.samples = 2, .shuffles = 0}, "0 shuffles");
  refused({values.data(), 3}, {two.data(), 1}, {.samples = 2}, "1 inputs");
  refused(std::vector<double>(6, 4), two, {.samples = 2}, "changes nothing");
  refused(std::vector<double>{0, 1, 2, NAN, 4, 5}, two, {.samples = 2}, "not finite");
  refused(values, std::vector<std::int32_t>{0, -1}, {.samples = 2}, "a class below 0");
}

TEST_CASE("mutual information: logit differences are those of the augmented images, by sample") {
  const data::Splits splits = data::digits();
  const models::Model model = models::make_model("mlp-16", splits.train, 1);
  LogitDifferences options{.first = 3, .second = 7, .images = 2};
  const std::vector<double> still = logit_differences(model, splits.test, options);
  const calibration::Predictions predictions = models::predict(model, splits.test);
  REQUIRE(still.size() == 600);
  for (Index i = 0; i < 300; ++i) {
    const auto at = static_cast<std::size_t>(2 * i);
    CHECK(still[at] == Approx(double{predictions.row(i)[3]} - predictions.row(i)[7]).epsilon(1e-5));
    CHECK(still[at + 1] == still[at]);
  }
  options.augment = data::shift(1);
  Index last = 0;
  options.on_progress = [&](Index done, Index all) {
    CHECK(all == 600);
    CHECK(done > last);
    last = done;
  };
  const std::vector<double> moved = logit_differences(model, splits.test, options);
  CHECK(last == 600);
  CHECK(moved != still);
  int differ = 0;
  for (std::size_t i = 0; i < 600; i += 2) differ += moved[i] != moved[i + 1];
  CHECK(differ > 200);
  options.second = 3;
  CHECK_THROWS_WITH_AS(logit_differences(model, splits.test, options), doctest::Contains("against itself"), Error);
  options.second = 10;
  CHECK_THROWS_WITH_AS(logit_differences(model, splits.test, options), doctest::Contains("no class 10"), Error);
}

}  // namespace
}  // namespace temper::analysis
