// What our kernels need of Highway: which instruction sets a kernel is compiled for. One binary holds them all and chooses when it runs. A
// kernel is a source in core/kernels that includes this header and then itself, once for each target:
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "core/kernels/product.cpp"
//   #include <hwy/foreach_target.h>
//   #include <hwy/highway.h>
#pragma once

// Left: AVX-512, AVX2, SSE4, NEON and scalar code. Kernels hold arrays of vectors, which those of a size unknown to the compiler (SVE, RVV)
// forbid; what AVX3_DL and SSSE3 would add is not used here and would only make the binary larger.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
