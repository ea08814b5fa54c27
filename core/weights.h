// The parameters of a network as a file: PyTorch's names and axis order (see Parameter::FileLayout), so that either side reads the other's.
#pragma once

#include <string>

#include "core/parameters.h"
#include "core/safetensors.h"

namespace temper {

// All parameters, state included.
TensorFile to_file(const ParameterStore& store);
void save_weights(const ParameterStore& store, const std::string& path);

// Sets every parameter of a committed store from a file, or from what was read of one; `source` is its name in errors. All or nothing:
// throws Error naming the path and the parameter when one is missing, unknown, of another shape or not finite, and changes no value then.
// PyTorch's counters `num_batches_tracked` are passed over.
void set_weights(ParameterStore& store, const TensorFile& file, const std::string& source);
void load_weights(ParameterStore& store, const std::string& path);

}  // namespace temper
