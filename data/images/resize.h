// Resizes images.
#pragma once

#include <cstdint>

#include "data/images/image.h"

namespace temper::data {

// A rectangle of whole pixels inside an image.
struct Region {
  Index y = 0, x = 0, height = 0, width = 0;
  bool operator==(const Region&) const = default;
};
inline Region whole(const Image& image) { return {0, 0, image.height, image.width}; }

// Resizes the region to (h,w) by antialiased bilinear interpolation: a triangle filter whose half width is one pixel of the output or of
// the input, whichever is larger, so that downscaling averages instead of sampling. Outside of the region its border pixels are repeated.
// As torchvision's resize(antialias=True) of the cropped region; an unchanged size copies the bytes.
void resize(const Image& image, const Region& region, Index height, Index width, std::uint8_t* out);  // (h,w,3)

}  // namespace temper::data
