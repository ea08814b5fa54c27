#include "core/rehearsal.h"

#include <utility>

#include "core/parameters.h"

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
  if (weight && weight->shape.rank() >= 2) multiply_adds_ += output.rows() * weight->shape.size();
}

}  // namespace temper
