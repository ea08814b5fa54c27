#include "core/engine/rehearsal.h"

#include <utility>

#include "core/engine/parameters.h"

namespace temper {
namespace {

Rehearsal*& youngest() {
  thread_local Rehearsal* rehearsal = nullptr;
  return rehearsal;
}

}  // namespace

Rehearsal::Rehearsal() : outer_(std::exchange(youngest(), this)) {}
Rehearsal::~Rehearsal() { youngest() = outer_; }
Rehearsal* Rehearsal::current() { return youngest(); }

void Rehearsal::count(const Parameter* weight, const Shape& output) {
  // A table of which rows are taken, or a part of a weight, is no (K, ...) of an output (..., K).
  if (weight && weight->shape.rank() >= 2 && weight->shape[0] == output.last()) multiply_adds_ += output.rows() * weight->shape.size();
}

}  // namespace temper
