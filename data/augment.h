// Random changes to training images. What happens to an image depends on (seed, epoch, sample) alone: not on batches, threads, ranks, or
// what was drawn before.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/shape.h"
#include "data/images/photo_augment.h"

namespace temper::data {

// Left and right: never, by a coin in every epoch, or by a coin in the first epoch and then in turn, so that any two epochs in a row show
// every image both ways (K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3.6).
enum class Flip { none, random, alternating };

// What stands outside the image: pixel 0 (black), before the normalisation, as torchvision pads, or the image mirrored at its outermost
// pixels.
enum class Padding { black, reflect };

// Uniform over all shifts by whole pixels up to `shift` on both axes. "Pad by p, then crop at random", RandomCrop(32, padding=4), is the
// shift by up to p. When the network sees a crop that is smaller than the image, `random_crop` takes it anywhere in the image so padded;
// else it is the centre's, shifted.
struct Augment {
  int shift = 0;
  Flip flip = Flip::none;
  Padding padding = Padding::black;
  bool random_crop = false;
  PhotoAugment photo = {};  // comes first, of sets of photos
};
constexpr Augment crop_flip(int padding) { return {.shift = padding, .flip = Flip::random, .random_crop = true}; }  // the CIFAR recipe, 4
constexpr Augment shift(int pixels) { return {.shift = pixels, .random_crop = true}; }                              // the MNIST recipe, 2

// Throws Error unless 0 <= shift < min(H,W) of what the network sees.
void check(const Augment& augment, const Shape& seen);

// What is done to one image. The network sees a window (h,w) of the image (H,W), centred and then moved by (dy,dx):
//   out(y,x) = in(y + (H-h)/2 + dy, x' + (W-w)/2 + dx), where x' is w-1-x when flipped, else x.
// Windows of different sizes under one placement look at the same place.
struct Placement {
  Index dy = 0, dx = 0;
  bool flip = false;
  Padding padding = Padding::black;
};
Placement draw(const Augment& augment, const Shape& image, const Shape& seen, std::uint64_t seed, Index epoch, Index sample);

// Whether the same image may look different in another epoch: if not, what is computed from it once holds for all of them.
bool varies(const Augment& augment, const Shape& image, const Shape& seen);  // of augment.photo, see varies(PhotoAugment)

// Places one image and looks its bytes up in `table`.
void place(std::span<const std::uint8_t> pixels,  // (H,W,C)
           const Shape& image, const Placement& placement,
           std::span<const float> table,    // (C,256), of Normalization::table
           const Shape& seen, float* out);  // (h,w,C)

// "none", "random", "alternating"; "black", "reflect". The inverses throw for another name, listing these.
std::string_view name(Flip flip);
std::string_view name(Padding padding);
Flip flip(std::string_view name);
Padding padding(std::string_view name);

}  // namespace temper::data
