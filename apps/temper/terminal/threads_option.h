// --threads, for every command that computes.
#pragma once

#include <CLI/CLI.hpp>

namespace temper::app {

// The number takes effect when the command line is read, before the command runs. together: the ranks of a launcher share the work, so they
// are joined first.
enum class Ranks { alone, together };
void add_threads_option(CLI::App& command, Ranks ranks = Ranks::alone);

// Computes on so many threads from here on. Throws Error "--threads: ..."; warns where there are fewer cores for them.
void use_threads(int count);

}  // namespace temper::app
