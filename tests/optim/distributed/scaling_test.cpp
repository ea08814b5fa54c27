#include "optim/distributed/scaling.h"

#include <doctest/doctest.h>

#include "core/base/check.h"

namespace temper::optim {
namespace {

// Powers of two, so that what a hand calculates is exact.
constexpr Network kNetwork{.latency = 0.25, .bytes_per_second = 8, .seconds_a_message = 0.125};

TEST_CASE("scaling: one rank needs its own time, and nothing is communicated") {
  const StepWork work{.forward = 1, .backward = 2, .update = 0.5, .gradient_bytes = 64, .bucket_bytes = 16};
  const StepTime time = predict_step(work, kNetwork, 1);
  CHECK(time.seconds == 3.5);
  CHECK(time.efficiency(work) == 1);
  CHECK(time.hidden() == 1);
}

TEST_CASE("scaling: a step is as long as its longest chain of buckets, by hand") {
  // Two buckets of 16 bytes on two ranks: 2 (0.25 + 0.125 + 8 / 8) = 2.75 each; the sums 0.25 + 0.125.
  StepWork work{.forward = 1, .backward = 8, .update = 0.5, .gradient_bytes = 32, .bucket_bytes = 16};
  StepTime time = predict_step(work, kNetwork, 2);
  CHECK(time.communication == 5.875);
  CHECK(time.seconds == 9 + 2.75 + 0.375 + 0.5);  // the first is over before the last is full
  CHECK(time.exposed == 3.125);
  CHECK(time.hidden() == doctest::Approx(1 - 3.125 / 5.875));
  work.backward = 2;  // full at 2 and at 3: the second waits for the first
  time = predict_step(work, kNetwork, 2);
  CHECK(time.seconds == 2 + 2.75 + 2.75 + 0.375 + 0.5);
  // Four ranks: 2 (0.25 + 3 (0.125 + 4 / 8)) = 4.25.
  time = predict_step(work, kNetwork, 4);
  CHECK(time.seconds == 2 + 4.25 + 4.25 + 0.25 + 3 * 0.125 + 0.5);
}

TEST_CASE("scaling: the efficiency falls with ranks and latency, and rises with bandwidth and work") {
  const StepWork work{.forward = 0.05, .backward = 0.1, .update = 0.01, .gradient_bytes = 4e6};
  double before = 1;
  for (Index ranks = 2; ranks <= 1024; ranks *= 2) {
    const double now = predict_step(work, {}, ranks).efficiency(work);
    CHECK(now < before);
    CHECK(now > 0);
    before = now;
  }
  const auto efficiency = [](const StepWork& w, const Network& n) { return predict_step(w, n, 16).efficiency(w); };
  CHECK(efficiency(work, {.latency = 1e-3}) < efficiency(work, {.latency = 1e-5}));
  CHECK(efficiency(work, {.bytes_per_second = 1e8}) < efficiency(work, {.bytes_per_second = 1e10}));
  StepWork twice = work;
  twice.forward *= 2;
  twice.backward *= 2;
  CHECK(efficiency(twice, {}) > efficiency(work, {}));
}

TEST_CASE("scaling: what makes no sense is refused") {
  const StepWork work{.forward = 1, .backward = 2};
  CHECK_THROWS_AS(predict_step(work, {}, 0), Error);
  CHECK_THROWS_AS(predict_step({}, {}, 2), Error);
  CHECK_THROWS_AS(predict_step(work, {.bytes_per_second = 0}, 2), Error);
}

}  // namespace
}  // namespace temper::optim
