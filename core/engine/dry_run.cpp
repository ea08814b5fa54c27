#include "core/engine/dry_run.h"

#include <utility>

#include "core/engine/parameters.h"

namespace temper {
namespace {

DryRun*& youngest() {
  thread_local DryRun* dry_run = nullptr;
  return dry_run;
}

}  // namespace

DryRun::DryRun() : outer_(std::exchange(youngest(), this)) {}
DryRun::~DryRun() { youngest() = outer_; }
DryRun* DryRun::current() { return youngest(); }

void DryRun::count(const Parameter* weight, const Shape& output) {
  // A table of which rows are taken, or a part of a weight, is no (K, ...) of an output (..., K).
  if (weight && weight->shape.rank() >= 2 && weight->shape[0] == output.last()) multiply_adds_ += output.rows() * weight->shape.size();
}

}  // namespace temper
