// Mixup: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018. Images of a batch are mixed in pairs, and so are their
// targets.
#pragma once

#include <cstdint>

#include "core/engine/tensor.h"

namespace temper::data {

// A draw from Beta(alpha, alpha), a function of its arguments alone; 1, nothing is mixed, for alpha 0. requires: 0 <= alpha <=
// kLargestMixup; throws else.
float draw_mixup(float alpha, std::uint64_t seed, Index epoch, Index batch);
inline constexpr float kLargestMixup = 4;

// images[n] <- share images[n] + (1 - share) images[N-1-n], for all n at once.
void mix(Tensor& images, float lambda);  // (N,h,w,C)

}  // namespace temper::data
