#include "models/calibration/metrics/reliability.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include "core/base/check.h"
#include "tests/contains.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using Doubles = std::vector<double>;
using Floats = std::vector<float>;
using Outcomes = std::vector<std::uint8_t>;

template <class Bins> Index total(const Bins& bins) {
  return std::accumulate(bins.begin(), bins.end(), Index{0}, [](Index sum, const Bin& bin) { return sum + bin.count; });
}

// The definition, by search: the first bin whose upper edge is not below the confidence.
template <class Real> Index bin_by_search(Real confidence, Index bins) {
  Index i = 0;
  while (confidence > static_cast<Real>(i + 1) / static_cast<Real>(bins)) ++i;
  return i;
}

template <class Real> void check_every_edge() {
  for (Index n = 1; n <= 200; ++n) {
    REQUIRE(bin_index(Real{0}, n) == 0);
    REQUIRE(bin_index(std::numeric_limits<Real>::denorm_min(), n) == 0);
    for (Index i = 1; i <= n; ++i) {
      const Real edge = static_cast<Real>(i) / static_cast<Real>(n);
      REQUIRE(bin_index(edge, n) == i - 1);
      REQUIRE(bin_index(std::nextafter(edge, Real{0}), n) == i - 1);
      if (i < n) REQUIRE(bin_index(std::nextafter(edge, Real{1}), n) == i);
    }
  }
}

