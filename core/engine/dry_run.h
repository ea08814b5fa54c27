// Runs a step without its arithmetic, to find out what a network costs before it is trained.
#pragma once

#include "core/engine/tensor.h"

namespace temper {

// While one lives, the operations of this thread infer shapes and allocate memory as usual but compute nothing, and committing a
// ParameterStore initialises nothing: values are undefined. A forward and backward pass through a large network then takes a millisecond
// and touches almost none of the memory that it requests from the MemoryPool, so that MemoryPool::Stats::peak_bytes_in_use tells what the
// real pass will need, on a machine of any size; the scratch memory of the kernels is not included.
class DryRun {
 public:
  DryRun();
  ~DryRun();
  DryRun(const DryRun&) = delete;
  DryRun& operator=(const DryRun&) = delete;

  static DryRun* current();  // null: none lives in this thread

  // The multiply-adds of the forward passes so far, as papers count them: those of convolutions and dense layers, which use each of their
  // weights (K, ...) once for every row of the output (..., K).
  Index multiply_adds() const { return multiply_adds_; }

 private:
  friend class Tape;
  void count(const Parameter* weight, const Shape& output);

  Index multiply_adds_ = 0;
  DryRun* outer_;
};

}  // namespace temper
