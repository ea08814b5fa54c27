// temper data

#include <fmt/format.h>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/data_loading.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "data/normalization.h"
#include "data/sources.h"
#include "data/text/text_splits.h"

namespace temper::app {
namespace {

struct DataOptions {
  std::string spec;
  Index image_size = 0;
  bool json = false, skip_damaged = false;
};

std::string describe_sources() {
  constexpr int kWidth = 14;
  std::string text;
  for (const data::DataSource* source : data::data_sources()) {
    for (const auto& [spec, description] : source->forms) {
      if (spec.empty()) continue;
      std::string_view rest = description;
      text += fmt::format("{:<{}}", spec, kWidth);
      for (std::size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
        text += fmt::format("{}\n{:{}}", rest.substr(0, end), "", kWidth);
        rest.remove_prefix(end + 1);
      }
      text += fmt::format("{}\n", rest);
    }
  }
  return text + "\n`temper data SPEC` reads a set, checks every file and describes it.\n";
}

std::vector<Index> class_counts(const data::Dataset& set) {
  std::vector<Index> counts(static_cast<std::size_t>(set.classes()));
  for (const std::int32_t label : set.labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

void print_photos(const data::Photos& photos, const data::SkippedFiles& skipped) {
  const data::Framing& framing = photos.framing();
  print("pictures cover {} x {}, of which the middle {} x {} is cut out; {} of {} are kept in memory, {:.1f} MiB\n",
        framing.image[0] + framing.margin, framing.image[1] + framing.margin, framing.image[0], framing.image[1], grouped(photos.kept()),
        grouped(photos.size()), static_cast<double>(photos.kept_bytes()) / (1 << 20));
  const std::string left_out = data::describe(skipped);
  print("left out: {}\n", left_out.empty() ? "nothing" : left_out);
}

Json to_json(const data::Photos& photos, const data::SkippedFiles& skipped) {
  return {{"files", photos.size()},
          {"kept", photos.kept()},
          {"kept_bytes", photos.kept_bytes()},
          {"margin", photos.framing().margin},
          {"skipped",
           {{"hidden", skipped.hidden},
            {"foreign", skipped.foreign},
            {"outside", skipped.outside},
            {"links", skipped.links},
            {"damaged", skipped.damaged}}}};
}

void run_text(const DataOptions& options) {
  const data::TextSplits splits = data::load_text(options.spec);
  Json json{{"data", options.spec}};
  Table table({"part", "the first pair", "pairs", "without text"}, 2);
  for (const auto& [name, corpus] : {std::pair{"train", &splits.train}, {"val", &splits.val}, {"test", &splits.test}}) {
    Index empty = 0;
    for (std::size_t i = 0; i < corpus->source.size(); ++i) empty += corpus->source[i].empty() || corpus->target[i].empty();
    json[name] = {{"name", corpus->name}, {"pairs", corpus->size()}, {"without_text", empty}};
    table.row({name, corpus->source.front() + " = " + corpus->target.front(), grouped(corpus->size()), grouped(empty)});
  }
  if (options.json) {
    print_json(json);
  } else {
    print("{}: sentences and their translations\n{}", options.spec, Lines{table.text()});
  }
}

void run(const DataOptions& options) {
  if (options.spec.empty()) {
    TEMPER_CHECK(!options.json, "--json: there is nothing to print without SPEC; add one, e.g. digits");
    print("{}", Lines{describe_sources()});
    return;
  }
  if (data::is_text(options.spec)) return run_text(options);
  const data::Splits splits = load_data(options.spec, {.image_size = options.image_size, .skip_damaged = options.skip_damaged});
  const data::Normalization normalization = data::Normalization::measure(splits.train);
  const Shape& image = splits.train.image;
  const data::Photos* photos = splits.train.photos.get();
  if (options.json) {
    Json json{{"data", options.spec}, {"image", {image[0], image[1], image[2]}}, {"classes", splits.train.class_names}};
    for (const auto& [name, set] : {std::pair{"train", &splits.train}, {"val", &splits.val}, {"test", &splits.test}}) {
      json[name] = {{"samples", set->size()}, {"class_counts", class_counts(*set)}};
    }
    json["normalization"] = {{"mean", normalization.mean}, {"std", normalization.std}};
    if (photos) json["photos"] = to_json(*photos, splits.train.skipped);
    print_json(json);
    return;
  }
  print("{}: images of {}x{}x{}, {}\n", options.spec, image[0], image[1], image[2], counted(splits.train.classes(), "class", "classes"));
  Table table({"class", "train", "val", "test"});
  const auto train = class_counts(splits.train), val = class_counts(splits.val), test = class_counts(splits.test);
  for (std::size_t k = 0; k < train.size(); ++k)
    table.row({splits.train.class_names[k], grouped(train[k]), grouped(val[k]), grouped(test[k])});
  table.row({"all", grouped(splits.train.size()), grouped(splits.val.size()), grouped(splits.test.size())});
  print("{}", Lines{table.text()});
  if (photos) print_photos(*photos, splits.train.skipped);
}

}  // namespace

void add_data(CLI::App& app) {
  CLI::App* command = app.add_subcommand("data", "List the data sets that can be read, or describe one");
  auto options = std::make_shared<DataOptions>();
  command->add_option("spec", options->spec, data::list_specs())->type_name("SPEC");
  in_range(command->add_option("--image-size", options->image_size, "Side of the images of a folder (default: as in temper train)"),
           whole(1, 10'000))
      ->type_name("S");
  command->add_flag("--skip-bad-images", options->skip_damaged, "Leave out pictures that cannot be decoded");
  command->add_flag("--json", options->json, "Print what is in SPEC as one JSON object on stdout");
  command->callback([options] {
    if (works_alone("temper data")) run(*options);
  });
}

}  // namespace temper::app
