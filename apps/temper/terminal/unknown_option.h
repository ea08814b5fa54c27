// A command line with an option that does not exist, or a word that has no place.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace temper::app {

// What a user is told of the first such option among the arguments, else of the first such word: "--epoch: temper train has no such option;
// did you mean --epochs? see temper train --help". Empty where there is none. Call it after the parsing has failed.
std::string describe_unknown_option(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace temper::app
