// Network, the one virtual seam of the library: from images to logits.
#pragma once

#include "core/parameters.h"

namespace temper::models {

class Network {
 public:
  virtual ~Network() = default;

  // (N,H,W,C) images -> (N,K) logits. Training while a Tape lives, else evaluation.
  virtual Tensor operator()(Tensor images) = 0;

  // Before training: how many training images the network wants to see, to set what is given by the data and not learned. Most want none.
  virtual Index previews() const { return 0; }
  // The first of them, (N,H,W,C) as operator() gets them. The values are a function of these images alone.
  virtual void preview(const Tensor& /*images*/) {}
};

// What every network is built for.
struct NetworkSpec {
  Shape image;        // (H,W,C)
  Index classes = 0;  // K
};

}  // namespace temper::models
