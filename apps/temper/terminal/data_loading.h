// Loads data for a command, printing progress and what was skipped.
#pragma once

#include <string>

#include "data/dataset.h"

namespace temper::app {

data::Splits load_data(const std::string& spec, data::LoadOptions options);

}  // namespace temper::app
