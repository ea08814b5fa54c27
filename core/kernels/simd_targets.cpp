#include "core/kernels/simd_targets.h"

#include <utility>

#include "core/kernels/simd.h"
// After core/kernels/simd.h, whose setting it reads.
#include <hwy/highway.h>

namespace temper {
namespace {

// The bit of the target in force, 0 for none; which is what Highway takes for "what the machine has".
std::int64_t forced = 0;

std::int64_t use(std::int64_t target) {
  hwy::SetSupportedTargetsForTest(target);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return std::exchange(forced, target);
}

}  // namespace

std::vector<SimdTarget> simd_targets() {
  std::vector<SimdTarget> targets;
  for (const std::int64_t bit : hwy::SupportedAndGeneratedTargets()) targets.push_back({hwy::TargetName(bit), bit});
  return targets;
}

ForcedSimdTarget::ForcedSimdTarget(const SimdTarget& target) : before_(use(target.bit)) {}
ForcedSimdTarget::~ForcedSimdTarget() { use(before_); }

}  // namespace temper
