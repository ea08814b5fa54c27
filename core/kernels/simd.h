// Configures Highway for our kernels: the instruction sets that a kernel is compiled for. One binary contains all of them and chooses at
// run time. A kernel is a source in core/kernels that includes this header and then itself, once for each target:
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "core/kernels/block_product.cpp"
//   #include <hwy/foreach_target.h>
//   #include <hwy/highway.h>
#pragma once

// This leaves AVX-512, AVX2, SSE4, NEON and scalar code. Our kernels use arrays of vectors, which is impossible with vectors of a size
// unknown at compile time (SVE, RVV); the additions of AVX3_DL and SSSE3 are not used here and would only make the binary larger.
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
