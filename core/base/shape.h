// Shape: the extents of a tensor, outermost first, row-major. Images are (N,H,W,C), features (N,D), weights (K,R,S,C) or (K,D), a loss ().
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>

#include "core/base/check.h"

namespace temper {

using Index = std::int64_t;

class Shape {
 public:
  static constexpr int kMaxRank = 4;

  constexpr Shape() = default;  // a scalar: rank 0, one element

  // Requires at most four extents, none negative, and a product that fits in 2^48 elements. An extent may be 0.
  Shape(std::initializer_list<Index> extents) {
    TEMPER_CHECK(extents.size() <= kMaxRank, "shape: ", extents.size(), " extents; at most ", kMaxRank, " are supported");
    for (const Index extent : extents) {
      TEMPER_CHECK(extent >= 0, "shape: extent ", extent, " is negative");
      TEMPER_CHECK(extent == 0 || size() <= kMaxSize / extent, "shape: more than 2^48 elements; check the sizes asked for");
      extents_[static_cast<std::size_t>(rank_++)] = extent;
    }
  }

  int rank() const { return rank_; }
  Index operator[](int axis) const { return extents_[static_cast<std::size_t>(axis)]; }
  Index size() const {
    Index product = 1;
    for (int axis = 0; axis < rank_; ++axis) product *= (*this)[axis];
    return product;
  }
  // A tensor seen as a matrix: rows() x last(). The last extent is the channel, feature or class axis.
  Index last() const { return rank_ == 0 ? 1 : (*this)[rank_ - 1]; }
  Index rows() const {
    Index product = 1;
    for (int axis = 0; axis + 1 < rank_; ++axis) product *= (*this)[axis];
    return product;
  }

  bool operator==(const Shape&) const = default;

 private:
  static constexpr Index kMaxSize = Index{1} << 48;

  std::array<Index, kMaxRank> extents_{};
  int rank_ = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  out << '(';
  for (int axis = 0; axis < shape.rank(); ++axis) out << (axis ? "," : "") << shape[axis];
  return out << ')';
}

}  // namespace temper
