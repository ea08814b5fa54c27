// PyTorch's weight files, as written by torch.save(model.state_dict(), "model.pt"): a zip archive of a pickle and of raw values.
#pragma once

#include <string>

#include "core/engine/safetensors.h"

namespace temper::data {

// The tensors of a state_dict, as float32, with the names that they have there; a checkpoint that holds one, under any
// name, will do, and one that holds several, such as averages beside the weights, is refused with their names. Nothing in the file is ever
// executed (data/pytorch/pickle.h), and one that asks for more than tensors need is refused with the name of what it asks for. Tensors of
// every real and whole number type, contiguous or not, which may share memory. Throws Error naming the file and what is wrong with it:
// damage, no state_dict, a whole model, a format of before PyTorch 1.6.
TensorFile read_state_dict(const std::string& path);

// A file that torch.load reads, with weights_only=True as well, and load_state_dict with strict=True: float32, and behind every running_var
// that has none a num_batches_tracked, an int64 of 0. Atomically.
void write_state_dict(const std::string& path, const TensorFile& file);

// True for a zip archive, by its first bytes.
bool looks_like_state_dict(const std::string& path);

}  // namespace temper::data
