#include "data/augment.h"

#include <algorithm>

#include "core/check.h"
#include "core/random.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kStream = 0x6175676D656E74;  // "augment": no other draws of the run are correlated with these

// kChannels: the channels when they are known to the compiler, else 0. A flipped row is read backwards.
template <Index kChannels>
void place_as(std::span<const std::uint8_t> pixels, const Shape& image, const Placement& placement, std::span<const float> table,
              float* out) {
  const Index height = image[0], width = image[1], channels = kChannels ? kChannels : image[2];
  const auto fill = [&](Index count) {
    for (; count > 0; --count) {
      for (Index c = 0; c < channels; ++c) *out++ = table[static_cast<std::size_t>(256 * c)];
    }
  };
  // Columns x' = first..last-1 of the crop show the image; the columns before and after are empty.
  const Index first = std::max<Index>(0, -placement.dx), last = std::min(width, width - placement.dx);
  for (Index y = 0; y < height; ++y) {
    const Index row = y + placement.dy;
    if (row < 0 || row >= height) {
      fill(width);
      continue;
    }
    fill(placement.flip ? width - last : first);
    const Index start = (placement.flip ? last - 1 : first) + placement.dx;
    const std::uint8_t* in = pixels.data() + (row * width + start) * channels;
    const Index step = placement.flip ? -channels : channels;
    for (Index x = first; x < last; ++x, in += step) {
      for (Index c = 0; c < channels; ++c) *out++ = table[static_cast<std::size_t>(256 * c + in[c])];
    }
    fill(placement.flip ? first : width - last);
  }
}

}  // namespace

void check(const Augment& augment, const Shape& image) {
  const Index side = std::min(image[0], image[1]);
  TEMPER_CHECK(augment.shift >= 0 && augment.shift < side, "augment: a shift by up to ", augment.shift, " pixels of images of ", image,
               "; use 0-", side - 1);
}

Placement draw(const Augment& augment, std::uint64_t seed, Index epoch, Index sample) {
  const Random random(seed, {kStream, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(sample)});
  const auto places = static_cast<std::uint32_t>(2 * augment.shift + 1);
  return {.dy = Index{random.below(0, places)} - augment.shift,
          .dx = Index{random.below(1, places)} - augment.shift,
          .flip = augment.flip && random.below(2, 2) == 1};
}

void place(std::span<const std::uint8_t> pixels, const Shape& image, const Placement& placement, std::span<const float> table, float* out) {
  if (image[2] == 1) return place_as<1>(pixels, image, placement, table, out);
  if (image[2] == 3) return place_as<3>(pixels, image, placement, table, out);
  place_as<0>(pixels, image, placement, table, out);
}

}  // namespace temper::data
