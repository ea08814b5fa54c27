// A batch that passes through the network in parts and is normalised as one: "synchronised" batch normalisation.
#pragma once

#include <span>

#include "core/shape.h"

namespace temper {

// While one is current in a thread, batch normalisation on that thread's tape asks it for what the other parts of the batch have at the
// same place, and normalises with statistics over all rows of all parts; so do the gradients through these statistics. The loss of a part
// must be its share of the batch's.
class BatchPool {
 public:
  // Rows and two numbers a channel. forward: mean and sum of squared deviations from it; backward: sum of g and of g z, in the words of
  // core/kernels/batch_statistics.h.
  struct Part {
    double rows;
    const double *first, *second;  // (C)
  };

  virtual ~BatchPool() = default;
  // What all parts have here, this one among them, in the order of the parts; those without rows are left out. Valid until the next call.
  virtual std::span<const Part> meet(const Part& own, Index C) = 0;
  // One part of those that share running statistics moves them.
  virtual bool leads() const = 0;

  static BatchPool* current();  // null: none, a batch is whole

  class Scope {
   public:
    explicit Scope(BatchPool* pool);  // null: batches are whole in here
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    BatchPool* outer_;
  };
};

}  // namespace temper
