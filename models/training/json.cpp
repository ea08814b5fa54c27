#include "models/training/json.h"

#include <charconv>

#include "models/calibration/metrics/json.h"
#include "models/training/settings.h"

namespace temper::training {

double short_number(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double result = value;
  std::from_chars(text, end, result);
  return result;
}

Json to_json(const RunState& state) {
  const RunningEpoch& running = state.running;
  Json json{{"step", state.step},
            {"batches", state.batches},
            {"running",
             {{"learning_rate", running.learning_rate},
              {"loss", running.loss},
              {"correct", running.correct},
              {"images", running.samples},
              {"seconds", running.seconds}}},
            {"epochs", Json::array()},
            {"seconds", state.seconds}};
  for (const EpochRecord& epoch : state.epochs) {
    json["epochs"].push_back({{"epoch", epoch.epoch},
                              {"learning_rate", epoch.learning_rate},
                              {"train_loss", epoch.train_loss},
                              {"train_accuracy", epoch.train_accuracy},
                              {"val", to_json(epoch.val)},
                              {"seconds", epoch.seconds},
                              {"images_per_second", epoch.samples_per_second}});
  }
  return json;
}

RunState run_state(const Json& json) {
  const Json& running = json.at("running");
  RunState state{.step = json.at("step"),
                 .batches = json.at("batches"),
                 .running = {.learning_rate = running.at("learning_rate"),
                             .loss = running.at("loss"),
                             .correct = running.at("correct"),
                             .samples = running.at("images"),
                             .seconds = running.at("seconds")},
                 .seconds = json.at("seconds")};
  for (const Json& epoch : json.at("epochs")) {
    state.epochs.push_back({.epoch = epoch.at("epoch"),
                            .learning_rate = epoch.at("learning_rate"),
                            .train_loss = epoch.at("train_loss"),
                            .train_accuracy = epoch.at("train_accuracy"),
                            .val = calibration::read_metrics(JsonNode(epoch.at("val"), "val")),
                            .seconds = epoch.at("seconds"),
                            .samples_per_second = epoch.at("images_per_second")});
  }
  return state;
}

Json to_json(const Recipe& recipe) {
  Json json = Json::object();
  for (const Setting& setting : settings()) {
    if (setting.key == "model" || setting.for_distillation() || !setting.applies_to(recipe)) continue;
    json[setting.key] = std::visit([](const auto& value) { return Json(value); }, setting.read(recipe));
  }
  return json;
}

Recipe recipe_of(const Json& json) {
  Recipe recipe;
  for (const Setting& setting : settings()) {
    if (!json.contains(setting.key)) continue;
    setting.write(recipe, std::visit([&]<class T>(const T&) { return Value(json.at(setting.key).get<T>()); }, setting.read({})));
  }
  return recipe;
}

}  // namespace temper::training
