#include "data/images/photo_augment.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/random.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kPhotoStream = 0x70686F746F;  // "photo"
constexpr double kWidest = 4.0 / 3;                   // width : height, and its inverse

// The draws of a photo by number: kColours and kOrder first, then two for each attempt at a rectangle and two for its place.
enum Draw : std::uint64_t { kColours = 0, kOrder = 3, kPlace = 4, kAttempts = 6 };

Region middle(const Image& photo, Index height, Index width) {
  return {(photo.height - height) / 2, (photo.width - width) / 2, height, width};
}

Region random_region(const PhotoAugment& augment, const Image& photo, const Random& random) {
  const auto height = static_cast<double>(photo.height), width = static_cast<double>(photo.width);
  constexpr std::uint64_t kMost = 10;
  for (std::uint64_t attempt = 0; attempt < kMost; ++attempt) {
    const double share = augment.smallest_area + (augment.largest_area - augment.smallest_area) * random.uniform(kAttempts + 2 * attempt);
    const double ratio = std::exp((2 * random.uniform(kAttempts + 2 * attempt + 1) - 1) * std::log(kWidest));
    const auto w = static_cast<Index>(std::lround(std::sqrt(height * width * share * ratio)));
    const auto h = static_cast<Index>(std::lround(std::sqrt(height * width * share / ratio)));
    if (w < 1 || h < 1 || w > photo.width || h > photo.height) continue;
    return {random.below(kPlace, static_cast<std::uint32_t>(photo.height - h + 1)),
            random.below(kPlace + 1, static_cast<std::uint32_t>(photo.width - w + 1)), h, w};
  }
  // No rectangle fits: the largest in the middle that is not too wide or too high.
  if (width < height / kWidest) return middle(photo, static_cast<Index>(std::lround(width * kWidest)), photo.width);
  if (width > height * kWidest) return middle(photo, photo.height, static_cast<Index>(std::lround(height * kWidest)));
  return whole(photo);
}

float blend(float value, float with, float factor) { return std::clamp(factor * value + (1 - factor) * with, 0.0f, 255.0f); }

float pixel_luminance(const float* pixel) { return 0.299f * pixel[0] + 0.587f * pixel[1] + 0.114f * pixel[2]; }

// kind 0: brightness, 1: contrast, 2: saturation.
void change_colours(std::span<float> pixels, int kind, float factor) {
  float mean = 0;
  if (kind == 1) {
    double sum = 0;
    for (std::size_t i = 0; i < pixels.size(); i += 3) sum += pixel_luminance(&pixels[i]);
    mean = static_cast<float>(3 * sum / static_cast<double>(pixels.size()));
  }
  for (std::size_t i = 0; i < pixels.size(); i += 3) {
    const float with = kind == 2 ? pixel_luminance(&pixels[i]) : mean;
    for (std::size_t c = i; c < i + 3; ++c) pixels[c] = blend(pixels[c], with, factor);
  }
}

}  // namespace

bool varies(const PhotoAugment& augment) {
  return augment.random_resized_crop || augment.brightness > 0 || augment.contrast > 0 || augment.saturation > 0;
}

void check(const PhotoAugment& augment) {
  TEMPER_CHECK(augment.smallest_area > 0 && augment.smallest_area <= augment.largest_area && augment.largest_area <= 1,
               "--smallest-area: ", augment.smallest_area, " to ", augment.largest_area,
               " is not allowed; give two shares of the area in (0,1], the smaller first");
  for (const auto& [option, value] :
       {std::pair{"--brightness", augment.brightness}, {"--contrast", augment.contrast}, {"--saturation", augment.saturation}}) {
    TEMPER_CHECK(value >= 0 && std::isfinite(value), option, ": ", value, " is not allowed; give a finite number >= 0, such as 0.4");
  }
}

PhotoView draw(const PhotoAugment& augment, const Image& photo, const Framing& framing, std::uint64_t seed, Index epoch, Index sample) {
  const Random random(seed, {kPhotoStream, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(sample)});
  PhotoView view{.region = augment.random_resized_crop ? random_region(augment, photo, random)
                                                       : middle(photo, framing.image[0], framing.image[1])};
  const std::array<float, 3> strength{augment.brightness, augment.contrast, augment.saturation};
  for (std::size_t i = 0; i < 3; ++i) {
    const double low = std::max(0.0, 1.0 - strength[i]), high = 1.0 + strength[i];
    view.factors[i] = static_cast<float>(low + (high - low) * random.uniform(kColours + i));
  }
  const std::uint32_t permutation = random.below(kOrder, 6);
  for (std::uint32_t i = 0; i < permutation; ++i) std::ranges::next_permutation(view.order);
  return view;
}

void show(const Image& covering, const PhotoView& view, const Framing& framing, std::uint8_t* out) {
  resize(covering, view.region, framing.image[0], framing.image[1], out);
  if (std::ranges::all_of(view.factors, [](float factor) { return factor == 1; })) return;
  std::vector<float> pixels(out, out + framing.image.size());
  for (const int kind : view.order) change_colours(pixels, kind, view.factors[static_cast<std::size_t>(kind)]);
  std::ranges::transform(pixels, out, [](float value) { return static_cast<std::uint8_t>(value + 0.5f); });
}

}  // namespace temper::data
