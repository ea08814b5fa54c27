#include "core/kernels/dropout.h"

#include <doctest/doctest.h>

#include <vector>

#include "core/kernels/simd_targets.h"

namespace temper {
namespace {

TEST_CASE("random_words: every instruction set gives the words of Random, also where the counter's low half runs over") {
  const Random random(0x123456789ABCDEFull, {3, 1});
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced(target);
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{5}, (std::uint64_t{1} << 32) - 7, (std::uint64_t{9} << 33) + 1}) {
      for (const Index blocks : {0, 1, 16, 37}) {
        std::vector<std::uint32_t> words(static_cast<std::size_t>(4 * blocks) + 1, 77);
        random_words(random, first, blocks, words.data());
        for (Index i = 0; i < 4 * blocks; ++i) {
          const Random::Block block = random.block(first + static_cast<std::uint64_t>(i / 4));
          REQUIRE(words[static_cast<std::size_t>(i)] == block[static_cast<std::size_t>(i % 4)]);
        }
        CHECK(words.back() == 77);
      }
    }
  }
}

TEST_CASE("drop: begins at a block of random words") {
  const float x = 1;
  float y = 0;
  CHECK_THROWS_AS(apply_dropout(DropoutMask(0.5f, Random(1, {})), 2, 1, &x, nullptr, &y), Error);
}

}  // namespace
}  // namespace temper
