#include "apps/temper/terminal/unknown_option.h"

#include <algorithm>

#include "core/base/names.h"

namespace temper::app {
namespace {

// The names of all options, those of groups too: "--epochs", "--no-flip".
void add_names(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_fnames()) names.push_back("--" + name);
  }
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); })) add_names(*group, names);
}

}  // namespace

std::string describe_unknown_option(const CLI::App& app, const std::vector<std::string>& arguments) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  const CLI::App& command = commands.empty() ? app : *commands.front();
  const std::string whole = commands.empty() ? "temper" : "temper " + command.get_name();
  std::vector<std::string> names;
  add_names(command, names);
  const std::vector<std::string> left_over = app.remaining(true);
  const auto is_left_over = [&](const std::string& argument) { return std::ranges::count(left_over, argument) > 0; };
  const auto is_unknown = [&](const std::string& argument) {
    return argument.size() > 1 && argument.starts_with('-') && is_left_over(argument) && std::ranges::count(names, argument) == 0;
  };
  const auto option = std::ranges::find_if(arguments, is_unknown);
  if (option != arguments.end()) {
    const std::string name = option->substr(0, option->find('='));
    const std::string said = name.starts_with("--") ? name : "-" + name;  // -epochs
    return str_cat(name, ": ", whole, " has no such option; ", did_you_mean(said, names), "see ", whole, " --help");
  }
  const auto word = std::ranges::find_if(arguments, is_left_over);
  return word == arguments.end() ? "" : str_cat(*word, ": ", whole, " has no place for it; leave it out, or see ", whole, " --help");
}

}  // namespace temper::app
