// The safetensors format (huggingface.co/docs/safetensors): 8 bytes of header length, a JSON header, raw little-endian values. temper
// stores all tensors in this format; PyTorch, JAX and others read it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/engine/tensor.h"

namespace temper {

struct TensorFile {
  struct Entry {
    Shape shape;
    std::vector<float> values;
  };
  std::map<std::string, Entry> tensors;
  std::map<std::string, std::string> metadata;
};

// Checks every byte: throws Error naming the path, the place and the reason for a file that is truncated, has overlaps or gaps, claims more
// than it holds, or has tensors of more than four axes. All number types of the format are read and converted to F32.
TensorFile read_safetensors(const std::string& path);

// Writes F32 in the order of the names, atomically.
void write_safetensors(const std::string& path, const TensorFile& file);

}  // namespace temper
