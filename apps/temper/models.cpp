// temper models

#include <fmt/format.h>

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "core/json.h"
#include "models/networks/registry.h"

namespace temper::app {
namespace {

struct Options {
  std::vector<Index> image;  // empty: what each network was made for
  Index classes = 10;
  bool json = false;
};

void run(const Options& options) {
  TEMPER_CHECK(options.image.empty() || options.image.size() == 3, "--image: ", options.image.size(),
               " numbers; give height,width,channels");
  Json list = Json::array();
  Table table({"name", "what it is", "images", "parameters"}, 2);
  for (const models::NetworkInfo& info : models::known_networks()) {
    const Shape image = options.image.empty() ? info.usual_image : Shape{options.image[0], options.image[1], options.image[2]};
    Json entry{
        {"name", info.name}, {"example", info.example}, {"image", {image[0], image[1], image[2]}}, {"description", info.description}};
    std::string parameters = "-";
    try {
      ParameterStore store;
      const auto network = models::make_network(info.example, store.root(), {.image = image, .classes = options.classes});
      entry["parameters"] = store.learned_size();
      parameters = grouped(store.learned_size());
    } catch (const Error& error) {
      entry["error"] = error.what();
    }
    table.row({info.example == info.name ? info.name : info.name + ", e.g. " + info.example, info.description,
               fmt::format("{}x{}x{}", image[0], image[1], image[2]), parameters});
    list.push_back(entry);
  }
  if (options.json) {
    fmt::print("{}\n", Json{{"classes", options.classes}, {"models", list}}.dump());
  } else {
    fmt::print("For {} classes; a dash: not for images of that size.\n{}", options.classes, table.text());
  }
}

}  // namespace

void add_models(CLI::App& app) {
  CLI::App* command = app.add_subcommand("models", "List the networks and their sizes");
  auto options = std::make_shared<Options>();
  command->add_option("--image", options->image, "Image size (default: that each network was made for)")
      ->delimiter(',')
      ->type_name("H,W,C");
  command->add_option("--classes", options->classes, "Number of classes (default 10)")->type_name("K");
  command->add_flag("--json", options->json, "Print the list as one JSON object on stdout");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
