// AdamW: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019. Without weight decay it is Adam.
#pragma once

#include "optim/optimizer.h"

namespace temper::optim {

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
  bool decay_norm_and_bias = false;  // whether normalisation parameters and biases decay as well; PyTorch decays them
};

// In step t = 1, 2, ..., for every learned parameter w with gradient g, its decay d = weight_decay * decay_factor, its rate = learning_rate
// * learning_rate_factor, and moments m, v (as torch.optim.AdamW):
//   w <- w (1 - rate d)
//   m <- beta1 m + (1 - beta1) g;  v <- beta2 v + (1 - beta2) g^2
//   w <- w - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
// A parameter that got no gradient since the last step has g = 0.
// Its state: "first_moment" and "second_moment".
class AdamW final : public Optimizer {
 public:
  // Throws Error for options out of range and for a store that is not committed. Keeps a reference to the store. Allocates all its memory.
  explicit AdamW(ParameterStore& store, const AdamWOptions& options = {});

  const AdamWOptions& options() const { return options_; }

 private:
  void update(float learning_rate, double gradient_scale) override;

  AdamWOptions options_;
};

}  // namespace temper::optim
