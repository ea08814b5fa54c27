// From the bytes of an image to the input of a network: a crop, then standardisation. It is part of the model: a trained network needs the
// same preprocessing as in training.
#pragma once

#include <optional>
#include <string_view>

#include "data/augment.h"
#include "data/normalization.h"

namespace temper::data {

enum class Standardization {
  channel,  // (x/255 - mean) / std, with the mean and std of each channel over the training set: Normalization
  image,  // (x - mean) / max(std, 1/sqrt(h w C)), with the mean and std of all x in 0..255 of this one image, after the crop: TensorFlow's
          // per_image_standardization
};

struct Preprocessing {
  Normalization normalization = {};  // of Standardization::channel
  Standardization standardization = Standardization::channel;
  Index crop = 0;  // side of the square that the network sees; 0: the whole image

  // The (h,w,C) that the network sees of images (H,W,C). Throws Error "--crop: ..." when the crop is larger than the image.
  Shape input_shape(const Shape& image) const;

  bool operator==(const Preprocessing&) const = default;
};

// A preprocessing, prepared for images of one shape.
class Preprocessor {
 public:
  // Throws Error for a crop that is larger than the image, or a normalisation of other channels.
  Preprocessor(const Preprocessing& preprocessing, const Shape& image);

  const Shape& input_shape() const { return input_shape_; }  // (h,w,C)
  // Writes the network's input (h,w,C) for the image (H,W,C), in the window of `crop_flip`, to out. Throws Error
  // for another number of bytes. Any number of threads may call it at the same time.
  void operator()(std::span<const std::uint8_t> pixels, const CropFlip& crop_flip, float* out) const;

 private:
  Standardization standardization_;
  Shape image_, input_shape_;
  std::vector<float> table_;  // (C,256)
};

// "channel", "image". The inverse throws for another name, listing these.
std::string_view name(Standardization standardization);
Standardization parse_standardization(std::string_view name);

}  // namespace temper::data
