#include "models/calibration/folds.h"

#include <doctest/doctest.h>

#include <set>

#include "core/base/check.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

TEST_CASE("folds: every row is held out once, sizes differ by one, and classes are spread") {
  const Predictions data = reference::random_predictions(1, 103, 4);
  const Folds folds(data, 5, 7);
  CHECK(folds.count() == 5);
  std::set<Index> seen;
  std::vector<std::vector<int>> counts;  // by fold and class
  for (Index fold = 0; fold < 5; ++fold) {
    const auto rows = folds.held_out(fold);
    CHECK((rows.size() == 20 || rows.size() == 21));
    seen.insert(rows.begin(), rows.end());
    counts.emplace_back(4);
    for (const Index row : rows) ++counts.back()[data.label(row)];
    std::vector<Index> both = folds.training_rows(fold);
    CHECK(both.size() + rows.size() == 103);
    std::set<std::int32_t> labels;
    for (const Index row : both) labels.insert(data.labels[static_cast<std::size_t>(row)]);
    CHECK(labels.size() == 4);
  }
  CHECK(seen.size() == 103);
  for (std::size_t k = 0; k < 4; ++k) {
    for (const std::vector<int>& fold : counts) CHECK(std::abs(fold[k] - counts[0][k]) <= 1);
  }
  CHECK(Folds(reference::random_predictions(1, 3, 2), 5).count() == 3);
  CHECK_THROWS_AS(Folds(reference::random_predictions(1, 1, 2), 5), Error);
  CHECK_THROWS_AS(Folds(data, 1), Error);
}

}  // namespace
}  // namespace temper::calibration
