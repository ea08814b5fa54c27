// temper predict

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/parallel.h"
#include "data/images/framing.h"
#include "data/images/image.h"
#include "models/calibration/softmax.h"
#include "models/runs/image_run.h"

namespace temper::app {
namespace {

struct PredictOptions {
  std::string run;
  std::vector<std::string> images;
  Index top = 5;
  bool json = false, raw = false;
};

// An image that was read, or why it could not be.
struct Reading {
  std::string path, error;
  std::vector<std::uint8_t> pixels;        // framed for the model
  std::vector<double> probabilities = {};  // (K)
};

void read(Reading& reading, const data::Framing& framing) {
  try {
    reading.pixels.resize(static_cast<std::size_t>(framing.image.size()));
    data::frame(data::read_image(reading.path), framing, reading.pixels.data());
  } catch (const Error& error) {
    reading.error = file_error_message(reading.path, error.what());
  }
}

// Reads a few images on all cores and asks the model about those that are there.
void predict(std::span<Reading> readings, const models::Model& model, const calibration::Calibrator& calibrator) {
  parallel_for(static_cast<Index>(readings.size()), 1, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) read(readings[static_cast<std::size_t>(i)], model.framing);
  });
  data::Dataset set{.name = "images", .image = model.framing.image, .pixels = {}, .labels = {}, .class_names = model.class_names};
  for (Reading& reading : readings) {
    if (!reading.error.empty()) continue;
    set.pixels.insert(set.pixels.end(), reading.pixels.begin(), reading.pixels.end());
    set.labels.push_back(0);  // unknown, and not looked at
  }
  if (set.size() == 0) return;
  const calibration::Predictions logits = models::predict(model, set);
  for (Index row = 0; Reading & reading : readings) {
    reading.pixels = {};
    if (!reading.error.empty()) continue;
    reading.probabilities.resize(model.class_names.size());
    calibrator.apply(logits.row(row++), reading.probabilities);
    calibration::softmax(std::span<const double>(reading.probabilities), 1, reading.probabilities);
  }
}

// The classes of the largest probabilities, the largest first; of equal ones the first.
std::vector<std::size_t> best_classes(const std::vector<double>& probabilities, Index count) {
  std::vector<std::size_t> classes(probabilities.size());
  std::iota(classes.begin(), classes.end(), std::size_t{0});
  std::ranges::stable_sort(classes, std::greater(), [&](std::size_t k) { return probabilities[k]; });
  classes.resize(std::min(classes.size(), static_cast<std::size_t>(count)));
  return classes;
}

std::string calibration_text(const PredictOptions& options, const runs::ImageRun& run) {
  if (options.raw) return "as the network gives them";
  if (!run.run.calibration) return fmt::format("not calibrated; next: temper calibrate {}", shell_path(options.run));
  const std::optional<double> temperature = run.run.temperature();
  return temperature ? fmt::format("calibrated with temperature {:.4g}", *temperature)
                     : fmt::format("calibrated by {}", run.run.calibration->evaluation.fitted.kind->name);
}

std::string framing_text(const data::Framing& framing) {
  const Index height = framing.image[0], width = framing.image[1];
  return fmt::format("images are resized to cover {} x {}, and the middle {} x {} is cut out{}", height + framing.margin,
                     width + framing.margin, height, width, framing.image[2] == 1 ? ", as luminance" : "");
}

void print_table(const Reading& reading, const runs::ImageRun& run, Index top) {
  print("\n{}\n", reading.path);
  Table table({"  class", "probability"});
  for (const std::size_t k : best_classes(reading.probabilities, top))
    table.row({"  " + run.model.class_names[k], percent(reading.probabilities[k])});
  print("{}", Lines{table.text()});
}

Json to_json(const Reading& reading, const runs::ImageRun& run, Index top) {
  Json classes = Json::array();
  for (const std::size_t k : best_classes(reading.probabilities, top))
    classes.push_back({{"class", run.model.class_names[k]}, {"label", k}, {"probability", reading.probabilities[k]}});
  return {{"image", reading.path}, {"classes", classes}};
}

void run(const PredictOptions& options) {
  const runs::ImageRun loaded = runs::load_image_run(options.run);
  const bool calibrated = !options.raw && loaded.run.calibration;
  const std::shared_ptr<const calibration::Calibrator> calibrator =
      calibrated ? loaded.run.calibrator() : std::shared_ptr<const calibration::Calibrator>(calibration::identity_calibrator());
  if (!options.json) print("{}: {}\n{}\n", options.run, calibration_text(options, loaded), framing_text(loaded.model.framing));

  const auto begin = std::chrono::steady_clock::now();
  const auto all = static_cast<Index>(options.images.size());
  Json images = Json::array(), errors = Json::array();
  std::vector<std::string> failed;
  constexpr std::size_t kAtOnce = 64;
  for (std::size_t start = 0; start < options.images.size(); start += kAtOnce) {
    std::vector<Reading> readings;
    for (std::size_t i = start; i < std::min(options.images.size(), start + kAtOnce); ++i) readings.push_back({options.images[i], {}, {}});
    predict(readings, loaded.model, *calibrator);
    const auto done = static_cast<Index>(start + readings.size());
    if (options.json)
      show_stage(
          fmt::format("{} of {}  {}", grouped(done), counted(all, "image"), eta(begin, done, all)));  // tables are their own progress
    for (const Reading& reading : readings) {
      if (!reading.error.empty()) {
        failed.push_back(reading.error);
        errors.push_back({{"image", reading.path}, {"error", reading.error}});
      } else if (options.json) {
        images.push_back(to_json(reading, loaded, options.top));
      } else {
        print_table(reading, loaded, options.top);
      }
    }
  }
  if (options.json) {
    clear_stage();
    const Json method = calibrated ? Json(loaded.run.calibration->evaluation.fitted.kind->name) : Json();
    const Json json{{"run", options.run}, {"calibrator", method}, {"images", images}, {"errors", errors}};
    print_json(json);
  }
  if (failed.empty()) return;
  for (std::size_t i = 0; i + 1 < failed.size(); ++i) note("temper: error: {}\n", failed[i]);
  throw Error(failed.back());
}

}  // namespace

void add_predict(CLI::App& app) {
  CLI::App* command = app.add_subcommand("predict", "Classify images, with calibrated probabilities");
  auto options = std::make_shared<PredictOptions>();
  command->add_option("run", options->run, "The folder of a run")->required()->type_name("RUN");
  command->add_option("images", options->images, "JPEG, PNG, BMP, GIF, TGA or PNM files of any size")->required()->type_name("IMAGE...");
  in_range(command->add_option("--top", options->top, "How many classes to name (default 5)"), whole(1, 1'000'000))->type_name("K");
  command->add_flag("--raw", options->raw, "The network's own probabilities, without the run's calibrator");
  add_threads_option(*command);
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      "An image is preprocessed as in evaluation: it is scaled, with its proportions, until it just covers the image size and the margin "
      "of\n"
      "the run, and its centre is cropped; a model of gray images gets its luminance. It should look like those that the model has\n"
      "learned: MNIST is white on black.\n\n"
      "An image that cannot be read is named on stderr; the others are printed all the same, and the exit code is 1.\n\n"
      "Examples:\n"
      "  temper predict runs/photos holiday/*.jpg --top 3\n"
      "  temper predict runs/lenet digit.png --raw --json");
  command->callback([options] {
    if (works_alone("temper predict")) run(*options);
  });
}

}  // namespace temper::app
