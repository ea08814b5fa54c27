// How a photo of any size becomes an image of a set: what evaluation and `temper predict` do, and where training starts from.
#pragma once

#include <cstdint>

#include "core/shape.h"
#include "data/images/image.h"

namespace temper::data {

// The photo is made smaller or larger, its proportions kept, until it just covers (H + margin, W + margin); then the middle (H,W) is cut
// out. For a square that is "short side to S + margin, centre crop S": S = 224 with margin 32 is the usual 256 and 224.
struct Framing {
  Shape image;  // (H,W,C); C is 3, or 1 for luminance
  Index margin = 0;

  bool operator==(const Framing&) const = default;
};

// A seventh of the side, so that 224 is cut out of 256 and 299 out of 342.
constexpr Index usual_margin(Index side) { return (side + 3) / 7; }

// The photo in the size that covers; the longer side is rounded down.
Image cover(const Image& photo, const Framing& framing);

// The middle of a photo that covers. One that cannot be divided evenly loses the pixel at the lower right.
void cut_middle(const Image& covering, const Framing& framing, std::uint8_t* out);  // (H,W,C)

// Both: the photo as an evaluated model sees it.
void frame(const Image& photo, const Framing& framing, std::uint8_t* out);  // (H,W,C)

// The weights of ITU-R BT.601, in thousandths.
constexpr std::uint8_t luminance(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return static_cast<std::uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

}  // namespace temper::data
