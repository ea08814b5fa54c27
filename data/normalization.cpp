#include "data/normalization.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/check.h"

namespace temper::data {

Normalization Normalization::measure(const Dataset& train) {
  train.check();
  TEMPER_CHECK(train.size() > 0, train.name, ": no images to measure the normalisation on; use the training set");
  const auto channels = static_cast<std::size_t>(train.image.last());
  constexpr Index kMostPhotos = 5000;
  const Index images = train.photos ? std::min(kMostPhotos, train.size()) : train.size();
  std::vector<std::array<Index, 256>> counts(channels);
  std::vector<std::uint8_t> image(static_cast<std::size_t>(train.image.size()));
  for (Index i = 0; i < images; ++i) {
    train.copy_image(i * train.size() / images, image);
    for (std::size_t p = 0; p < image.size(); p += channels) {
      for (std::size_t c = 0; c < channels; ++c) ++counts[c][image[p + c]];
    }
  }
  const auto total = static_cast<double>(images * train.image.rows());
  Normalization result;
  for (const std::array<Index, 256>& count : counts) {
    double sum = 0, squares = 0;
    for (std::size_t x = 0; x < 256; ++x) sum += static_cast<double>(count[x]) * static_cast<double>(x);
    const double mean = sum / total;
    for (std::size_t x = 0; x < 256; ++x) squares += static_cast<double>(count[x]) * std::pow(static_cast<double>(x) - mean, 2);
    const bool constant = std::ranges::count(count, 0) == 255;
    result.mean.push_back(mean / 255);
    result.std.push_back(constant ? 1 : std::sqrt(squares / total) / 255);
  }
  return result;
}

std::vector<float> Normalization::table() const {
  TEMPER_CHECK(mean.size() == std.size(), "normalisation: ", mean.size(), " means but ", std.size(),
               " standard deviations; give one of each "
               "for every channel");
  std::vector<float> values;
  for (std::size_t c = 0; c < mean.size(); ++c) {
    TEMPER_CHECK(std::isfinite(mean[c]) && std::isfinite(std[c]) && std[c] > 0, "normalisation: mean ", mean[c], " and standard deviation ",
                 std[c], " of channel ", c, "; the mean must be finite and the deviation positive");
    for (int x = 0; x < 256; ++x) values.push_back(static_cast<float>((x / 255.0 - mean[c]) / std[c]));
  }
  return values;
}

}  // namespace temper::data
