// temper models

#include <fmt/format.h>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "models/networks/cost.h"
#include "models/networks/registry.h"
#include "models/networks/transformer.h"

namespace temper::app {
namespace {

struct ModelsOptions {
  std::vector<Index> image;  // empty: what each network was made for
  Index classes = 10, batch = 128;
  bool json = false;
};

constexpr Index kSubwords = 8000;  // of the networks that read text, as `temper train` learns them

std::string in_millions(Index count) { return fmt::format("{:.{}f} M", static_cast<double>(count) / 1e6, count < 100'000'000 ? 1 : 0); }
std::string in_mebibytes(std::size_t bytes) { return grouped(static_cast<Index>(bytes >> 20)) + " MiB"; }

std::pair<Json, Table> known_translators() {
  Json list = Json::array();
  Table table({"name", "what it is", "parameters"}, 2);
  for (const models::TransformerInfo& info : models::known_transformers()) {
    ParameterStore store;  // counts them without taking memory
    const models::Transformer network(store.root(), models::transformer_spec(info.name, kSubwords));
    table.row({info.name, info.description, grouped(store.learned_size())});
    list.push_back({{"name", info.name}, {"description", info.description}, {"subwords", kSubwords}, {"parameters", store.learned_size()}});
  }
  return {list, table};
}

void run(const ModelsOptions& options) {
  TEMPER_CHECK(options.image.empty() || options.image.size() == 3, "--image: ", options.image.size(),
               " numbers; give height,width,channels");
  Json list = Json::array();
  Table table({"name", "what it is", "images", "parameters", "multiply-adds", "step memory"}, 2);
  for (const models::NetworkKind& info : models::known_networks()) {
    const Shape image = options.image.empty() ? info.usual_image : Shape{options.image[0], options.image[1], options.image[2]};
    Json entry{
        {"name", info.name}, {"example", info.example}, {"image", {image[0], image[1], image[2]}}, {"description", info.description}};
    std::vector<std::string> sizes(3, "-");
    try {
      const models::Cost cost = models::cost(info.example, {.image = image, .classes = options.classes}, options.batch);
      entry["parameters"] = cost.parameters;
      entry["multiply_adds"] = cost.multiply_adds;
      entry["step_bytes"] = cost.step_bytes;
      sizes = {grouped(cost.parameters), in_millions(cost.multiply_adds), in_mebibytes(cost.step_bytes)};
    } catch (const Error& error) {
      entry["error"] = error.what();
    }
    table.row({info.example == info.name ? info.name : info.name + ", e.g. " + info.example, info.description,
               fmt::format("{}x{}x{}", image[0], image[1], image[2]), sizes[0], sizes[1], sizes[2]});
    list.push_back(entry);
  }
  const auto [translators, text] = known_translators();
  if (options.json) {
    print_json(Json{{"classes", options.classes}, {"batch", options.batch}, {"models", list}, {"translators", translators}});
  } else {
    print("For {}; a dash: not for images of that size.\n{}", counted(options.classes, "class", "classes"), Lines{table.text()});
    print("Multiply-adds: of a forward pass, an image. Step memory: of training with momentum, {} a step.\n",
          counted(options.batch, "image"));
    print("\nFor text, with {} subwords:\n{}", grouped(kSubwords), Lines{text.text()});
  }
}

}  // namespace

void add_models(CLI::App& app) {
  CLI::App* command = app.add_subcommand("models", "List the networks, with their parameters, multiply-adds and memory");
  auto options = std::make_shared<ModelsOptions>();
  in_range(command->add_option("--image", options->image, "Image size (default: that each network was made for)"), whole(1, 10'000))
      ->delimiter(',')
      ->type_name("H,W,C");
  in_range(command->add_option("--classes", options->classes, "Number of classes (default 10)"), whole(1, 100'000))->type_name("K");
  in_range(command->add_option("--batch", options->batch, "Images a step, for the memory (default 128)"), whole(2, 1'000'000))
      ->type_name("N");
  command->add_flag("--json", options->json, "Print the list as one JSON object on stdout");
  command->footer("All numbers are counted from the layers: nothing is trained, and the memory is not taken.");
  command->callback([options] {
    if (works_alone("temper models")) run(*options);
  });
}

}  // namespace temper::app
