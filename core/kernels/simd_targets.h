// The instruction sets of this machine, among those that our kernels are compiled for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace temper {

struct SimdTarget {
  std::string name;  // "AVX3", "AVX2", ...
  std::int64_t bit;
};

// The best first, which kernels use. While a ForcedSimdTarget lives: that one.
std::vector<SimdTarget> simd_targets();

// For tests: kernels use this target while one lives.
class ForcedSimdTarget {
 public:
  explicit ForcedSimdTarget(const SimdTarget& target);
  ~ForcedSimdTarget();
  ForcedSimdTarget(const ForcedSimdTarget&) = delete;
  ForcedSimdTarget& operator=(const ForcedSimdTarget&) = delete;

 private:
  std::int64_t before_;
};

}  // namespace temper
