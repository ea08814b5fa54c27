// temper models

#include <fmt/format.h>

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "core/json.h"
#include "models/networks/registry.h"

namespace temper::app {
namespace {

struct Options {
  std::vector<Index> image = {28, 28, 1};
  Index classes = 10;
  bool json = false;
};

void run(const Options& options) {
  TEMPER_CHECK(options.image.size() == 3, "--image: ", options.image.size(), " numbers; give height,width,channels");
  const models::NetworkSpec spec{.image = {options.image[0], options.image[1], options.image[2]}, .classes = options.classes};
  Json list = Json::array();
  Table table({"name", "parameters", "what it is"});
  for (const models::NetworkInfo& info : models::known_networks()) {
    Json entry{{"name", info.name}, {"description", info.description}};
    std::string parameters;
    try {
      ParameterStore store;
      const auto network = models::make_network(info.example, store.root(), spec);
      entry["parameters"] = store.learned_size();
      parameters = grouped(store.learned_size());
    } catch (const Error& error) {
      entry["error"] = error.what();
      parameters = "too small";
    }
    table.row({info.name, parameters, info.description});
    list.push_back(entry);
  }
  if (options.json) {
    fmt::print("{}\n", Json{{"image", options.image}, {"classes", options.classes}, {"models", list}}.dump());
  } else {
    fmt::print("For images of {}x{}x{} and {} classes:\n{}", options.image[0], options.image[1], options.image[2], options.classes,
               table.text());
  }
}

}  // namespace

void add_models(CLI::App& app) {
  CLI::App* command = app.add_subcommand("models", "List the networks and their sizes");
  auto options = std::make_shared<Options>();
  command->add_option("--image", options->image, "Image size (default 28,28,1)")->delimiter(',')->type_name("H,W,C");
  command->add_option("--classes", options->classes, "Number of classes (default 10)")->type_name("K");
  command->add_flag("--json", options->json, "Print the list as one JSON object on stdout");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
