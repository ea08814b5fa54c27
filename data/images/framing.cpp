#include "data/images/framing.h"

#include <algorithm>

#include "core/base/check.h"
#include "data/images/resize.h"

namespace temper::data {

Image cover(const Image& photo, const Framing& framing) {
  const Index height = framing.image[0] + framing.margin, width = framing.image[1] + framing.margin;
  // Whichever side would be too short if the other were right decides.
  const bool by_height = photo.width * height >= width * photo.height;
  Image covering{.height = by_height ? height : std::max(height, photo.height * width / photo.width),
                 .width = by_height ? std::max(width, photo.width * height / photo.height) : width,
                 .pixels = {}};
  if (covering.height == photo.height && covering.width == photo.width) return photo;
  TEMPER_CHECK(covering.height <= kMostPixels / covering.width, "image: ", photo.height, " x ", photo.width, " pixels become ",
               covering.height, " x ", covering.width, ", too many; cut off the long side");
  covering.pixels.resize(static_cast<std::size_t>(3 * covering.height * covering.width));
  resize(photo, whole(photo), covering.height, covering.width, covering.pixels.data());
  return covering;
}

void cut_middle(const Image& covering, const Framing& framing, std::uint8_t* out) {
  const Index height = framing.image[0], width = framing.image[1], channels = framing.image[2];
  TEMPER_CHECK(channels == 3 || channels == 1, "image: ", channels, " channels; photos have 3, or 1 as luminance");
  const Index top = (covering.height - height) / 2, left = (covering.width - width) / 2;
  for (Index y = 0; y < height; ++y) {
    const std::uint8_t* in = covering.pixels.data() + 3 * ((top + y) * covering.width + left);
    for (Index x = 0; x < width; ++x, in += 3) {
      if (channels == 1) {
        *out++ = luminance(in[0], in[1], in[2]);
      } else {
        out = std::copy_n(in, 3, out);
      }
    }
  }
}

void frame(const Image& photo, const Framing& framing, std::uint8_t* out) { cut_middle(cover(photo, framing), framing, out); }

}  // namespace temper::data
