// The inner loop of max pooling. core/ops/max_pool.h defines what is computed.
#pragma once

#include "core/base/shape.h"

namespace temper {

// How one vector gathers the values of several windows of few channels: lane i is lane[i] of the table[i]-th vector of x.
struct MaxPoolLanes {
  Index group = 0;  // windows in a vector; 0: a vector holds channels of one window
  Index tables = 0;
  alignas(64) std::int32_t lane[16] = {}, table[16] = {};
};
// For C channels and windows that begin `step` elements apart.
MaxPoolLanes max_pool_lanes(Index C, Index step);

// Windows side by side on one row of outputs, all with the same taps and C channels: window q begins at x + q step and gives y[q C..].
struct MaxPoolRun {
  const float* x;         // the first tap of the first window
  Index C, count, step;   // step = C stride
  Index rows, cols;       // taps of a window
  Index row_size;         // elements from a row of x to the next: W C
  Index first_tap;        // the number of the first tap; the next one to the right has the next number,
  Index tap_row;          // and the one below is tap_row larger
  float* y;               // (count,C)
  float* winner;          // (count,C): the number of the tap that won, as a float; null: not requested
  const float* readable;  // the end of the readable memory behind x
  const float* y_end;     // y, and as much of winner, may be overwritten up to here: later runs will write it
};

// y = the largest value of each window; the first tap of equal ones, row by row; the first NaN, if there is one. In the calling thread.
// requires: count, rows, cols >= 1; the lanes of this C and step.
void max_pool_run(const MaxPoolLanes& lanes, const MaxPoolRun& run);

}  // namespace temper
