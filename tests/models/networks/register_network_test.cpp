// A network from outside the library: whatever ours can do, it can.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "core/ops/relu.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/study/calibration_file.h"
#include "models/networks/cost.h"
#include "models/networks/registry.h"
#include "models/runs/image_run.h"
#include "models/runs/run_folder.h"
#include "models/training/settings.h"
#include "models/training/trainer.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

using models::NetworkSpec;

// "transformer" in its name makes no network one that reads text.
constexpr const char* kName = "transformer_vit.test";

class Tiny final : public models::Network {
 public:
  Tiny(const ParameterStore::Scope& scope, const NetworkSpec& spec, Index units = 16)
      : layers_{layers::Linear(scope / "fc1", {.inputs = spec.image, .outputs = units}), relu,
                layers::Linear(scope / "fc2", {.inputs = units, .outputs = spec.classes})} {}
  Tensor operator()(Tensor images) override { return layers_(std::move(images)); }

 private:
  layers::Sequential layers_;
};

std::unique_ptr<models::Network> make_tiny(const ParameterStore::Scope& scope, const NetworkSpec& spec) {
  return std::make_unique<Tiny>(scope, spec);
}

void register_tiny() {
  static const bool once = [] {
    models::register_network(kName, make_tiny, "one hidden layer of 16 units", {8, 8, 1});
    models::register_network({.name = "tiny-H.test",
                              .example = "tiny-5.test",
                              .make = [](const ParameterStore::Scope& scope, const NetworkSpec& spec, Index units) {
                                return std::make_unique<Tiny>(scope, spec, units);
                              }});
    return true;
  }();
  static_cast<void>(once);
}

TEST_CASE("register_network: an own network trains, stops, resumes, is saved, loaded and calibrated as ours are") {
  register_tiny();
  const TemporaryFolder folder;
  const data::Splits splits = data::load("digits");
  training::Recipe recipe = training::Recipe::for_data("digits");
  recipe.model = kName;
  recipe.epochs = 1;
  recipe.check();
  CHECK_FALSE(recipe.reads_text());
  for (const training::Setting& setting : training::settings()) CHECK((setting.group != "Text" || !setting.applies_to(recipe)));

  // Trains to the end, or for so many steps, from where the folder's run was stopped.
  const auto train = [&](const std::string& run, Index stop) {
    models::Model model = models::make_model(recipe.model, splits.train, recipe.seed);
    const auto from = training::Checkpoints(run).newest([](const std::string&) {});
    Index steps = from ? from->state.step : 0;
    training::Observer observer;
    observer.on_step = [&](const training::Progress& progress) { steps = progress.step; };
    observer.stop = [&] { return stop > 0 && steps >= stop; };
    const training::RunPlan plan{.command = "train", .data = "digits", .recipe = recipe};
    runs::Run record{.command = "train", .data = "digits", .recipe = recipe, .threads = 1};
    record.val = training::train(model, splits.train, splits.val, recipe, training::cross_entropy(recipe), observer,
                                 {.run = run, .plan = plan, .resume = from ? &*from : nullptr})
                     .back()
                     .val;
    record.test = calibration::metrics(models::predict(model, splits.test));
    runs::save_run(run, model, record);
    return model;
  };
  const std::string whole = folder / "whole", parts = folder / "parts";
  static_cast<void>(runs::begin_run(whole, false));
  static_cast<void>(runs::begin_run(parts, false));
  const models::Model model = train(whole, 0);
  CHECK_THROWS_AS(train(parts, 11), training::Stopped);
  const models::Model resumed = train(parts, 0);
  const auto bytes = model.parameters->all_values().size_bytes();
  CHECK(std::memcmp(model.parameters->all_values().data(), resumed.parameters->all_values().data(), bytes) == 0);

  const calibration::Predictions val = models::predict(model, splits.val);
  const calibration::Evaluation evaluation{.fitted = calibration::fit(calibration::kTemperature, val), .before = {}, .after = {}};
  calibration::save_calibration(
      whole, {.fitted_on = "val", .measured_on = "test", .classes = 10, .samples = val.size(), .evaluation = evaluation});
  const runs::ImageRun loaded = runs::load_image_run(whole);
  CHECK(loaded.model.network_name == kName);
  CHECK(models::predict(loaded.model, splits.val).logits == val.logits);
  CHECK(loaded.run.temperature().value() > 0);
  CHECK(models::cost(kName, {.image = {8, 8, 1}, .classes = 10}, 32).parameters == 64 * 16 + 16 + 16 * 10 + 10);
}

TEST_CASE("register_network: a number in a name, what is listed, and what is refused") {
  register_tiny();
  ParameterStore store;
  models::make_network("tiny-7.test", store.root(), {.image = {2, 2, 1}, .classes = 3});
  CHECK(store.learned_size() == 4 * 7 + 7 + 7 * 3 + 3);
  CHECK(models::usual_image(kName) == Shape{8, 8, 1});
  CHECK(models::known_networks().front().name == "mlp");
  const std::vector<models::NetworkKind> known = models::known_networks();
  const auto tiny = std::ranges::find(known, "tiny-H.test", &models::NetworkKind::name);
  REQUIRE(tiny != known.end());
  CHECK(tiny->example == "tiny-5.test");
  CHECK_FALSE(models::reads_text(kName));
  CHECK(models::reads_text("transformer_small"));
  for (const char* taken : {"lenet", "mlp-7", "resnet20", "resnet18-wide", "transformer_base", kName, "tiny-9.test"})
    CHECK_THROWS_WITH_AS(models::register_network(taken, make_tiny), doctest::Contains("one of this name already"), Error);
  const auto refused = [](models::NetworkKind kind, const char* why) {
    CHECK_THROWS_WITH_AS(models::register_network(std::move(kind)), doctest::Contains(why), Error);
  };
  const models::NetworkKind& good = *tiny;
  refused({.name = "mlp-N", .example = "mlp-3", .make = good.make}, "one of this name already");
  refused({.name = "lenN", .example = "len3", .make = {}}, "there is no factory");
  refused({.name = "lenN", .make = good.make}, "no example");
  refused({.name = "lenNN", .make = good.make}, "no name for one");
  refused({.name = "my net", .make = good.make}, "no name for one");
  refused({.name = "", .make = good.make}, "no name for one");
  CHECK_THROWS_WITH_AS(models::register_network("lenN", make_tiny), doctest::Contains("give a NetworkKind"), Error);
  CHECK_THROWS_WITH_AS(models::register_network("len", nullptr), doctest::Contains("there is no factory"), Error);
}

TEST_CASE("register_network: while other threads make networks") {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 3; ++i) {
        const std::string name = str_cat("thread", t, ".", i, ".test");
        models::register_network(name, make_tiny, "", {8, 8, 1});
        ParameterStore store;
        models::make_network(name, store.root(), {.image = {8, 8, 1}, .classes = 2});
        models::make_network("lenet", store.root() / "lenet", {.image = {28, 28, 1}, .classes = 2});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace temper
