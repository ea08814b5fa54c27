// --threads, for every command that computes.
#pragma once

#include <CLI/CLI.hpp>

namespace temper::app {

// The number takes effect when the command line is read, before the command runs.
void add_threads_option(CLI::App& command);

}  // namespace temper::app
