#include "apps/temper/translation_analysis.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "apps/temper/console.h"
#include "apps/temper/translation_training.h"
#include "core/file.h"
#include "core/json.h"
#include "data/text/token_pairs.h"
#include "models/translation/evaluation.h"

namespace temper::app {

void analyze_translation(const TranslationAnalysis& options) {
  const translation::LoadedRun loaded = translation::load_run(options.run);
  const data::TextSplits splits = load_text(options.data.empty() ? loaded.data : options.data, loaded.recipe);
  const data::TokenPairs pairs = data::tokenise(splits.test, loaded.model.subwords, kLongestMeasured);
  const auto start = std::chrono::steady_clock::now();
  const std::vector<translation::TemperaturePoint> curve = translation::temperature_curve(
      loaded.model, splits.test, pairs, options.temperatures, {.on_progress = [&](Index done, Index all) {
        show_stage(fmt::format("translating: {} of {} sentences  {}", grouped(done), grouped(all), eta(start, done, all)));
      }});
  clear_stage();
  Json json{{"run", options.run}, {"sentences", splits.test.size()}, {"temperature_curve", Json::array()}};
  Table table({"T", "BLEU", "NLL", "ECE"}, 0);
  for (const translation::TemperaturePoint& p : curve) {
    json["temperature_curve"].push_back({{"temperature", p.temperature}, {"bleu", p.bleu}, {"nll", p.nll}, {"ece", p.ece}});
    table.row(
        {fmt::format("{:.4g}", p.temperature), fmt::format("{:.2f}", p.bleu), fmt::format("{:.4f}", p.nll), fmt::format("{:.4f}", p.ece)});
  }
  if (!options.out.empty()) {
    make_folder(options.out);
    write_file((std::filesystem::path(options.out) / "analysis.json").string(), json.dump(2) + "\n");
  }
  if (options.json)
    fmt::print("{}\n", json.dump());
  else
    fmt::print("{}", table.text());
}

}  // namespace temper::app
