#include "models/training/json.h"

#include <charconv>

#include "models/training/settings.h"

namespace temper::training {

double short_number(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double result = value;
  std::from_chars(text, end, result);
  return result;
}

Json to_json(const calibration::Metrics& m) {
  return {{"samples", m.samples},
          {"accuracy", m.accuracy},
          {"nll", m.nll},
          {"ece", m.ece},
          {"mce", m.mce},
          {"ace", m.ace},
          {"classwise_ece", m.classwise_ece},
          {"brier", m.brier},
          {"debiased_ece", m.debiased_ece},
          {"smooth_ece", m.smooth_ece},
          {"brier_reliability", m.brier_reliability},
          {"brier_resolution", m.brier_resolution},
          {"brier_uncertainty", m.brier_uncertainty},
          {"aurc", m.aurc},
          {"auroc", m.auroc}};
}

Json to_json(std::span<const calibration::Bin> bins) {
  Json list = Json::array();
  for (const calibration::Bin& bin : bins) {
    list.push_back(
        {{"lower", bin.lower}, {"upper", bin.upper}, {"count", bin.count}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  }
  return list;
}

Json to_json(const Recipe& recipe) {
  Json json = Json::object();
  for (const Setting& setting : settings()) {
    if (setting.key == "model" || setting.for_distillation()) continue;
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
