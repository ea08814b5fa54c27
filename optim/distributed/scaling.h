// Predicts the time of a step on more ranks than are available: a model of optim/distributed/gradient_sync.h, from the computing time of a
// rank and the network's time for a message. `temper bench NET --scaling` measures both and prints the prediction.
//
// A bucket of B bytes on P ranks: each sends a piece of B / P to every other one and, when it has added its own piece, the sum again:
//   t(B) = 2 (latency + (P - 1) (message + B / P / bandwidth)).
// Buckets become full at equal intervals of the backward pass, the last at its end, and are sent one after another:
//   end_i = max(full_i, end_{i-1}) + t(B_i).
// The step ends after the last one, a small all-to-all message, and the optimizer. The model ignores ranks of different speed, of which the
// slowest counts, and links that several ranks share.
#pragma once

#include "core/base/shape.h"

namespace temper::optim {

struct Network {
  double latency = 50e-6;            // seconds until the first byte arrives
  double bytes_per_second = 1.25e9;  // in each direction at the same time
  double seconds_a_message = 5e-6;   // a rank's own work for a message of any size
};

// A step of one rank, in seconds.
struct StepWork {
  double forward = 0, backward = 0, update = 0;
  double gradient_bytes = 0;
  double bucket_bytes = 0;  // 0: those of usual_bucket, see optim/distributed/gradient_sync.h

  double seconds() const { return forward + backward + update; }
};

struct StepTime {
  double seconds = 0;
  double communication = 0;  // of all messages, if they never waited
  double exposed = 0;        // by which the step is longer than on one rank

  // The throughput relative to as many ranks that do not communicate.
  double efficiency(const StepWork& work) const { return work.seconds() / seconds; }
  // The share of communication that the backward pass hides; 1 where there is none.
  double hidden() const { return communication > 0 ? 1 - exposed / communication : 1; }
};

// Every rank has the same work. Throws Error for less than one rank, work that takes no time, and networks without bandwidth.
StepTime predict_step(const StepWork& work, const Network& network, Index ranks);

}  // namespace temper::optim
