#include "models/calibration/metrics/confusion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "core/base/check.h"

namespace temper::calibration {
namespace {

double quotient(Index part, Index whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

double ClassCounts::precision() const { return quotient(right, predicted); }
double ClassCounts::recall() const { return quotient(right, support); }
double ClassCounts::f1() const { return quotient(2 * right, support + predicted); }

Index Confusion::samples() const {
  return std::accumulate(classes.begin(), classes.end(), Index{0}, [](Index sum, const ClassCounts& one) { return sum + one.support; });
}

Index Confusion::wrong() const {
  return std::accumulate(classes.begin(), classes.end(), Index{0},
                         [](Index sum, const ClassCounts& one) { return sum + one.support - one.right; });
}

std::vector<std::vector<Index>> Confusion::matrix() const {
  TEMPER_CHECK(left_out == 0, "confusion: ", left_out, " wrong samples are in cells that were left out, so there is no whole matrix");
  std::vector<std::vector<Index>> rows(classes.size(), std::vector<Index>(classes.size()));
  for (std::size_t k = 0; k < classes.size(); ++k) rows[k][k] = classes[k].right;
  for (const Mistakes& cell : mistakes) rows[static_cast<std::size_t>(cell.label)][static_cast<std::size_t>(cell.predicted)] = cell.count;
  return rows;
}

double Confusion::mean(double (ClassCounts::*value)() const) const {
  double sum = 0, count = 0;
  for (const ClassCounts& one : classes) {
    const double found = (one.*value)();
    if (std::isnan(found)) continue;
    sum += found;
    count += 1;
  }
  return sum / count;
}

Confusion confusion(const SampleResults& results) {
  Confusion confusion{.classes = std::vector<ClassCounts>(static_cast<std::size_t>(results.classes))};
  std::vector<std::pair<std::int32_t, std::int32_t>> wrong;
  for (std::size_t i = 0; i < results.labels.size(); ++i) {
    const std::int32_t label = results.labels[i], predicted = results.predicted[i];
    ++confusion.classes[static_cast<std::size_t>(label)].support;
    ++confusion.classes[static_cast<std::size_t>(predicted)].predicted;
    if (label == predicted)
      ++confusion.classes[static_cast<std::size_t>(label)].right;
    else
      wrong.emplace_back(label, predicted);
  }
  std::sort(wrong.begin(), wrong.end());
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    if (i == 0 || wrong[i] != wrong[i - 1]) confusion.mistakes.push_back({.label = wrong[i].first, .predicted = wrong[i].second});
    ++confusion.mistakes.back().count;
  }
  std::ranges::sort(confusion.mistakes, {}, [](const Mistakes& cell) { return std::tuple(-cell.count, cell.label, cell.predicted); });
  return confusion;
}

std::vector<Index> weakest_first(const Confusion& confusion) {
  std::vector<Index> order(confusion.classes.size());
  std::iota(order.begin(), order.end(), Index{0});
  const auto place = [&](Index k) {
    const ClassCounts& one = confusion.classes[static_cast<std::size_t>(k)];
    const double f1 = one.f1();
    return std::tuple(std::isnan(f1) ? 2.0 : f1, -one.support, k);
  };
  std::ranges::sort(order, {}, place);
  return order;
}

}  // namespace temper::calibration
