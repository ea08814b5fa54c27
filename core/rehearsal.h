// A step without its arithmetic: what a network costs, before it is run.
#pragma once

#include "core/tensor.h"

namespace temper {

// While one lives, the operations of this thread give shapes and take memory as always, but compute nothing, and a ParameterStore that is
// committed initialises nothing: values are whatever the memory held. A forward and backward pass through a large network then takes a
// millisecond and touches next to none of the memory it asks the Pool for, so that Pool::Stats::peak_bytes_in_use tells what the real one
// will need, on a machine of any size; without the scratch memory of the kernels.
class Rehearsal {
 public:
  Rehearsal();
  ~Rehearsal();
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;

  static Rehearsal* current();  // null: none lives in this thread

  // The multiply-adds of the forward passes so far, as papers count them: those of convolutions and dense layers, whose weights (K, ...)
  // are all used once for every row of the output (..., K).
  Index multiply_adds() const { return multiply_adds_; }

 private:
  friend class Tape;
  void count(const Parameter* weight, const Shape& output);

  Index multiply_adds_ = 0;
  Rehearsal* outer_;
};

}  // namespace temper
