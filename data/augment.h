// Random changes to training images. What happens to an image depends on (seed, epoch, sample) alone: not on batches, threads, ranks, or
// what was drawn before.
#pragma once

#include <cstdint>
#include <span>

#include "core/shape.h"

namespace temper::data {

// Uniform over all shifts by whole pixels up to `shift` on both axes, and over left and right when `flip`. What moves in is pixel 0
// (black), before the normalisation, as torchvision pads. "Pad by p, then crop at random", RandomCrop(32, padding=4), is the shift by up to
// p.
struct Augment {
  int shift = 0;
  bool flip = false;
};
constexpr Augment crop_flip(int padding) { return {.shift = padding, .flip = true}; }  // the CIFAR recipe, with 4
constexpr Augment shift(int pixels) { return {.shift = pixels, .flip = false}; }       // the MNIST recipe, with 2

// Throws Error unless 0 <= shift < min(H,W).
void check(const Augment& augment, const Shape& image);

// What is done to one image: out(y,x) = in(y + dy, x' + dx), where x' is W-1-x when flipped, else x.
struct Placement {
  Index dy = 0, dx = 0;
  bool flip = false;
};
Placement draw(const Augment& augment, std::uint64_t seed, Index epoch, Index sample);

// Places one image and looks its bytes up in `table`.
void place(std::span<const std::uint8_t> pixels,  // (H,W,C)
           const Shape& image, const Placement& placement,
           std::span<const float> table,  // (C,256), of Normalization::table
           float* out);                   // (H,W,C)

}  // namespace temper::data
