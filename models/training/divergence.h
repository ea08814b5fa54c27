// Finds where values stopped being finite, for the error message of a run that diverged.
#pragma once

#include <cmath>
#include <functional>
#include <string>

#include "core/engine/parameters.h"

namespace temper::training {

// Runs `forward` and names the first layer of which a weight or the output is not finite: "conv1.weight is not finite", or "conv2d with
// conv1.weight is the first layer with a result that is not finite", or "relu after conv1.weight ...". Empty when all of them are finite.
std::string first_not_finite(const ParameterStore& store, const std::function<void()>& forward);

}  // namespace temper::training
