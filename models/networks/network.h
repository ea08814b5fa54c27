// Network, the interface of image classifiers: from images to logits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/parameters.h"

namespace temper::models {

class Network {
 public:
  virtual ~Network() = default;

  // (N,H,W,C) images -> (N,K) logits. Training while a Tape lives, else evaluation.
  virtual Tensor operator()(Tensor images) = 0;

  // The number of training images that data-dependent initialisation needs; 0 for most networks.
  virtual Index init_samples() const { return 0; }
  // Sets values that are computed from data and not learned, before training, from the first images (N,H,W,C) as operator() gets them. The
  // values are a function of these images alone.
  virtual void data_dependent_init(const Tensor& /*images*/) {}
};

// What every network needs to know.
struct NetworkSpec {
  Shape image;        // (H,W,C)
  Index classes = 0;  // K
};

// A network as `--model` names it, for the list of models/networks/registry.h.
struct NetworkKind {
  // Makes the network, its parameters in `scope`. number: the number in place of the capital letter of the name; 0 without one.
  using Factory = std::function<std::unique_ptr<Network>(const ParameterStore::Scope& scope, const NetworkSpec& spec, Index number)>;

  std::string name;                 // "lenet"; in "mlp-H" the capital letter stands for a number from 1 to 100,000
  std::string example = {};         // a name of this kind, "mlp-1200"; of a name without a number, that name
  Shape usual_image = {28, 28, 1};  // (H,W,C) of the images that it was made for: what its speed is measured on
  std::string description = {};     // one line
  Factory make;                     // throws Error "--model: ..." for images or a number that the network cannot have
};

// The factory of a network that is made from its spec alone.
template <class Made> NetworkKind::Factory factory_of() {
  return [](const ParameterStore::Scope& scope, const NetworkSpec& spec, Index) { return std::make_unique<Made>(scope, spec); };
}

}  // namespace temper::models
