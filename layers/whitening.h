// A first convolution that whitens image patches: it is computed from the data, not learned (Page, "How to train your ResNet", 2019;
// Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498, section 3.2).
#pragma once

#include "core/engine/parameters.h"
#include "core/kernels/window.h"

namespace temper::layers {

struct WhiteningSpec {
  Index in = 0;      // channels C
  Size2 kernel = 2;  // R x S
  double epsilon = 5e-4;
};

// y(N,H-R+1,W-S+1,2D) = conv2d(x(N,H,W,C), weight, bias) with D = R S C, the size of a patch. Parameters: weight (2D,R,S,C) of kind buffer,
// random until fit(), and bias (2D), initially 0, which is learned.
struct Whitening {
  Whitening(const ParameterStore::Scope& scope, const WhiteningSpec& spec);
  Tensor operator()(Tensor x) const;

  // Filters i and D + i become +-v_i / sqrt(lambda_i + epsilon), with lambda_i and v_i the eigenvalues, the largest first, and eigenvectors
  // of the mean of p p^T over all patches p of the images (N,H,W,C), summed in double. On these images each filter's output has a mean
  // square just under 1, and those of different i are uncorrelated. Throws Error for images that do not fit or that are not finite.
  void fit(const Tensor& images) const;

  Parameter& weight;
  Parameter& bias;
  double epsilon;
};

}  // namespace temper::layers
