// The cost of a network: counted in a dry run, not measured.
#pragma once

#include <cstddef>
#include <string>

#include "models/networks/network.h"

namespace temper::models {

struct Cost {
  Index parameters = 0;        // learned
  Index multiply_adds = 0;     // of a forward pass, an image
  std::size_t step_bytes = 0;  // memory of a training step with momentum: images, parameters, gradients, momentum, and the most that
                               // forward and backward hold at a time; without the scratch memory of the kernels, some MiB a thread
};

// Throws Error "--model: ..." for a name that is not known or cannot take the images. Other threads must not use the MemoryPool meanwhile.
Cost cost(const std::string& network, const NetworkSpec& spec, Index batch);

}  // namespace temper::models
