// The arenas of a training run as tensors of a file, and back bit for bit: values, momenta, averages.
//
// Each arena gives a tensor for each parameter that it covers, "momentum/block1.conv2.weight", in the parameter's shape and order in
// memory (kernels (K,R,S,C), unlike model.safetensors).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/engine/safetensors.h"
#include "optim/state.h"

namespace temper::optim {

// The names of the tensors that hold a NaN or infinity.
std::vector<std::string> not_finite(const ParameterStore& store, std::span<const StateArena> arenas);

void write_arenas(const ParameterStore& store, std::span<const StateArena> arenas, TensorFile& file);

// Sets every value of the arenas. All or nothing: throws Error naming `source` and the tensor, and changes no value, when one is missing,
// unknown, or of another shape.
void read_arenas(const ParameterStore& store, std::span<const StateArena> arenas, const TensorFile& file, const std::string& source);

}  // namespace temper::optim
