#include "models/translation/run.h"

#include <filesystem>

#include "core/file.h"
#include "core/json.h"
#include "core/weights.h"
#include "models/training/json.h"
#include "models/translation/json.h"

namespace temper::translation {
namespace {

namespace fs = std::filesystem;

using training::kSubwordsFile;

Json read_run_json(const fs::path& folder) { return parse_json(read_file((folder / "run.json").string())); }

}  // namespace

Json to_json(const Score& score) {
  const Bleu& bleu = score.bleu;
  return {{"score", bleu.score},
          {"signature", score.signature},
          {"precisions", bleu.precisions},
          {"brevity_penalty", bleu.brevity_penalty},
          {"hypothesis_length", bleu.hypothesis_length},
          {"reference_length", bleu.reference_length},
          {"beam", score.beam},
          {"length_penalty", score.length_penalty}};
}

Score score_of(const Json& json) {
  return {.bleu = {.score = json.at("score"),
                   .precisions = json.at("precisions"),
                   .brevity_penalty = json.at("brevity_penalty"),
                   .hypothesis_length = json.at("hypothesis_length"),
                   .reference_length = json.at("reference_length")},
          .signature = json.at("signature"),
          .beam = json.at("beam"),
          .length_penalty = json.at("length_penalty")};
}

void save_run(const std::string& folder, const Model& model, const training::RunRecord& record, const Score& score) {
  const fs::path path(folder);
  model.subwords.save((path / kSubwordsFile).string());
  save_weights(*model.parameters, (path / "model.safetensors").string());
  const Json description{{"text",
                          {{"nfkc", model.text.nfkc},
                           {"lower_case", model.text.lower_case},
                           {"vocabulary", model.subwords.size()},
                           {"dropout", training::short_number(model.dropout)}}},
                         {"parameters", model.parameters->learned_size()},
                         {"bleu", to_json(score)}};
  write_file((path / "run.json").string(), training::run_json(record, description).dump(2) + "\n");
}

bool is_translation_run(const std::string& folder) {
  try {
    return read_run_json(folder).contains("text");
  } catch (const std::exception&) {
    return false;
  }
}

LoadedRun load_run(const std::string& folder) {
  const fs::path path(folder);
  const auto checked = [&](auto parse) {
    try {
      return parse();
    } catch (const std::exception& error) {
      throw Error(about((path / "run.json").string(), plain_words(error), "; it is damaged or not of this version; train the model again"));
    }
  };
  training::check_finished(folder);
  TEMPER_CHECK(fs::exists(path / kSubwordsFile), folder, ": it is a run that reads images; give one that was trained on text:DIR");
  data::Subwords subwords = data::Subwords::load((path / kSubwordsFile).string());
  LoadedRun run = checked([&] {
    const Json json = read_run_json(path);
    const Json &settings = json.at("settings"), &text = json.at("text");
    TEMPER_CHECK(text.at("vocabulary") == subwords.size(), "it speaks of ", text.at("vocabulary").dump(), " subwords, ", kSubwordsFile,
                 " has ", subwords.size());
    return LoadedRun{.model = make_model(settings.at("model"), std::move(subwords),
                                         {.nfkc = text.at("nfkc"), .lower_case = text.at("lower_case")}, text.at("dropout"), 1),
                     .data = settings.at("data"),
                     .recipe = training::recipe_of(settings),
                     .calibrator = {}};
  });
  load_weights(*run.model.parameters, (path / "model.safetensors").string());
  if (fs::exists(path / "calibrator.json"))
    run.calibrator = training::load_calibrator((path / "calibrator.json").string(), run.model.subwords.size());
  return run;
}

data::TextLoadOptions load_options(const training::Recipe& recipe) {
  return {.languages = recipe.text.languages,
          .val = recipe.text.val,
          .test = recipe.text.test,
          .held_out = recipe.val_size,
          .text = {.lower_case = recipe.text.lower_case}};
}

}  // namespace temper::translation
