// Random augmentation of photos in training, before that of Augment: crops of any size, and colours. As Augment, it depends on (seed,
// epoch, sample) alone.
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

// Returns true iff a photo may differ between epochs.
bool varies(const PhotoAugment& augment);

// Throws Error "--option: ..." for invalid values.
void check(const PhotoAugment& augment);

// The augmentation of one photo.
struct PhotoView {
  Region region;
  std::array<float, 3> factors{1, 1, 1};  // brightness, contrast, saturation
  std::array<int, 3> order{0, 1, 2};      // of applying them
};
PhotoView draw(const PhotoAugment& augment, const Image& photo, const Framing& framing, std::uint64_t seed, Index epoch, Index sample);

// Writes that view of a photo which covers, see cover().
void show(const Image& covering, const PhotoView& view, const Framing& framing, std::uint8_t* out);  // (H,W,3)

}  // namespace temper::data
