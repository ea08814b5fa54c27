// Running statistics of a normalisation, as its layer owns them.
#pragma once

#include <vector>

#include "core/ops/batch_norm.h"

namespace temper {

struct Running {
  std::vector<float> mean, variance;

  explicit Running(Index channels) : mean(static_cast<std::size_t>(channels), 0.0f), variance(static_cast<std::size_t>(channels), 1.0f) {}
  RunningStatistics views() {
    const Shape shape{static_cast<Index>(mean.size())};
    return {{mean.data(), shape}, {variance.data(), shape}};
  }
};

}  // namespace temper
