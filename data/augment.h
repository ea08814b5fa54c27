// Random augmentation of training images. The augmentation of an image depends on (seed, epoch, sample) alone: not on batches, threads,
// ranks, or earlier draws.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/shape.h"
#include "data/images/photo_augment.h"

namespace temper::data {

// Horizontal flips: never, at random in every epoch, or at random in the first epoch and then alternating, so that any two consecutive
// epochs contain every image both ways (K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3.6).
enum class Flip { none, random, alternating };

// The padding around the image: pixel 0 (black), before the normalisation, as in torchvision, or the image reflected at its outermost
// pixels.
enum class Padding { black, reflect };

// Uniform over all shifts by whole pixels up to `shift` on both axes. "Pad by p, then crop at random", RandomCrop(32, padding=4), is the
// shift by up to p. When the network's input is a crop smaller than the image, `random_crop` takes it anywhere in the padded image; else
// the crop is that of the centre, shifted.
struct Augment {
  int shift = 0;
  Flip flip = Flip::none;
  Padding padding = Padding::black;
  bool random_crop = false;
  PhotoAugment photo = {};  // for sets of photos; applied first
};
constexpr Augment crop_flip(int padding) { return {.shift = padding, .flip = Flip::random, .random_crop = true}; }  // the CIFAR recipe, 4
constexpr Augment shift(int pixels) { return {.shift = pixels, .random_crop = true}; }                              // the MNIST recipe, 2

// Throws Error unless 0 <= shift < min(H,W) of the network's input.
void check(const Augment& augment, const Shape& input_shape);

// The augmentation of one image. The network's input is a window (h,w) of the image (H,W), centred and then moved by (dy,dx):
//   out(y,x) = in(y + (H-h)/2 + dy, x' + (W-w)/2 + dx), where x' is w-1-x when flipped, else x.
// Windows of different sizes under one placement look at the same place.
struct CropFlip {
  Index dy = 0, dx = 0;
  bool flip = false;
  Padding padding = Padding::black;
};
CropFlip draw(const Augment& augment, const Shape& image, const Shape& input_shape, std::uint64_t seed, Index epoch, Index sample);

// Returns true iff the same image may differ between epochs; if not, results that are computed from it once can be cached.
bool varies(const Augment& augment, const Shape& image, const Shape& input_shape);  // of augment.photo, see varies(PhotoAugment)

// Writes one image, cropped and flipped, with its bytes replaced by the values of `table`.
void apply_crop_flip(std::span<const std::uint8_t> pixels,  // (H,W,C)
                     const Shape& image, const CropFlip& crop_flip,
                     std::span<const float> table,           // (C,256), of Normalization::table
                     const Shape& input_shape, float* out);  // (h,w,C)

// "none", "random", "alternating"; "black", "reflect". The inverses throw for another name, listing these.
std::string_view name(Flip flip);
std::string_view name(Padding padding);
Flip parse_flip(std::string_view name);
Padding parse_padding(std::string_view name);

}  // namespace temper::data
