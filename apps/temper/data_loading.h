// Reads data for a command, with progress and with word of what was left out.
#pragma once

#include <string>

#include "data/dataset.h"

namespace temper::app {

data::Splits load_data(const std::string& spec, data::LoadOptions options);

}  // namespace temper::app
