// A setting of a recipe as an option of the command line.
#pragma once

#include <CLI/CLI.hpp>

#include "models/training/settings.h"

namespace temper::app {

CLI::Option* add_option(CLI::App& group, const training::Setting& setting);

// Sets what the option was given, where it was given; an Error speaks of the option.
void set_given(training::Recipe& recipe, const training::Setting& setting, const CLI::Option& option);

}  // namespace temper::app
