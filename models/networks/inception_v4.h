// Inception-v4 of Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", AAAI 2017, figures 3
// to 9, as TensorFlow's slim has it (nets/inception_v4.py): every convolution is followed by batch normalisation with epsilon 0.001 and
// without a scale, and ReLU; average pools leave the padding out; 0.2 of the features are dropped before the last layer.
#pragma once

#include <optional>
#include <vector>

#include "layers/linear.h"
#include "layers/sequential.h"
#include "models/networks/network.h"

namespace temper::models {

struct InceptionV4Spec : NetworkSpec {
  bool auxiliary = false;  // a second classifier behind the last B block, for training
  float dropout = 0.2f;
};

// 42,648,232 parameters (the papers' 42.65M) and 12.3 thousand million multiply-adds an image, for 1,000 classes and 299x299x3, without the
// auxiliary classifier. The PyTorch ports (timm, Cadene) say 42,679,816: they count the normalisations' 31,584 scales, which here are of
// kind buffer. The names are theirs, and so are files of weights.
class InceptionV4 final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters features.0.conv, features.0.bn, ..., features.21.branch3.1, last_linear; and auxiliary.conv0, auxiliary.conv1,
  // auxiliary.fc. Throws for images smaller than 75x75, with the auxiliary classifier 107x107.
  InceptionV4(const ParameterStore::Scope& scope, const InceptionV4Spec& spec);
  Tensor operator()(Tensor images) override;

  // slim adds 0.4 times the loss of `auxiliary`, of equal targets, to that of `logits`.
  struct Logits {
    Tensor logits, auxiliary;  // (N,K); auxiliary is empty without its classifier
  };
  Logits both(Tensor images) const;

 private:
  layers::Sequential trunk_, top_;  // up to the last B block, and on to the features
  std::optional<layers::Sequential> auxiliary_;
  layers::Sequential classifier_;
};

}  // namespace temper::models
