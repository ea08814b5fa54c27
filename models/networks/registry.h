// The networks by name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/parameters.h"
#include "models/networks/network.h"

namespace temper::models {

struct NetworkInfo {
  std::string name;         // "mlp-H": H stands for a number
  std::string example;      // a name that make_network takes
  Shape usual_image;        // (H,W,C) of the images that it was made for
  std::string description;  // one line
};
std::vector<NetworkInfo> known_networks();

// Declares the network's parameters in `scope`. Throws Error "--model: ..." for an unknown name and for images that the network cannot
// take.
std::unique_ptr<Network> make_network(const std::string& name, const ParameterStore::Scope& scope, const NetworkSpec& spec);

// (H,W,C) of the images that a network was made for: what its speed is measured on.
Shape usual_image(const std::string& name);

}  // namespace temper::models
