#include "models/training/json.h"

#include <charconv>

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

Json to_json(const Recipe& r) {
  Json milestones = Json::array();
  for (const float milestone : r.milestones) milestones.push_back(short_number(milestone));
  return {{"smoothing", short_number(r.smoothing)},
          {"loss_scale", short_number(r.loss_scale)},
          {"epochs", r.epochs},
          {"batch", r.batch},
          {"optimizer", name(r.optimizer)},
          {"lr", short_number(r.learning_rate)},
          {"schedule", optim::name(r.schedule)},
          {"warm_up_epochs", short_number(r.warm_up_epochs)},
          {"milestones", milestones},
          {"momentum", short_number(r.momentum)},
          {"nesterov", r.nesterov},
          {"dampening", short_number(r.dampening)},
          {"weight_decay", short_number(r.weight_decay)},
          {"decay_norm_and_bias", r.decay_norm_and_bias},
          {"clip", short_number(r.clip_norm)},
          {"shift", r.augment.shift},
          {"flip", data::name(r.augment.flip)},
          {"padding", data::name(r.augment.padding)},
          {"crop", r.crop},
          {"random_crop", r.augment.random_crop},
          {"standardize", data::name(r.standardization)},
          {"tta", models::name(r.views)},
          {"seed", r.seed}};
}

}  // namespace temper::training
