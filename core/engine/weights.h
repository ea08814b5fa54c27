// The parameters of a network as a file: PyTorch's names and axis order (see Parameter::FileLayout), so that either side reads the other's.
#pragma once

#include <string>

#include "core/engine/parameters.h"
#include "core/engine/safetensors.h"

namespace temper {

// Contains all parameters, those of kind buffer included.
TensorFile to_file(const ParameterStore& store);
void save_weights(const ParameterStore& store, const std::string& path);

// Sets every parameter of a committed store from a file, or from a file that was read before; `source` is its name in errors. All or
// nothing: throws Error naming the path and the parameter, and changes no value, when one is missing, unknown, of another shape or not
// finite. PyTorch's counters `num_batches_tracked` are ignored.
void set_weights(ParameterStore& store, const TensorFile& file, const std::string& source);
void load_weights(ParameterStore& store, const std::string& path);

}  // namespace temper
