// The naive side of every proof: arrays of double and loops that anyone can check by eye.
#pragma once

#include <functional>
#include <vector>

#include "core/base/shape.h"

namespace temper::reference {

struct Array {
  Shape shape;
  std::vector<double> values;

  explicit Array(const Shape& s) : shape(s), values(static_cast<std::size_t>(s.size())) {}

  double& operator[](Index i) { return values[static_cast<std::size_t>(i)]; }
  double operator[](Index i) const { return values[static_cast<std::size_t>(i)]; }
  // (n,h,w,c) of a tensor of rank 4.
  double& at(Index n, Index h, Index w, Index c) { return (*this)[((n * shape[1] + h) * shape[2] + w) * shape[3] + c]; }
  double at(Index n, Index h, Index w, Index c) const { return (*this)[((n * shape[1] + h) * shape[2] + w) * shape[3] + c]; }
  Index size() const { return shape.size(); }
};

// y[i] = f(x[i]).
inline Array map(const Array& x, const std::function<double(double)>& f) {
  Array y(x.shape);
  for (Index i = 0; i < x.size(); ++i) y[i] = f(x[i]);
  return y;
}

}  // namespace temper::reference
