// Learning rates as pure functions of the step, so that a resumed run needs to know nothing but its step. A step may be a batch or an
// epoch, as the caller decides. Step 0 is the first.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "core/base/shape.h"

namespace temper::optim {

// All throw Error for a negative step; cosine, linear and triangle also for total < 1, as a rate of 0 would silently train nothing.

// base factor^(number of milestones <= step): the step of a milestone is the first with the new rate.
float step_decay(Index step, std::span<const Index> milestones, double factor, double base);
// base (1 + cos(pi step / total)) / 2; 0 from step = total on. Loshchilov and Hutter, "SGDR", ICLR 2017, without restarts.
float cosine(Index step, Index total, double base);
// base (1 - step / total); 0 from step = total on.
float linear(Index step, Index total, double base);
// A factor in front of any schedule: (step + 1) / steps in the first `steps` steps, then 1. Goyal et al., "Accurate, Large Minibatch SGD",
// 2017.
float warm_up(Index step, Index steps);

// Straight from start base at step 0 up to base at step floor(peak total), from there straight to end base at step total. Jordan, "94% on
// CIFAR-10 in 3.29 seconds on a single GPU", 2024; a one-cycle schedule of two lines. requires: 0 <= peak <= 1, start and end >= 0.
struct Triangle {
  double start = 0.2, peak = 0.23, end = 0.07;
};
float triangle(Index step, Index total, const Triangle& shape, double base);
// base sqrt(warm_up / max(step + 1, warm_up)): falls as 1/sqrt from the end of the warm-up on, where it is base; with a warm-up in front
// the schedule of Vaswani et al., "Attention is all you need", 2017. A warm_up of 0 counts as 1.
float inverse_sqrt(Index step, Index warm_up, double base);

// A schedule as data, for recipes and files.
struct Schedule {
  enum class Kind { constant, step, cosine, linear, triangle, inverse_sqrt };

  Kind kind = Kind::constant;
  double base = 0.1;                   // the highest rate
  Index total = 0;                     // steps of the whole run, warm-up included: cosine, linear and triangle end there
  std::vector<Index> milestones = {};  // steps of the whole run, in any order: `step` multiplies by factor at each
  double factor = 0.1;
  Index warm_up = 0;    // first steps, in which the rate rises to base; cosine and linear run in those that remain. One that is not
                        // shorter than total rises through the whole run. Not for `triangle`, which rises by itself.
  Triangle shape = {};  // of `triangle`

  float at(Index step) const;
};

// "constant", "step", "cosine", "linear", "triangle", "inverse-sqrt". The inverse throws for another name, listing these.
std::string_view name(Schedule::Kind kind);
Schedule::Kind parse_schedule_kind(std::string_view name);

}  // namespace temper::optim
