#include "core/kernels/targets.h"

#include "core/simd.h"
// After core/simd.h, whose setting it reads.
#include <hwy/highway.h>

namespace temper {
namespace {

void use(std::int64_t targets) {
  hwy::SetSupportedTargetsForTest(targets);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace

std::vector<SimdTarget> simd_targets() {
  std::vector<SimdTarget> targets;
  for (const std::int64_t bit : hwy::SupportedAndGeneratedTargets()) targets.push_back({hwy::TargetName(bit), bit});
  return targets;
}

ForcedSimdTarget::ForcedSimdTarget(const SimdTarget& target) { use(target.bit); }
ForcedSimdTarget::~ForcedSimdTarget() { use(0); }

}  // namespace temper
