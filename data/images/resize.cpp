#include "data/images/resize.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"

namespace temper::data {
namespace {

// What one output position takes of the input: the weights of the positions first, first + 1, ...
struct Taps {
  Index first = 0;
  std::vector<float> weights;
};

// For `to` output positions over `from` input positions.
std::vector<Taps> triangle_taps(Index from, Index to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double support = std::max(1.0, scale);
  std::vector<Taps> all(static_cast<std::size_t>(to));
  for (Index i = 0; i < to; ++i) {
    Taps& taps = all[static_cast<std::size_t>(i)];
    const double centre = (static_cast<double>(i) + 0.5) * scale - 0.5;
    taps.first = std::max<Index>(0, static_cast<Index>(std::ceil(centre - support)));
    const Index last = std::min(from - 1, static_cast<Index>(std::floor(centre + support)));
    double sum = 0;
    for (Index j = taps.first; j <= last; ++j) sum += 1 - std::abs(static_cast<double>(j) - centre) / support;
    for (Index j = taps.first; j <= last; ++j)
      taps.weights.push_back(static_cast<float>((1 - std::abs(static_cast<double>(j) - centre) / support) / sum));
  }
  return all;
}

void resize_row(const std::uint8_t* in, const std::vector<Taps>& columns, float* out) {
  for (const Taps& taps : columns) {
    const std::uint8_t* pixel = in + 3 * taps.first;
    float red = 0, green = 0, blue = 0;
    for (const float weight : taps.weights) {
      red += weight * static_cast<float>(pixel[0]);
      green += weight * static_cast<float>(pixel[1]);
      blue += weight * static_cast<float>(pixel[2]);
      pixel += 3;
    }
    *out++ = red;
    *out++ = green;
    *out++ = blue;
  }
}

}  // namespace

void resize(const Image& image, const Region& region, Index height, Index width, std::uint8_t* out) {
  TEMPER_CHECK(region.height >= 1 && region.width >= 1 && region.y >= 0 && region.x >= 0 && region.y + region.height <= image.height &&
                   region.x + region.width <= image.width && height >= 1 && width >= 1,
               "resize: a region of ", region.height, " x ", region.width, " at (", region.y, ",", region.x, ") of an image of ",
               image.height, " x ", image.width, " to ", height, " x ", width, "; the region must be inside the image and not empty");
  const std::size_t row_size = static_cast<std::size_t>(3 * width);
  std::vector<float> rows(static_cast<std::size_t>(region.height) * row_size);  // the right width already
  const std::vector<Taps> columns = triangle_taps(region.width, width);
  for (Index y = 0; y < region.height; ++y) {
    const std::uint8_t* in = image.pixels.data() + 3 * ((region.y + y) * image.width + region.x);
    resize_row(in, columns, rows.data() + static_cast<std::size_t>(y) * row_size);
  }
  std::vector<float> sum(row_size);
  for (const Taps& taps : triangle_taps(region.height, height)) {
    std::ranges::fill(sum, 0.5f);  // rounds
    const float* row = rows.data() + static_cast<std::size_t>(taps.first) * row_size;
    for (const float weight : taps.weights) {
      for (std::size_t i = 0; i < row_size; ++i) sum[i] += weight * row[i];
      row += row_size;
    }
    for (const float value : sum) *out++ = static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
  }
}

}  // namespace temper::data
