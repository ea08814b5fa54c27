#include "apps/temper/terminal/run_summary.h"

#include <fmt/format.h>

#include <utility>

#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/metrics_text.h"
#include "apps/temper/terminal/output.h"
#include "models/calibration/metrics/json.h"

namespace temper::app {

Json with_metrics(Json known, const calibration::Metrics& val, const calibration::Metrics& test) {
  known.update(calibration::to_json(test));
  known["temperature"] = 1.0;
  known["val"] = calibration::to_json(val);
  return known;
}

void add_bleu(const translation::Score& score, Json& json) {
  json["bleu"] = score.bleu.score;
  json["bleu_signature"] = score.signature;
  json["beam"] = score.beam;
  json["length_penalty"] = score.length_penalty;
}

void print_metrics(const std::string& run, const calibration::Metrics& val, const calibration::Metrics& test, const std::string& unit) {
  for (const auto& [split, m] : {std::pair{"val", val}, std::pair{"test", test}}) {
    print("  {} ({} {}): {}\n", split, grouped(m.samples), unit, metrics_line(m));
  }
  print("  next: temper calibrate {0}; temper report {0}\n", shell_path(run));
}

}  // namespace temper::app
