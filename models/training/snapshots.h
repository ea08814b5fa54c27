// Weights along a training, in the folder of the run: snapshots/epoch-0012.safetensors.
#pragma once

#include <string>
#include <vector>

#include "core/engine/parameters.h"

namespace temper::training {

void save_snapshot(const std::string& run, const ParameterStore& parameters, Index epoch);

struct Snapshot {
  Index epoch = 0;
  std::string path = {};
};

std::vector<Snapshot> snapshots(const std::string& run);  // in the order of the epochs
void remove_snapshots(const std::string& run);

}  // namespace temper::training
