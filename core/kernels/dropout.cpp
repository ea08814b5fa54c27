// Random words are a vector of blocks at a time: each lane is a Philox counter of its own.
#include "core/kernels/dropout.h"

#include <algorithm>
#include <cmath>

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/dropout.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

#include "core/kernels/vector_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Words = hn::CappedTag<std::uint32_t, 16>;
constexpr Index kBlocks = hn::MaxLanes(Words()), kWordsOfBlock = 4, kWords = kBlocks * kWordsOfBlock;

#if HWY_TARGET == HWY_SCALAR  // has no lanes to multiply in pairs
inline void vector_of_blocks(const Random& random, std::uint64_t first, std::uint32_t* words) {
  const Random::Block block = random.block(first);
  std::copy(block.begin(), block.end(), words);
}
#else
// The high 32 bits of the products of x with a factor; the low ones are hn::Mul's.
template <class V> V high_product(V x, std::uint32_t factor) {
  const Words d;
  const hn::Repartition<std::uint64_t, Words> wide;
  const auto even = hn::MulEven(x, hn::Set(d, factor));
  const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, x))), hn::Set(d, factor));
  return hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
}

// The kWords words of the blocks from `first` on: Random::block, lane by lane.
HWY_INLINE void vector_of_blocks(const Random& random, std::uint64_t first, std::uint32_t* words) {
  constexpr std::uint32_t kFactor0 = 0xD2511F53u, kFactor1 = 0xCD9E8D57u, kStep0 = 0x9E3779B9u, kStep1 = 0xBB67AE85u;
  const Words d;
  const auto set = [d](std::uint64_t bits) { return hn::Set(d, static_cast<std::uint32_t>(bits)); };
  auto c0 = hn::Add(hn::Iota(d, 0), set(first)), c1 = set(first >> 32);
  c1 = hn::Sub(c1, hn::VecFromMask(d, hn::Lt(c0, set(first))));  // where the low word ran over: minus (all bits set) = plus one
  auto c2 = set(random.stream()), c3 = set(random.stream() >> 32);
  std::uint32_t key0 = static_cast<std::uint32_t>(random.seed()), key1 = static_cast<std::uint32_t>(random.seed() >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const auto high0 = high_product(c0, kFactor0), low0 = hn::Mul(c0, hn::Set(d, kFactor0));
    const auto high1 = high_product(c2, kFactor1), low1 = hn::Mul(c2, hn::Set(d, kFactor1));
    c0 = hn::Xor(hn::Xor(high1, c1), hn::Set(d, key0));
    c2 = hn::Xor(hn::Xor(high0, c3), hn::Set(d, key1));
    c1 = low1;
    c3 = low0;
    key0 += kStep0;
    key1 += kStep1;
  }
  hn::StoreInterleaved4(c0, c1, c2, c3, d, words);
}
#endif

void random_words(const Random& random, std::uint64_t first, Index blocks, std::uint32_t* words) {
  for (Index i = 0; i < blocks; i += kBlocks) {
    HWY_ALIGN std::uint32_t some[kWords];
    vector_of_blocks(random, first + static_cast<std::uint64_t>(i), some);
    std::copy_n(some, kWordsOfBlock * std::min(kBlocks, blocks - i), words + kWordsOfBlock * i);
  }
}

void apply_dropout(const DropoutMask& apply_dropout, Index first, Index count, const float* x, const float* base, float* y) {
  HWY_ALIGN std::uint32_t words[kWords];
  const auto threshold = static_cast<std::uint32_t>(apply_dropout.threshold);
  for (Index begin = 0; begin < count; begin += kWords) {
    vector_of_blocks(apply_dropout.random, static_cast<std::uint64_t>((first + begin) / kWordsOfBlock), words);
    for_each_vector(std::min(kWords, count - begin), [&](auto d, Index i) {
      const hn::RebindToUnsigned<decltype(d)> bits;
      const auto below = hn::VecFromMask(bits, hn::Lt(hn::LoadU(bits, words + i), hn::Set(bits, threshold)));
      const auto dropped = hn::MaskFromVec(hn::BitCast(d, below));
      auto value = hn::IfThenZeroElse(dropped, hn::Mul(hn::Set(d, apply_dropout.factor), hn::LoadU(d, x + begin + i)));
      if (base) value = hn::Add(hn::LoadU(d, base + begin + i), value);
      hn::StoreU(value, d, y + begin + i);
    });
  }
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(random_words);
HWY_EXPORT(apply_dropout);

DropoutMask::DropoutMask(float rate, const Random& r)
    : random(r), threshold(static_cast<std::uint64_t>(std::llround(std::ldexp(static_cast<double>(rate), 32)))), factor(1 / (1 - rate)) {}

void random_words(const Random& random, std::uint64_t first, Index blocks, std::uint32_t* words) {
  HWY_DYNAMIC_DISPATCH(random_words)(random, first, blocks, words);
}

void apply_dropout(const DropoutMask& d, Index first, Index count, const float* x, const float* base, float* y) {
  TEMPER_CHECK(first % kDropBlock == 0, "drop: element ", first, " begins no block of ", kDropBlock,
               " random words; begin at a multiple of that");
  if (d.threshold == 0) {  // nothing
    for (Index i = 0; i < count; ++i) y[i] = base ? base[i] + x[i] : x[i];
  } else if (d.threshold >> 32) {  // everything
    for (Index i = 0; i < count; ++i) y[i] = base ? base[i] : 0;
  } else {
    HWY_DYNAMIC_DISPATCH(apply_dropout)(d, first, count, x, base, y);
  }
}

}  // namespace temper
#endif
