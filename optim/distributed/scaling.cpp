#include "optim/distributed/scaling.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "optim/distributed/gradient_sync.h"

namespace temper::optim {

StepTime predict_step(const StepWork& work, const Network& network, Index ranks) {
  TEMPER_CHECK(ranks >= 1 && work.seconds() > 0 && work.gradient_bytes >= 0 && work.bucket_bytes >= 0, "scaling: ", ranks,
               " ranks with a step of ", work.seconds(), " s; give at least one rank, and a step that takes time");
  TEMPER_CHECK(network.latency >= 0 && network.bytes_per_second > 0 && network.seconds_a_message >= 0, "scaling: a network with latency ",
               network.latency, " s and ", network.bytes_per_second, " bytes a second; give a bandwidth above 0 and times of 0 or more");
  if (ranks == 1) return {.seconds = work.seconds()};
  const double P = static_cast<double>(ranks);
  const auto exchange = [&](double piece) {
    return network.latency + (P - 1) * (network.seconds_a_message + piece / network.bytes_per_second);
  };
  const double bucket = work.bucket_bytes > 0 ? work.bucket_bytes : static_cast<double>(usual_bucket(ranks)) * sizeof(float);
  const double buckets = std::max(1.0, std::ceil(work.gradient_bytes / bucket));
  const double bucket_seconds = 2 * exchange(work.gradient_bytes / buckets / P);
  double end = 0;
  for (double i = 1; i <= buckets; ++i) end = std::max(work.forward + work.backward * i / buckets, end) + bucket_seconds;
  const double sums = exchange(0);
  const double seconds = end + sums + work.update;
  return {.seconds = seconds, .communication = buckets * bucket_seconds + sums, .exposed = seconds - work.seconds()};
}

}  // namespace temper::optim
