// Network, the one virtual seam of the library: from images to logits.
#pragma once

#include "core/parameters.h"

namespace temper::models {

class Network {
 public:
  virtual ~Network() = default;

  // (N,H,W,C) images -> (N,K) logits. Training while a Tape lives, else evaluation.
  virtual Tensor operator()(Tensor images) = 0;
};

// What every network is built for.
struct NetworkSpec {
  Shape image;        // (H,W,C)
  Index classes = 0;  // K
};

}  // namespace temper::models
