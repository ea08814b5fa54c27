#include "models/runs/translation_run.h"

#include <filesystem>
#include <optional>

#include "core/engine/weights.h"
#include "models/runs/json.h"
#include "models/runs/run_file.h"
#include "models/runs/run_folder.h"
#include "models/training/json.h"

namespace temper::runs {
namespace {

namespace fs = std::filesystem;

std::string file_in(const std::string& folder, const char* file) { return (fs::path(folder) / file).string(); }

Json to_json(const translation::Model& model) {
  return {{"text",
           {{"nfkc", model.text.nfkc},
            {"lower_case", model.text.lower_case},
            {"vocabulary", model.subwords.size()},
            {"dropout", training::short_number(model.dropout)}}}};
}

translation::Model read_model(const JsonNode& node, const std::string& network, data::Subwords subwords) {
  const JsonNode text = node.object("text");
  TEMPER_CHECK(text.count_or("vocabulary", subwords.size()) == subwords.size(), "text.vocabulary is ", text.count_or("vocabulary"), ", ",
               kSubwordsFile, " has ", subwords.size());
  const data::TextOptions reading{.nfkc = text.flag_or("nfkc", true), .lower_case = text.flag_or("lower_case", false)};
  return translation::make_model(network, std::move(subwords), reading,
                                 static_cast<float>(text.number_or("dropout", training::Recipe::Text::kOwnDropout)), 1);
}

}  // namespace

void save_run(const std::string& folder, const translation::Model& model, Run& run) {
  model.subwords.save(file_in(folder, kSubwordsFile));
  save_weights(*model.parameters, file_in(folder, "model.safetensors"));
  run.parameters = model.parameters->learned_size();
  write_run_json(folder, run, to_json(model));
}

TranslationRun load_translation_run(const std::string& folder, const LoadOptions& options) {
  check_finished(folder);
  TEMPER_CHECK(fs::exists(file_in(folder, kSubwordsFile)), folder,
               ": it is a run that reads images; give one that was trained on text:DIR");
  data::Subwords subwords = data::Subwords::load(file_in(folder, kSubwordsFile));
  std::optional<translation::Model> model;
  Run run = read_run_json(folder,
                          [&](const JsonNode& node, const Run& read) { model = read_model(node, read.recipe.model, std::move(subwords)); });
  load_weights(*model->parameters, file_in(folder, "model.safetensors"));
  run.weights_fingerprint = model->parameters->fingerprint();
  if (options.with_calibrator) read_calibration(folder, model->subwords.size(), run);
  return {std::move(run), std::move(*model)};
}

}  // namespace temper::runs
