// Positional encodings.
#pragma once

#include "core/engine/tensor.h"

namespace temper {

struct PositionalEncodingOptions {
  float scale = 1;  // of x, before the positions are added
  Index first = 0;  // the position of the first row of every sequence
};

// The sinusoidal positional encoding of Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.5, added to x(N,L,D):
//   y(n,l,d) = scale x(n,l,d) + PE(first + l, d),   PE(p, 2i) = sin(p / 10000^(2i/D)),   PE(p, 2i+1) = cos(p / 10000^(2i/D)).
// The paper multiplies embeddings by scale = sqrt(D).
// requires: rank 3, first >= 0. gradient: dx = scale dy. Keeps nothing. In place.
Tensor add_positional_encoding(Tensor x, const PositionalEncodingOptions& options = {});

}  // namespace temper
