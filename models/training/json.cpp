#include "models/training/json.h"

#include <algorithm>
#include <charconv>
#include <concepts>

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

namespace {

template <class T> bool holds(const Json& json) {
  if constexpr (std::same_as<T, bool>) return json.is_boolean();
  if constexpr (std::same_as<T, Index>) return json.is_number_integer();
  if constexpr (std::same_as<T, double>) return json.is_number();
  if constexpr (std::same_as<T, std::string>) return json.is_string();
  if constexpr (requires { typename T::value_type; } && !std::same_as<T, std::string>)
    return json.is_array() && std::ranges::all_of(json, holds<typename T::value_type>);
}

template <class T> constexpr const char* kName = "a list";
template <> constexpr const char* kName<bool> = "true or false";
template <> constexpr const char* kName<Index> = "a whole number";
template <> constexpr const char* kName<double> = "a number";
template <> constexpr const char* kName<std::string> = "a text";

}  // namespace

Recipe read_recipe(const JsonNode& settings) {
  Recipe recipe;
  for (const Setting& setting : training::settings()) {
    if (!settings.has(setting.key)) continue;
    const auto stored = [&]<class T>(const T&) {
      const Json& json = settings.json().at(setting.key);
      TEMPER_CHECK(holds<T>(json), settings.path(setting.key), " is not ", kName<T>);
      return Value(json.get<T>());
    };
    const Value value = std::visit(stored, setting.read({}));
    try {
      setting.write(recipe, value);
    } catch (const Error& error) {
      throw Error(file_error_message(settings.path(setting.key), error.what()));
    }
  }
  return recipe;
}

}  // namespace temper::training
