// How a photo of any size is turned into an image of a set, for evaluation and `temper predict`, and as the input of augmentation.
#pragma once

#include <cstdint>

#include "core/base/shape.h"
#include "data/images/image.h"

namespace temper::data {

// Scales the photo, keeping its proportions, until it just covers (H + margin, W + margin), and crops the centre (H,W). For a square that
// is "short side to S + margin, centre crop S": S = 224 with margin 32 is the usual 256 and 224.
struct Framing {
  Shape image;  // (H,W,C); C is 3, or 1 for luminance
  Index margin = 0;

  bool operator==(const Framing&) const = default;
};

// A seventh of the side, so that 224 is cut out of 256 and 299 out of 342.
constexpr Index usual_margin(Index side) { return (side + 3) / 7; }

// Scales the photo until it covers; the longer side is rounded down.
Image cover(const Image& photo, const Framing& framing);

// Crops the centre of a photo that covers. Odd margins lose their extra pixel at the lower right.
void cut_middle(const Image& covering, const Framing& framing, std::uint8_t* out);  // (H,W,C)

// Both: the photo as the input of a model in evaluation.
void frame(const Image& photo, const Framing& framing, std::uint8_t* out);  // (H,W,C)

// The weights of ITU-R BT.601, in thousandths.
constexpr std::uint8_t luminance(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return static_cast<std::uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

}  // namespace temper::data
