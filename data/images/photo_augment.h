// Random changes to photos in training, before those of Augment: which part of the photo, and its colours. As Augment, they depend on
// (seed, epoch, sample) alone.
#pragma once

#include <array>
#include <cstdint>

#include "data/images/framing.h"
#include "data/images/resize.h"

namespace temper::data {

struct PhotoAugment {
  // A rectangle anywhere in the photo, its share of the area uniform in [smallest_area, largest_area] and its width : height log-uniform in
  // [3/4, 4/3], brought to the size of the image (Szegedy et al., "Going deeper with convolutions", CVPR 2015; torchvision's
  // RandomResizedCrop). Without it, the middle of the photo.
  bool random_resized_crop = false;
  float smallest_area = 0.08f, largest_area = 1;
  // Factors uniform in [1-x, 1+x], but not below 0, in random order (torchvision's ColorJitter): brightness blends with black, contrast
  // with the mean luminance of the image, saturation with each pixel's luminance.
  float brightness = 0, contrast = 0, saturation = 0;

  bool operator==(const PhotoAugment&) const = default;
};

// Whether a photo may look different in another epoch.
bool varies(const PhotoAugment& augment);

// Throws Error "--option: ..." for values that make no sense.
void check(const PhotoAugment& augment);

// What is done to one photo.
struct PhotoView {
  Region region;
  std::array<float, 3> factors{1, 1, 1};  // brightness, contrast, saturation
  std::array<int, 3> order{0, 1, 2};      // of applying them
};
PhotoView draw(const PhotoAugment& augment, const Image& photo, const Framing& framing, std::uint64_t seed, Index epoch, Index sample);

// The photo, which covers as cover() leaves it, in that view.
void show(const Image& covering, const PhotoView& view, const Framing& framing, std::uint8_t* out);  // (H,W,3)

}  // namespace temper::data
