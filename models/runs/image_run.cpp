#include "models/runs/image_run.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/engine/weights.h"
#include "models/networks/registry.h"
#include "models/runs/classes_file.h"
#include "models/runs/json.h"
#include "models/runs/run_file.h"
#include "models/runs/run_folder.h"

namespace temper::runs {
namespace {

namespace fs = std::filesystem;

Json to_json(const models::Model& model) {
  const Shape& image = model.spec.image;
  const data::Preprocessing& seen = model.preprocessing;
  return {{"image", {image[0], image[1], image[2]}},
          {"classes", model.class_names},
          {"normalization", {{"mean", seen.normalization.mean}, {"std", seen.normalization.std}}},
          {"preprocessing",
           {{"image", {model.framing.image[0], model.framing.image[1]}},
            {"margin", model.framing.margin},
            {"crop", seen.crop},
            {"standardize", data::name(seen.standardization)},
            {"tta", models::name(model.tta)}}}};
}

template <std::size_t kCount> std::array<Index, kCount> read_extents(const JsonNode& node, const char* key) {
  const Json& list = node.array(key);
  const bool whole = std::ranges::all_of(list, [](const Json& extent) { return extent.is_number_integer() && extent >= 1; });
  TEMPER_CHECK(whole && list.size() == kCount, node.path(key), " is not ", kCount, " counts above 0");
  return list.get<std::array<Index, kCount>>();
}

// How the model sees images. The first runs have no "preprocessing": they see whole images, normalised by channel.
void read_preprocessing(const JsonNode& node, models::Model& model) {
  data::Preprocessing& seen = model.preprocessing;
  const JsonNode normalization = node.object("normalization");
  seen.normalization = {.mean = normalization.numbers("mean"), .std = normalization.numbers("std")};
  const Shape& image = model.spec.image;
  model.framing = {image};
  if (node.has("preprocessing")) {
    const JsonNode stored = node.object("preprocessing");
    seen.crop = stored.count_or("crop");
    seen.standardization = stored.parse("standardize", data::parse_standardization);
    model.tta = stored.parse("tta", models::parse_test_time_augmentation);
    const auto sides = stored.has("image") ? read_extents<2>(stored, "image") : std::array{image[0], image[1]};
    model.framing = {{sides[0], sides[1], image[2]}, stored.count_or("margin")};
    TEMPER_CHECK(seen.input_shape(model.framing.image) == image, "the crop ", seen.crop, " of ", sides[0], " x ", sides[1],
                 " is not the image ", image);
  }
  TEMPER_CHECK(seen.crop == 0 || (seen.crop == image[0] && seen.crop == image[1]), "the crop ", seen.crop, " is not the image ", image);
  TEMPER_CHECK(static_cast<Index>(seen.normalization.mean.size()) == image[2], "the normalization is not that of ", image[2], " channels");
  seen.normalization.table();
}

models::Model read_model(const JsonNode& node, const std::string& network) {
  models::Model model;
  model.network_name = network;
  const auto image = read_extents<3>(node, "image");
  model.spec.image = {image[0], image[1], image[2]};
  model.class_names = node.texts("classes");
  model.spec.classes = static_cast<Index>(model.class_names.size());
  read_preprocessing(node, model);
  model.parameters = std::make_unique<ParameterStore>();
  model.network = models::make_network(model.network_name, model.parameters->root(), model.spec);
  model.parameters->commit({});
  return model;
}

}  // namespace

void save_run(const std::string& folder, const models::Model& model, Run& run) {
  save_weights(*model.parameters, (fs::path(folder) / "model.safetensors").string());
  if (run.classes) save_classes(folder, *run.classes);
  run.parameters = model.parameters->learned_size();
  write_run_json(folder, run, to_json(model));
}

ImageRun load_image_run(const std::string& folder, const LoadOptions& options) {
  check_finished(folder);
  TEMPER_CHECK(!fs::exists(fs::path(folder) / kSubwordsFile), folder,
               ": it is a run that translates; give it to temper translate, eval, calibrate or report");
  ImageRun loaded;
  loaded.run = read_run_json(folder, [&](const JsonNode& node, const Run& run) { loaded.model = read_model(node, run.recipe.model); });
  load_weights(*loaded.model.parameters, (fs::path(folder) / "model.safetensors").string());
  loaded.run.weights_fingerprint = loaded.model.parameters->fingerprint();
  if (options.with_calibrator) read_calibration(folder, loaded.model.spec.classes, loaded.run);
  return loaded;
}

}  // namespace temper::runs
