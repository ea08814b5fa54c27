#include "models/calibration/metrics/scored_samples.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "core/base/random.h"
#include "core/engine/parallel.h"

namespace temper::calibration {
namespace {

TEST_CASE("outcomes: in order of score whatever their number, each once, on any number of threads") {
  const Random random(4, {});
  const int before = threads();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16384}, std::size_t{16385}, std::size_t{100'003}}) {
    std::vector<double> score(size);
    std::vector<std::uint8_t> correct(size);
    std::vector<ScoredSample> expected;
    for (std::size_t i = 0; i < size; ++i) {
      score[i] = i % 7 == 0 ? 0.25 : random.normal(i);  // some ties
      if (i % 1000 == 3) score[i] = std::numeric_limits<double>::infinity();
      correct[i] = static_cast<std::uint8_t>(random.below(i, 2));
      expected.push_back({score[i], correct[i]});
    }
    std::sort(expected.begin(), expected.end());
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      CHECK(sort_by_score(score, correct) == expected);
    }
  }
  set_threads(before);
}

}  // namespace
}  // namespace temper::calibration
