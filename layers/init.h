// Initial values of parameters. Every function returns an Initializer, whose values are a function of the shape and of the parameter's own
// random stream alone: they do not depend on the rest of the network, nor on the number of threads.
#pragma once

#include "core/engine/parameters.h"

namespace temper::layers {

// The connections of a weight (K,D) or kernel (K,R,S,C): `in` is D or R S C, how many inputs an output sums; `out` is K or K R S.
struct Fans {
  Index in, out;
};
Fans fans(const Shape& shape);  // throws for fewer than two axes
enum class Fan { in, out };

Initializer constant(float value);
Initializer uniform(double low, double high);
Initializer normal(double stddev);
// Normal values, redrawn until they lie within two standard deviations. `stddev` is that of the untruncated distribution, as in TensorFlow;
// the values' own is 0.8796 of it.
Initializer truncated_normal(double stddev);

// He et al., "Delving Deep into Rectifiers", ICCV 2015: variance 2 / ((1 + a^2) fan), where a is the rectifier's slope below 0, keeps the
// scale of activations (Fan::in) or of gradients (Fan::out) through the layers.
Initializer kaiming_normal(double negative_slope = 0, Fan fan = Fan::in);
Initializer kaiming_uniform(double negative_slope = 0, Fan fan = Fan::in);

// LeCun et al., "Efficient BackProp", 1998: variance 1 / fan in; truncated at two standard deviations, as TensorFlow's
// variance_scaling_initializer.
Initializer lecun_normal();

// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010: variance
// 2 / (fan in + fan out).
Initializer xavier_normal();
Initializer xavier_uniform();

// For kernels (K,R,S,C): filter k, for k < min(K,C), copies channel k at its centre, so that the convolution starts as the identity
// (PyTorch's dirac_); the other filters are initialised by `rest`.
Initializer dirac(Initializer rest = {});  // absent: default_weight()

// PyTorch's defaults of linear layers and convolutions: weights and biases uniform in +-1 / sqrt(fan in of the weight).
Initializer default_weight();
Initializer default_bias(Index fan_in);

}  // namespace temper::layers
