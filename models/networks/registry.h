// The networks by name: an open list. Ours are made known by registry.cpp, each with what its file says of it; others are registered.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/networks/network.h"

namespace temper::models {

// The networks that read images, ours first, then those registered, in that order.
std::vector<NetworkKind> known_networks();

// Makes a network of yours known by its name. From then on it is trained, saved, loaded, calibrated, resumed and analysed as ours are; a
// program that loads its runs registers it first. May be called on any thread, while others make networks.
//
// requires: a name of small letters, digits, '-', '_' and '.', with at most one capital letter, which stands for a number; a factory; an
// example, when there is a number. The factory may be called on any thread and, with equal arguments, declares equal parameters.
// Throws Error for a name or an example that is known already, also of a network that reads text, and where the above is not kept.
void register_network(NetworkKind kind);
// The same for a name without a number.
using NetworkFactory = std::function<std::unique_ptr<Network>(const ParameterStore::Scope& scope, const NetworkSpec& spec)>;
void register_network(std::string name, NetworkFactory make, std::string description = "", const Shape& usual_image = {28, 28, 1});

// Declares the network's parameters in `scope`. Throws Error "--model: ..." for an unknown name and for images that the network cannot
// take.
std::unique_ptr<Network> make_network(const std::string& name, const ParameterStore::Scope& scope, const NetworkSpec& spec);

// (H,W,C) of the images that a network was made for; of an unknown one {28,28,1}.
Shape usual_image(const std::string& name);

// Returns true iff the name is that of a network that reads text: one of known_transformers(), see models/networks/transformer.h.
bool reads_text(const std::string& name);

}  // namespace temper::models
