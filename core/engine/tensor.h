// Tensor, the type that users compute with, and View, which kernels get.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "core/base/shape.h"
#include "core/engine/buffer.h"

namespace temper {

struct Parameter;

// Values and their shape, without ownership. Null where an optional input is absent or a gradient is not requested.
template <class T> struct BasicView {
  T* data = nullptr;
  Shape shape;

  T& operator[](Index i) const { return data[i]; }
  Index size() const { return shape.size(); }
  explicit operator bool() const { return data != nullptr; }
};
using View = BasicView<float>;
using ConstView = BasicView<const float>;

// A float32 tensor: memory, a shape, and the place of its gradient on the tape that recorded it. Copies are cheap and share the memory; no
// operation changes the values of a tensor that has other copies. A default Tensor is empty and means that an optional input is absent.
// There are no operators, no broadcasting and no assignment to elements: each computation is a named operation of core/ops.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(const Shape& shape);                        // uninitialised
  Tensor(const Shape& shape, std::span<const float> values);  // copies the values; throws Error unless there are shape.size() of them
  Tensor(Parameter& parameter);                               // NOLINT(google-explicit-constructor): a parameter is used as a tensor

  Tensor(const Tensor&) = default;
  Tensor& operator=(const Tensor&) = default;
  // What was moved from is empty.
  Tensor(Tensor&& other) noexcept
      : memory_(std::move(other.memory_)),
        data_(std::exchange(other.data_, nullptr)),
        shape_(std::exchange(other.shape_, Shape())),
        parameter_(std::exchange(other.parameter_, nullptr)),
        tape_(other.tape_),
        slot_(other.slot_) {}
  Tensor& operator=(Tensor&& other) noexcept {
    if (this == &other) return *this;
    memory_ = std::move(other.memory_);
    data_ = std::exchange(other.data_, nullptr);
    shape_ = std::exchange(other.shape_, Shape());
    parameter_ = std::exchange(other.parameter_, nullptr);
    tape_ = other.tape_;
    slot_ = other.slot_;
    return *this;
  }

  const Shape& shape() const { return shape_; }
  Index size() const { return shape_.size(); }
  float* data() const { return data_; }
  std::span<const float> values() const { return {data_, static_cast<std::size_t>(size())}; }
  View view() const { return {data_, shape_}; }
  explicit operator bool() const { return data_ != nullptr; }

  // The value of a tensor of one element, such as a loss; throws Error for others. To sum losses up, keep this number and not the tensor,
  // which keeps its memory alive.
  float item() const;

  // The same values in another shape of the same size; throws Error for another size. Neither copies nor records anything: gradients have
  // the same order of elements.
  Tensor reshape(const Shape& shape) const;
  // (N, everything else).
  Tensor flatten() const;
  // The same values, detached from the tape: no gradient flows through.
  Tensor detach() const;

 private:
  friend class Tape;

  Buffer memory_;  // empty for a parameter, whose values lie in the store's arena
  float* data_ = nullptr;
  Shape shape_;
  Parameter* parameter_ = nullptr;
  std::uint32_t tape_ = 0;  // the tape that recorded it; 0: none
  std::int32_t slot_ = -1;  // the number of its gradient there
};

}  // namespace temper
