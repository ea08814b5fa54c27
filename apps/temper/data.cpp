// temper data

#include <fmt/format.h>

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "core/json.h"
#include "data/normalization.h"

namespace temper::app {
namespace {

struct Options {
  std::string spec;
  bool json = false;
};

constexpr auto kSpecs =
    "digits        1,797 handwritten digits of 8x8 pixels, built into the program\n"
    "mnist:DIR     MNIST or a set in its format: four IDX files, plain or .gz\n"
    "cifar10:DIR   CIFAR-10, binary version: data_batch_1..5.bin and test_batch.bin\n"
    "cifar100:DIR  CIFAR-100, binary version: train.bin and test.bin\n\n"
    "`temper data SPEC` reads a set, checks every file and says what is in it.\n";

std::vector<Index> class_counts(const data::Dataset& set) {
  std::vector<Index> counts(static_cast<std::size_t>(set.classes()));
  for (const std::int32_t label : set.labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

void run(const Options& options) {
  if (options.spec.empty()) {
    TEMPER_CHECK(!options.json, "--json: there is nothing to print without SPEC; add one, e.g. digits");
    fmt::print("{}", kSpecs);
    return;
  }
  const data::Splits splits = data::load(options.spec);
  const data::Normalization normalization = data::Normalization::measure(splits.train);
  const Shape& image = splits.train.image;
  if (options.json) {
    Json json{{"data", options.spec}, {"image", {image[0], image[1], image[2]}}, {"classes", splits.train.class_names}};
    for (const auto& [name, set] : {std::pair{"train", &splits.train}, {"val", &splits.val}, {"test", &splits.test}}) {
      json[name] = {{"samples", set->size()}, {"class_counts", class_counts(*set)}};
    }
    json["normalization"] = {{"mean", normalization.mean}, {"std", normalization.std}};
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{}: images of {}x{}x{}, {} classes\n", options.spec, image[0], image[1], image[2], splits.train.classes());
  Table table({"class", "train", "val", "test"});
  const auto train = class_counts(splits.train), val = class_counts(splits.val), test = class_counts(splits.test);
  for (std::size_t k = 0; k < train.size(); ++k)
    table.row({splits.train.class_names[k], grouped(train[k]), grouped(val[k]), grouped(test[k])});
  table.row({"all", grouped(splits.train.size()), grouped(splits.val.size()), grouped(splits.test.size())});
  fmt::print("{}", table.text());
}

}  // namespace

void add_data(CLI::App& app) {
  CLI::App* command = app.add_subcommand("data", "List the data sets that can be read, or look into one");
  auto options = std::make_shared<Options>();
  command->add_option("spec", options->spec, "digits, mnist:DIR, cifar10:DIR or cifar100:DIR")->type_name("SPEC");
  command->add_flag("--json", options->json, "Print what is in SPEC as one JSON object on stdout");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
