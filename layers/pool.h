// Pooling: the operations of core/ops with their options, for a Sequential.
#pragma once

#include "core/ops/avg_pool.h"
#include "core/ops/max_pool.h"

namespace temper::layers {

// y(N,P,Q,C) = the largest value of each window: MaxPool({.kernel = 3, .stride = 2}).
struct MaxPool {
  explicit MaxPool(const MaxPoolOptions& window = {}) : options(window) {}
  Tensor operator()(Tensor x) const { return max_pool(std::move(x), options); }

  MaxPoolOptions options;
};

// y(N,P,Q,C) = the mean of each window.
struct AvgPool {
  explicit AvgPool(const AvgPoolOptions& window = {}) : options(window) {}
  Tensor operator()(Tensor x) const { return avg_pool(std::move(x), options); }

  AvgPoolOptions options;
};

// y(N,C) = the mean over H and W.
struct GlobalAvgPool {
  Tensor operator()(Tensor x) const { return global_avg_pool(std::move(x)); }
};

}  // namespace temper::layers
