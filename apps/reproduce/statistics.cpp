#include "apps/reproduce/statistics.h"

#include <fmt/format.h>

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/check.h"

namespace temper::reproduce {
namespace {

double square(double x) { return x * x; }

// How far seeds differ: sums over samples, each about its own mean.
struct Spread {
  double squares = 0;
  std::size_t freedom = 0, samples = 0;

  void add(std::span<const double> sample) {
    if (sample.size() < 2) return;
    const double middle = mean(sample);
    for (const double value : sample) squares += square(value - middle);
    freedom += sample.size() - 1;
    ++samples;
  }
  double variance() const { return squares / static_cast<double>(freedom); }
};

}  // namespace

double student_t(double freedom) {
  TEMPER_CHECK(freedom > 0, "Student's t: ", freedom, " degrees of freedom; there must be more than 0");
  return boost::math::quantile(boost::math::students_t(freedom), 0.975);
}

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_error(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  if (n < 2) return std::numeric_limits<double>::quiet_NaN();
  Spread spread;
  spread.add(values);
  return std::sqrt(spread.variance() / n);
}

Difference difference(std::span<const double> a, std::span<const double> b, double sampling, std::span<const std::vector<double>> alike) {
  TEMPER_CHECK(!a.empty() && !b.empty(), "difference: of no values at all");
  const double value = mean(a) - mean(b);
  Spread spread;
  for (const std::vector<double>& sample : alike) spread.add(sample);
  if (alike.empty()) {
    spread.add(a);
    spread.add(b);
  }
  if (spread.freedom == 0) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (sampling == 0) return {value, -kInfinity, kInfinity, "one seed: how far seeds differ is not known"};
    const double half = 1.96 * sampling;
    return {value, value - half, value + half, "one seed: sampling of the test images alone"};
  }
  const double seeds = 1 / static_cast<double>(a.size()) + 1 / static_cast<double>(b.size());
  const double half = student_t(static_cast<double>(spread.freedom)) * std::sqrt(spread.variance() * seeds);
  return {
      value, value - half, value + half,
      fmt::format("Student's t over {} and {} seeds, whose spread is that of {} sample{} ({} degree{} of freedom); for these test images",
                  a.size(), b.size(), spread.samples, spread.samples == 1 ? "" : "s", spread.freedom, spread.freedom == 1 ? "" : "s")};
}

double accuracy_sampling(double a, double b, double images) { return std::sqrt((a * (1 - a) + b * (1 - b)) / images); }

std::string name(Verdict verdict) {
  switch (verdict) {
    case Verdict::confirmed:
      return "confirmed";
    case Verdict::not_confirmed:
      return "not confirmed";
    case Verdict::undecided:
      break;
  }
  return "not decidable at this scale";
}

Verdict above(const Difference& difference, double least) {
  if (difference.lower > least) return Verdict::confirmed;
  return difference.upper < least ? Verdict::not_confirmed : Verdict::undecided;
}

}  // namespace temper::reproduce
