// Stochastic gradient descent with momentum.
#pragma once

#include "optim/optimizer.h"

namespace temper::optim {

struct SgdOptions {
  double momentum = 0;
  double dampening = 0;   // in [0, 1]
  bool nesterov = false;  // requires momentum > 0 and dampening 0
  double weight_decay = 0;
  // Whether normalisation parameters and biases decay as well. PyTorch decays them, He et al.'s and the label smoothing papers' ResNet does
  // not; we follow the papers.
  bool decay_norm_and_bias = false;
};

// For every learned parameter w with gradient g, its decay d = weight_decay * decay_factor, its rate = learning_rate *
// learning_rate_factor, and momentum buffer v (as torch.optim.SGD with a group of parameters for each pair of factors):
//   g <- g + d w                                       coupled decay: L2 regularisation
//   v <- g in the first step, then momentum v + (1 - dampening) g
//   w <- w - rate v;  Nesterov: w <- w - rate (g + momentum v);  without momentum: w <- w - rate g
// A parameter that got no gradient since the last step has g = 0: it still decays and still moves by its momentum.
// Its state: "momentum", or nothing without momentum.
class Sgd final : public Optimizer {
 public:
  // Throws Error for options out of range and for a store that is not committed. Keeps a reference to the store. Allocates all its memory.
  explicit Sgd(ParameterStore& store, const SgdOptions& options = {});

  const SgdOptions& options() const { return options_; }

 private:
  void update(float learning_rate, double gradient_scale) override;

  SgdOptions options_;
};

}  // namespace temper::optim