template <class F> std::string thrown_error(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("reliability: confidence 1 and 0 lie in the last and first bin (case 10 a, b)") {
  const std::vector<Bin> ten = reliability(Doubles{0.95, 1.0}, Outcomes{1, 0}, 10);
  CHECK(ten.size() == 10);
  CHECK(ten[9].count == 2);
  CHECK(compute_ece(ten) == doctest::Approx(0.475));
  const std::vector<Bin> zero = reliability(Doubles{0.0}, Outcomes{1}, 15);
  CHECK(zero[0].count == 1);
  CHECK(compute_ece(zero) == 1.0);
}

TEST_CASE("reliability: bins are closed on the right (case 10 c)") {
  const std::vector<Bin> bins = reliability(Doubles{0.5, 0.55}, Outcomes{0, 1}, 10);
  CHECK(bins[4].count == 1);
  CHECK(bins[5].count == 1);
  CHECK(compute_ece(bins) == doctest::Approx(0.475));
  CHECK(compute_ece(reliability(Floats{0.5f, 0.55f}, Outcomes{0, 1}, 10)) == doctest::Approx(0.475));
}

TEST_CASE("reliability: a saturated softmax is counted in the last bin (case 10 d)") {
  CHECK(reliability(Predictions{2, {40, 0}, {0}})[14].count == 1);
  CHECK(reliability(Floats{1.0f}, Outcomes{1})[14].count == 1);
}

TEST_CASE("reliability: rounding above 1 is taken as 1, all else outside [0,1] refused with its sample (case 10 e)") {
  CHECK(reliability(Floats{1.0000001f}, Outcomes{1})[14].count == 1);
  const std::vector<Bin> clamped = reliability(Doubles{1.0000001, 1 + 9.9e-7}, Outcomes{1, 1});
  CHECK(clamped[14].count == 2);
  CHECK(clamped[14].confidence == 1.0);
  CHECK(contains(thrown_error([] { reliability(Doubles{0.5, 1.00001}, Outcomes{1, 1}); }), "sample 1"));
  CHECK(contains(thrown_error([] { reliability(Floats{0.5f, 1.1f}, Outcomes{1, 1}); }), "sample 1"));
  CHECK(contains(thrown_error([] { reliability(Doubles{-1e-9}, Outcomes{1}); }), "sample 0"));
  CHECK(contains(thrown_error([] { reliability(Doubles{0.1, 0.2, std::nan("")}, Outcomes{1, 1, 1}); }), "sample 2 has NaN"));
  CHECK(contains(thrown_error([] { reliability(Floats{std::nanf("")}, Outcomes{1}); }), "sample 0 has NaN"));
  CHECK(contains(thrown_error([] { equal_mass_reliability(Doubles{0.1, std::nan("")}, Outcomes{1, 1}); }), "sample 1 has NaN"));
  CHECK(contains(thrown_error([] { equal_mass_reliability(Doubles{97.5}, Outcomes{1}); }), "percentages"));
  CHECK_THROWS_AS(bin_index(std::nan("")), Error);
  CHECK_THROWS_AS(bin_index(1.5), Error);
  CHECK_THROWS_AS(bin_index(-0.1f), Error);
}

TEST_CASE("reliability: no samples, different lengths, strange outcomes and numbers of bins are refused") {
  CHECK(contains(thrown_error([] { reliability(Doubles{}, Outcomes{}); }), "no samples"));
  CHECK(contains(thrown_error([] { equal_mass_reliability(Doubles{}, Outcomes{}); }), "no samples"));
  CHECK(contains(thrown_error([] { reliability(Doubles{0.5, 0.6}, Outcomes{1}); }), "2 confidences but 1 outcomes"));
  CHECK(contains(thrown_error([] { reliability(Doubles{0.5, 0.6}, Outcomes{1, 2}); }), "outcome of sample 1 is 2"));
  CHECK_THROWS_AS(reliability(Doubles{0.5}, Outcomes{1}, 0), Error);
  CHECK_THROWS_AS(reliability(Doubles{0.5}, Outcomes{1}, -3), Error);
  CHECK_THROWS_AS(equal_mass_reliability(Doubles{0.5}, Outcomes{1}, 0), Error);
  CHECK_THROWS_AS(reliability(Predictions{2, {1, 2}, {0}}, -1.0), Error);
  CHECK_THROWS_AS(compute_ece(std::vector<Bin>{}), Error);
  CHECK_THROWS_AS(compute_mce(std::vector<Bin>(15)), Error);
}

TEST_CASE("reliability: every inner edge is exact, for doubles and for floats") {
  check_every_edge<double>();
  check_every_edge<float>();
  // Read as decimals, k/10 lies on its edge in either precision, although most are not k/10 in binary.
  CHECK(bin_index(0.1, 10) == 0);
  CHECK(bin_index(0.3, 10) == 2);
  CHECK(bin_index(0.7, 10) == 6);
  CHECK(bin_index(0.1f, 10) == 0);
  CHECK(bin_index(0.3f, 10) == 2);
  CHECK(bin_index(0.7f, 10) == 6);
}

TEST_CASE("reliability: equal logits lie on the edge 1/K of every number of bins that K divides") {
  for (Index classes = 1; classes <= 30; ++classes)
    for (Index bins = classes; bins <= 120; bins += classes) {
      const Predictions flat{classes, std::vector<float>(static_cast<std::size_t>(classes), 0.25f), {0}};
      CHECK(reliability(flat, 1, bins)[static_cast<std::size_t>(bins / classes - 1)].count == 1);
    }
}

TEST_CASE("reliability: bins by search agree, and counts add up") {
  const Random random(5, {});
  for (const Index bins : {1, 2, 7, 15, 100, 1000}) {
    Doubles confidence;
    Floats single;
    Outcomes correct;
    std::vector<Index> expected(static_cast<std::size_t>(bins)), expected_single(static_cast<std::size_t>(bins));
    for (std::uint64_t i = 0; i < 2000; ++i) {
      const double p = random.uniform(i);
      const auto f = std::min(1.0f, static_cast<float>(p));
      confidence.push_back(p);
      single.push_back(f);
      correct.push_back(i % 3 == 0);
      ++expected[static_cast<std::size_t>(bin_by_search(p, bins))];
      ++expected_single[static_cast<std::size_t>(bin_by_search(f, bins))];
    }
    const std::vector<Bin> found = reliability(confidence, correct, bins), found_single = reliability(single, correct, bins);
    CHECK(total(found) == 2000);
    CHECK(total(found_single) == 2000);
    CHECK(total(equal_mass_reliability(confidence, correct, bins)) == 2000);
    for (std::size_t b = 0; b < found.size(); ++b) {
      CHECK(found[b].count == expected[b]);
      CHECK(found_single[b].count == expected_single[b]);
    }
  }
}

TEST_CASE("reliability: means, edges and empty bins by hand") {
  const std::vector<Bin> bins = reliability(Doubles{0.1, 0.2, 0.9, 0.8, 1.0}, Outcomes{0, 1, 1, 1, 0}, 4);
  REQUIRE(bins.size() == 4);
  CHECK(bins[0].count == 2);
  CHECK(bins[0].lower == 0.0);
  CHECK(bins[0].upper == 0.25);
  CHECK(bins[0].confidence == doctest::Approx(0.15));
  CHECK(bins[0].accuracy == doctest::Approx(0.5));
  CHECK(bins[1].count == 0);
  CHECK(bins[1].confidence == 0.0);
  CHECK(bins[2].accuracy == 0.0);
  CHECK(bins[3].count == 3);
  CHECK(bins[3].confidence == doctest::Approx(0.9));
  CHECK(bins[3].accuracy == doctest::Approx(2.0 / 3));
  CHECK(compute_ece(bins) == doctest::Approx(0.4 * 0.35 + 0.6 * (0.9 - 2.0 / 3)));
  CHECK(compute_mce(bins) == doctest::Approx(0.35));
}

TEST_CASE("reliability: equal-mass bins by hand") {
  const std::vector<Bin> two = equal_mass_reliability(Doubles{0.9, 0.6, 0.7, 0.8}, Outcomes{1, 0, 1, 1}, 2);
  REQUIRE(two.size() == 2);
  CHECK(two[0].count == 2);
  CHECK(two[0].lower == 0.6);
  CHECK(two[0].upper == 0.7);
  CHECK(two[0].accuracy == 0.5);
  CHECK(two[1].confidence == doctest::Approx(0.85));
  CHECK(compute_ece(two) == doctest::Approx(0.15));  // (|.5 - .65| + |1 - .85|) / 2

  const std::vector<Bin> three = equal_mass_reliability(Doubles{.1, .2, .3, .4, .5, .6, .7}, Outcomes{0, 0, 0, 1, 1, 1, 1}, 3);
  REQUIRE(three.size() == 3);  // ranks 7/3 and 14/3: cuts after 3 and 5
  CHECK(three[0].count == 3);
  CHECK(three[1].count == 2);
  CHECK(three[2].count == 2);
}

TEST_CASE("reliability: equal-mass bins keep ties together and are never empty") {
  const std::vector<Bin> tied = equal_mass_reliability(Doubles{0.5, 0.5, 0.5, 0.9}, Outcomes{1, 0, 0, 1}, 4);
  REQUIRE(tied.size() == 2);
  CHECK(tied[0].count == 3);
  CHECK(tied[0].accuracy == doctest::Approx(1.0 / 3));
  CHECK(compute_ece(tied) == doctest::Approx(0.75 * (0.5 - 1.0 / 3) + 0.25 * 0.1));
  CHECK(equal_mass_reliability(Doubles(100, 1.0), Outcomes(100, 1), 15).size() == 1);
  CHECK(equal_mass_reliability(Doubles{0.3, std::nextafter(0.3, 1.0)}, Outcomes{0, 1}, 2).size() == 1);
  CHECK(equal_mass_reliability(Doubles{0.3, 0.3 + 1e-9}, Outcomes{0, 1}, 2).size() == 2);
  CHECK(equal_mass_reliability(Doubles{0.7}, Outcomes{1}, 15).size() == 1);          // one sample
  CHECK(equal_mass_reliability(Doubles{0.7, 0.2}, Outcomes{1, 0}, 15).size() == 2);  // fewer samples than bins
  const std::vector<Bin> exact = equal_mass_reliability(Doubles{0, 0.25, 0.5, 0.75, 1, 1.0000001}, Outcomes{0, 0, 1, 1, 1, 1}, 3);
  REQUIRE(exact.size() == 3);
  CHECK(exact[2].upper == 1.0);
  for (const Bin& bin : exact) CHECK(bin.count == 2);
}

TEST_CASE("reliability: equal-mass bins do not depend on the order of the samples, ties or not") {
  const Random random(8, {});
  Doubles confidence;
  Outcomes correct;
  for (std::uint64_t i = 0; i < 500; ++i) {
    confidence.push_back(std::round(random.uniform(i) * 40) / 40);  // many ties
    correct.push_back(random.uniform(i + 500) < 0.6);
  }
  const std::vector<Bin> first = equal_mass_reliability(confidence, correct);
  std::reverse(confidence.begin(), confidence.end());
  std::reverse(correct.begin(), correct.end());
  const std::vector<Bin> second = equal_mass_reliability(confidence, correct);
  REQUIRE(first.size() == second.size());
  for (std::size_t b = 0; b < first.size(); ++b) {
    CHECK(first[b].count == second[b].count);
    CHECK(first[b].accuracy == second[b].accuracy);
    CHECK(first[b].confidence == second[b].confidence);
  }
}

TEST_CASE("reliability: confidences of predictions, with the first of equal maxima predicted") {
  const Predictions data{3, {0, 0, 0, 5, 0, 0, 0, 2, 2}, {1, 0, 1}};
  const Confidences says = confidences(data);
  CHECK(says.correct == Outcomes{0, 1, 1});
  CHECK(says.confidence[0] == 1.0 / 3);
  CHECK(says.confidence[1] == doctest::Approx(std::exp(5.0) / (std::exp(5.0) + 2)));
  CHECK(says.confidence[2] == doctest::Approx(std::exp(2.0) / (2 * std::exp(2.0) + 1)));
  CHECK(confidences(data, 5).confidence[1] == doctest::Approx(std::exp(1.0) / (std::exp(1.0) + 2)));
}

}  // namespace temper::calibration
