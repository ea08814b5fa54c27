// Tensor, the one type that users compute with, and View, what kernels and threads see of it.
#pragma once

#include <cstdint>
#include <span>

#include "core/buffer.h"
#include "core/shape.h"

namespace temper {

struct Parameter;

// Values and their shape, without ownership. Null where an optional input is absent or a gradient is not wanted.
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
// operation changes the values of a tensor that somebody else still holds. A default Tensor is empty and stands for an absent optional
// input.
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(const Shape& shape);                        // uninitialised
  Tensor(const Shape& shape, std::span<const float> values);  // a copy of the values; requires as many as the shape has
  Tensor(Parameter& parameter);                               // NOLINT(google-explicit-constructor): a parameter is used as a tensor

  const Shape& shape() const { return shape_; }
  Index size() const { return shape_.size(); }
  float* data() const { return data_; }
  std::span<const float> values() const { return {data_, static_cast<std::size_t>(size())}; }
  View view() const { return {data_, shape_}; }
  explicit operator bool() const { return data_ != nullptr; }

  // The value of a tensor of one element, e.g. a loss. Keep this, not the tensor, when you add losses up: a tensor keeps its memory alive.
  float item() const;

  // The same values in another shape of the same size. Nothing is copied and nothing recorded: a gradient is a run of numbers as well.
  Tensor reshape(const Shape& shape) const;
  // (N, everything else).
  Tensor flatten() const;
  // The same values, without a past: no gradient flows through.
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
