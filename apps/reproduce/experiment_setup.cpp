#include "apps/reproduce/experiment_setup.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/names.h"

namespace temper::reproduce {
namespace {

constexpr std::pair<Scale, std::string_view> kNames[]{{Scale::quick, "quick"}, {Scale::short_schedules, "short"}, {Scale::paper, "paper"}};

ExperimentSetup quick() {
  const Training mlp{.key = "mlp", .title = "MLP", .options = {"--model", "mlp", "--epochs", "12"}, .minutes = 0.01};
  return {
      .scale = Scale::quick,
      .pictures = "digits",
      .digits = "digits",
      .pictures_title = "1,797 digits",
      .digits_title = "1,797 digits",
      .schedule = "Small networks on 1,197 training images for a dozen epochs: a rehearsal of every part, too small to decide much.",
      .small = mlp,
      .large = {.key = "cnn", .title = "CNN", .options = {"--model", "cnn", "--epochs", "12", "--snapshot-every", "2"}, .minutes = 0.03},
      .student = mlp,
      .mnist_teacher = {.key = "cnn", .title = "CNN", .options = {"--model", "cnn", "--epochs", "12"}, .minutes = 0.03},
      .mnist_student = mlp,
      .mnist_distillation = {"--form", "logits", "--beta", "0.6", "--clip", "1"},
      .table_alphas = {0, 0.05, 0.1},
      .teacher_alphas = {0, 0.3, 0.6},
      .temperatures = {1, 2, 4},
      .table_seeds = 3,
      .large_seeds = 3,
      .student_seeds = 2,
      .mnist_seeds = 3};
}

ExperimentSetup short_schedules(const std::string& data) {
  return {
      .scale = Scale::short_schedules,
      .pictures = "cifar10:" + data + "/cifar-10-batches-bin",
      .digits = "mnist:" + data + "/mnist",
      .text = "text:" + data + "/multi30k",
      .pictures_title = "CIFAR-10",
      .digits_title = "MNIST",
      .schedule =
          "Short schedules: AlexNet 40 epochs (the paper: 1,248), ResNet-20 20 epochs instead of ResNet-56 and 205, students of figure 5 "
          "12, with three times the loss as in all of the paper's, MNIST 20 (the paper: 100), a small Transformer 30 on Multi30k (the "
          "paper: transformer_base on WMT). 45,000 images are "
          "trained on, 5,000 held out for the temperature, results are those of the "
          "10,000 test images; the paper trains on 40,000 and reports the 10,000 held out.",
      .small = {.key = "alexnet", .title = "AlexNet", .options = {"--recipe", "fast-alexnet"}, .minutes = 20},
      .large = {.key = "resnet20",
                .title = "ResNet-20",
                .options = {"--recipe", "fast-resnet", "--epochs", "20", "--snapshot-every", "2"},
                .minutes = 22},
      .student = {.key = "alexnet",
                  .title = "AlexNet",
                  .options = {"--recipe", "fast-alexnet", "--epochs", "12", "--loss-scale", "3"},
                  .minutes = 6},
      .unscaled_student = {.key = "alexnet-x1",
                           .title = "AlexNet",
                           .options = {"--recipe", "fast-alexnet", "--epochs", "12"},
                           .minutes = 6},
      .mnist_teacher = {.key = "mlp1200",
                        .title = "MLP 1200-1200",
                        .options = {"--recipe", "paper-mnist-teacher", "--epochs", "20"},
                        .minutes = 3.5},
      .mnist_student = {.key = "mlp800",
                        .title = "MLP 800-800",
                        .options = {"--recipe", "paper-mnist-student", "--epochs", "20"},
                        .minutes = 2},
      .translator = {.key = "transformer", .title = "Transformer, small", .options = {"--recipe", "multi30k"}, .minutes = 50},
      .table_alphas = {0, 0.05, 0.1},
      .teacher_alphas = {0, 0.1, 0.3, 0.6},
      .temperatures = {1, 2, 4, 8},
      .text_temperatures = {0.5, 0.75, 1, 1.25, 1.5, 2},
      .table_seeds = 2,
      .large_seeds = 2,
      .student_seeds = 2,
      .mnist_seeds = 3,
      .text_seeds = 2};
}

ExperimentSetup papers(const std::string& data) {
  ExperimentSetup result = short_schedules(data);
  result.scale = Scale::paper;
  result.schedule =
      "The paper's schedules, on CIFAR-10: 390,000 steps of AlexNet, 64,000 of ResNet-56, 100 epochs of MNIST. 40,000 images are trained "
      "on, 10,000 held out for the temperature, results are those of the 10,000 test images.";
  result.small = {.key = "alexnet", .title = "AlexNet", .options = {"--recipe", "paper-alexnet"}, .minutes = 400};
  result.student = result.small;
  result.unscaled_student = {};
  result.large = {
      .key = "resnet56", .title = "ResNet-56", .options = {"--recipe", "paper-resnet56", "--snapshot-every", "10"}, .minutes = 700};
  result.mnist_teacher.options = {"--recipe", "paper-mnist-teacher"};
  result.mnist_student.options = {"--recipe", "paper-mnist-student"};
  result.teacher_alphas = {0, 0.15, 0.3, 0.45, 0.6, 0.75};
  result.temperatures = {1, 2, 3, 4, 8, 12, 16};
  result.table_seeds = result.large_seeds = result.student_seeds = result.mnist_seeds = 5;
  return result;
}

}  // namespace

std::string_view name(Scale scale) { return std::ranges::find(kNames, scale, &std::pair<Scale, std::string_view>::first)->second; }

Scale parse_scale(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &std::pair<Scale, std::string_view>::second);
  TEMPER_CHECK(found != std::end(kNames), "--scale: ", name, " is not known; ",
               did_you_mean(name, kNames, [](const auto& known) { return known.second; }), "give quick, short or paper");
  return found->first;
}

ExperimentSetup experiment_setup(Scale scale, const std::string& data_folder) {
  TEMPER_CHECK(scale == Scale::quick || !data_folder.empty(), "--data: the ", name(scale),
               " scale trains on MNIST and CIFAR-10; give the folder that data/fetch.sh laid them out in");
  switch (scale) {
    case Scale::quick:
      return quick();
    case Scale::short_schedules:
      return short_schedules(data_folder);
    case Scale::paper:
      break;
  }
  return papers(data_folder);
}

}  // namespace temper::reproduce
