// Dropout on consecutive elements, in the calling thread. core/ops/dropout.h defines what is computed.
#pragma once

#include "core/base/random.h"
#include "core/base/shape.h"

namespace temper {

// Elements that share a block of random words: loops over `drop` are cut at multiples of it.
inline constexpr Index kDropBlock = 4;

// words[4 i + j] = random.block(first + i)[j], for i < blocks.
void random_words(const Random& random, std::uint64_t first, Index blocks, std::uint32_t* words);

// Which elements are dropped, and the factor of the others.
struct DropoutMask {
  DropoutMask(float rate, const Random& r);

  Random random;
  std::uint64_t threshold;  // 2^32 rate: element i is dropped iff its random word is less
  float factor;             // 1 / (1 - rate)
};

// y_i = base_i + (factor x_i where element first + i is kept, else 0, whatever x_i is). base null: 0; it may be y, and x may be y.
// requires: first a multiple of kDropBlock.
void apply_dropout(const DropoutMask& d, Index first, Index count, const float* x, const float* base, float* y);

}  // namespace temper
