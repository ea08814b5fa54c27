// A recipe: every setting of a training run, as data.
#pragma once

#include <cstdint>
#include <string>

#include "data/preprocessing.h"
#include "models/views.h"
#include "optim/schedule.h"

namespace temper::training {

struct Recipe {
  enum class OptimizerKind { sgd, adamw };

  Index epochs = 30;
  Index batch = 64;
  float smoothing = 0;   // alpha of label smoothing, in [0,1]
  float loss_scale = 1;  // multiplies the loss; the paper has 3 on CIFAR

  OptimizerKind optimizer = OptimizerKind::sgd;
  float learning_rate = 0.05f;
  float momentum = 0.9f;  // of SGD
  bool nesterov = true;   // of SGD with momentum
  float dampening = 0;    // of SGD without nesterov
  float weight_decay = 5e-4f;
  bool decay_norm_and_bias = false;
  float clip_norm = 0;  // largest global norm of the gradient; 0: not clipped

  optim::Schedule::Kind schedule = optim::Schedule::Kind::cosine;
  float warm_up_epochs = 0;
  std::vector<float> milestones = {};  // of the schedule `step`, in epochs

  data::Augment augment = {.random_crop = true};
  Index crop = 0;  // side of the square that the network sees, 0: the whole image. Training takes it at random, evaluation in the middle
  data::Standardization standardization = data::Standardization::channel;
  models::Views views = models::Views::one;  // of the finished model
  std::uint64_t seed = 1;

  // The settings that do well on a set without further thought: "digits", "mnist", "cifar10" or "cifar100"; anything else gets the defaults
  // above.
  static Recipe for_data(const std::string& name);

  // Throws Error "--option: ..." for values that make no sense.
  void check() const;
};

std::string_view name(Recipe::OptimizerKind kind);
Recipe::OptimizerKind optimizer_kind(std::string_view name);

}  // namespace temper::training
