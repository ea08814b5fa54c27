#include "data/preprocessing.h"

#include <algorithm>
#include <cmath>

#include "core/base/names.h"

namespace temper::data {
namespace {

// Bytes as they are.
std::vector<float> identity_table(Index channels) {
  std::vector<float> table;
  for (Index c = 0; c < channels; ++c) {
    for (int x = 0; x < 256; ++x) table.push_back(static_cast<float>(x));
  }
  return table;
}

// x holds whole numbers 0..255. Their sums are exact, so the variance does not suffer from the subtraction.
void standardize_image(std::span<float> x) {
  const auto count = static_cast<double>(x.size());
  double sum = 0, squares = 0;
  for (const float value : x) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const double mean = sum / count;
  const double deviation = std::sqrt(std::max(0.0, (count * squares - sum * sum) / (count * count)));
  const double divisor = std::max(deviation, 1 / std::sqrt(count));
  for (float& value : x) value = static_cast<float>((value - mean) / divisor);
}

}  // namespace

Shape Preprocessing::input_shape(const Shape& image) const {
  TEMPER_CHECK(crop >= 0 && crop <= std::min(image[0], image[1]), "--crop: ", crop, " pixels of images of ", image, "; give 1-",
               std::min(image[0], image[1]), ", or 0 for the whole image");
  return crop == 0 ? image : Shape{crop, crop, image[2]};
}

Preprocessor::Preprocessor(const Preprocessing& preprocessing, const Shape& image)
    : standardization_(preprocessing.standardization), image_(image), input_shape_(preprocessing.input_shape(image)) {
  if (standardization_ == Standardization::image) {
    table_ = identity_table(image[2]);
    return;
  }
  table_ = preprocessing.normalization.table();
  TEMPER_CHECK(static_cast<Index>(table_.size()) == 256 * image[2], "preprocessing: ", image[2], " channels, but the normalisation has ",
               table_.size() / 256, "; measure it on the training part of the same set");
}

void Preprocessor::operator()(std::span<const std::uint8_t> pixels, const CropFlip& crop_flip, float* out) const {
  TEMPER_CHECK(static_cast<Index>(pixels.size()) == image_.size(), pixels.size(), " pixel bytes for an image of ", image_, "; give ",
               image_.size());
  apply_crop_flip(pixels, image_, crop_flip, table_, input_shape_, out);
  if (standardization_ == Standardization::image) standardize_image({out, static_cast<std::size_t>(input_shape_.size())});
}

std::string_view name(Standardization standardization) { return standardization == Standardization::channel ? "channel" : "image"; }

Standardization parse_standardization(std::string_view name) {
  return find_by_name(name, {Standardization::channel, Standardization::image}, "channel or image");
}

}  // namespace temper::data
