// Weights by formula: the same in the scripts of this folder, so that no file of weights need be kept.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/base/shape.h"

namespace temper {

// Value i of tensor t, in PyTorch's axis order: a hash of (t, i), uniform in +-1/sqrt(fan_in).
inline float formula(std::uint64_t tensor, std::uint64_t i, Index fan_in) {
  constexpr std::uint64_t kMask = 0xFFFFFFFFu;
  std::uint64_t word = (i * 2654435761u + tensor * 40503u) & kMask;
  word = ((word ^ (word >> 15)) * 2246822519u) & kMask;
  return static_cast<float>((static_cast<double>(word) / 2147483648.0 - 1) / std::sqrt(static_cast<double>(fan_in)));
}

}  // namespace temper
