#include "data/augment.h"

#include <algorithm>

#include "core/base/names.h"
#include "core/base/random.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kAugmentStream = 0x6175676D656E74;  // "augment": no other draws of the run are correlated with these
constexpr std::uint64_t kFirstFlip = 0x666C6970;            // "flip": the coin of alternating flips, the same in all epochs

// The window's first row or column: in the image, or in what surrounds it.
Index window_begin(Index image, Index input_shape, Index moved) { return (image - input_shape) / 2 + moved; }

// The position in 0..size-1 that a position outside shows, mirrored at the outermost pixels, again and again if need be.
Index reflected(Index position, Index size) {
  if (size == 1) return 0;
  const Index period = 2 * size - 2;
  const Index within = (position % period + period) % period;
  return std::min(within, period - within);
}

// kChannels: the channels when they are known to the compiler, else 0. A flipped row is read backwards.
template <Index kChannels>
void apply_crop_flip_as(std::span<const std::uint8_t> pixels, const Shape& image, const CropFlip& crop_flip, std::span<const float> table,
                        const Shape& input_shape, float* out) {
  const Index height = image[0], width = image[1], channels = kChannels ? kChannels : image[2];
  const Index top = window_begin(height, input_shape[0], crop_flip.dy), left = window_begin(width, input_shape[1], crop_flip.dx);
  const auto fill = [&](Index count) {
    for (; count > 0; --count) {
      for (Index c = 0; c < channels; ++c) *out++ = table[static_cast<std::size_t>(256 * c)];
    }
  };
  // Columns x' = first..last-1 of the window show the image; the columns before and after are empty.
  const Index first = std::clamp<Index>(-left, 0, input_shape[1]), last = std::clamp<Index>(width - left, first, input_shape[1]);
  for (Index y = 0; y < input_shape[0]; ++y) {
    const Index row = y + top;
    if (row < 0 || row >= height || first == last) {
      fill(input_shape[1]);
      continue;
    }
    fill(crop_flip.flip ? input_shape[1] - last : first);
    const Index start = (crop_flip.flip ? last - 1 : first) + left;
    const std::uint8_t* in = pixels.data() + (row * width + start) * channels;
    const Index step = crop_flip.flip ? -channels : channels;
    for (Index x = first; x < last; ++x, in += step) {
      for (Index c = 0; c < channels; ++c) *out++ = table[static_cast<std::size_t>(256 * c + in[c])];
    }
    fill(crop_flip.flip ? first : input_shape[1] - last);
  }
}

void apply_crop_flip_reflected(std::span<const std::uint8_t> pixels, const Shape& image, const CropFlip& crop_flip,
                               std::span<const float> table, const Shape& input_shape, float* out) {
  const Index top = window_begin(image[0], input_shape[0], crop_flip.dy), left = window_begin(image[1], input_shape[1], crop_flip.dx);
  for (Index y = 0; y < input_shape[0]; ++y) {
    const std::uint8_t* row = pixels.data() + reflected(y + top, image[0]) * image[1] * image[2];
    for (Index x = 0; x < input_shape[1]; ++x) {
      const Index column = (crop_flip.flip ? input_shape[1] - 1 - x : x) + left;
      const std::uint8_t* in = row + reflected(column, image[1]) * image[2];
      for (Index c = 0; c < image[2]; ++c) *out++ = table[static_cast<std::size_t>(256 * c + in[c])];
    }
  }
}

// A move that takes the window to any place in the image, padded by `shift`, where it fits.
Index draw_move(const Random& random, std::uint64_t number, const Augment& augment, Index image, Index input_shape) {
  const Index room = augment.random_crop ? image - input_shape : 0;
  const auto places = static_cast<std::uint32_t>(room + 2 * augment.shift + 1);
  return Index{random.below(number, places)} - augment.shift - room / 2;
}

bool draw_flip(const Augment& augment, const Random& random, std::uint64_t seed, Index epoch, Index sample) {
  if (augment.flip == Flip::none) return false;
  if (augment.flip == Flip::random) return random.below(2, 2) == 1;
  const Random coin(seed, {kAugmentStream, kFirstFlip, static_cast<std::uint64_t>(sample)});
  return (coin.below(0, 2) + static_cast<std::uint64_t>(epoch)) % 2 == 1;
}

}  // namespace

void check(const Augment& augment, const Shape& input_shape) {
  const Index side = std::min(input_shape[0], input_shape[1]);
  TEMPER_CHECK(augment.shift >= 0 && augment.shift < side, "augment: a shift by up to ", augment.shift, " pixels of images of ",
               input_shape, "; use 0-", side - 1);
}

CropFlip draw(const Augment& augment, const Shape& image, const Shape& input_shape, std::uint64_t seed, Index epoch, Index sample) {
  const Random random(seed, {kAugmentStream, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(sample)});
  return {.dy = draw_move(random, 0, augment, image[0], input_shape[0]),
          .dx = draw_move(random, 1, augment, image[1], input_shape[1]),
          .flip = draw_flip(augment, random, seed, epoch, sample),
          .padding = augment.padding};
}

bool varies(const Augment& augment, const Shape& image, const Shape& input_shape) {
  const bool cropped = input_shape[0] < image[0] || input_shape[1] < image[1];
  return augment.shift > 0 || augment.flip != Flip::none || (augment.random_crop && cropped);
}

void apply_crop_flip(std::span<const std::uint8_t> pixels, const Shape& image, const CropFlip& crop_flip, std::span<const float> table,
                     const Shape& input_shape, float* out) {
  if (crop_flip.padding == Padding::reflect) return apply_crop_flip_reflected(pixels, image, crop_flip, table, input_shape, out);
  if (image[2] == 1) return apply_crop_flip_as<1>(pixels, image, crop_flip, table, input_shape, out);
  if (image[2] == 3) return apply_crop_flip_as<3>(pixels, image, crop_flip, table, input_shape, out);
  apply_crop_flip_as<0>(pixels, image, crop_flip, table, input_shape, out);
}

std::string_view name(Flip flip) { return flip == Flip::none ? "none" : flip == Flip::random ? "random" : "alternating"; }

std::string_view name(Padding padding) { return padding == Padding::black ? "black" : "reflect"; }

Flip parse_flip(std::string_view name) {
  return find_by_name(name, {Flip::none, Flip::random, Flip::alternating}, "none, random or alternating");
}

Padding parse_padding(std::string_view name) { return find_by_name(name, {Padding::black, Padding::reflect}, "black or reflect"); }

}  // namespace temper::data
