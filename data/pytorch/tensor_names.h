// Converts the tensor names of other programs.
#pragma once

#include <string>

#include "core/engine/safetensors.h"

namespace temper::data {

// Replaces a part of the names, between dots, wherever it occurs: "linear" by "fc", "layer1.0.shortcut" by "layer1.0.downsample"; an empty
// replacement leaves the part out. Throws Error when no name has the part or two names become one.
void rename_part(TensorFile& file, const std::string& part, const std::string& replacement);

// Removes the prefix of all names, such as "module." (of DataParallel) or "model." (of a class around the network), if the rest of
// one of them is `known`, the name of a tensor that the network has.
void leave_out_prefix(TensorFile& file, const std::string& known);

}  // namespace temper::data
