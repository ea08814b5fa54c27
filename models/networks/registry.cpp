#include "models/networks/registry.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "models/networks/airbench.h"
#include "models/networks/alexnet.h"
#include "models/networks/cnn.h"
#include "models/networks/inception_v4.h"
#include "models/networks/lenet.h"
#include "models/networks/mlp.h"
#include "models/networks/resnet.h"
#include "models/networks/wide_resnet.h"

namespace temper::models {
namespace {

// The number in 1..100000 between `prefix` and `suffix`, if the name is those and nothing else: 1200 of "mlp-1200", 56 of "resnet56-wide".
std::optional<Index> number_in(std::string_view name, std::string_view prefix, std::string_view suffix = "") {
  if (!name.starts_with(prefix) || !name.substr(prefix.size()).ends_with(suffix)) return std::nullopt;
  name = name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
  Index number = 0;
  const auto [stopped, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = error == std::errc{} && stopped == name.data() + name.size();
  return whole && number >= 1 && number <= 100'000 ? std::optional(number) : std::nullopt;
}

}  // namespace

std::vector<NetworkInfo> known_networks() {
  return {{"mlp", "mlp", {28, 28, 1}, "two hidden layers of 128 units"},
          {"mlp-H", "mlp-1200", {28, 28, 1}, "two hidden layers of H units; mlp-1200 is the paper's MNIST teacher, mlp-800 its student"},
          {"cnn", "cnn", {28, 28, 1}, "three 3x3 convolutions with batch normalisation, for images from 4x4 up"},
          {"lenet", "lenet", {28, 28, 1}, "LeNet-5 with ReLU and max pooling, for images from 12x12 up"},
          {"alexnet", "alexnet", {24, 24, 3}, "the paper's CIFAR-10 AlexNet: two 5x5 convolutions with local response normalisation"},
          {"resnetD", "resnet20", {32, 32, 3}, "the CIFAR ResNet of depth D = 6 n + 2 with 16, 32 and 64 channels (He et al. 2016)"},
          {"resnetD-wide",
           "resnet56-wide",
           {32, 32, 3},
           "the same with 32, 64 and 128 channels, normalised before each convolution; resnet56-wide is the paper's teacher"},
          {"airbench", "airbench", {32, 32, 3}, "for speed records on CIFAR-10: a whitening layer and six 3x3 convolutions (Jordan 2024)"},
          {"inception_v4", "inception_v4", {299, 299, 3}, "Inception-v4, for photographs from 75x75 up (Szegedy et al. 2016)"}};
}

std::unique_ptr<Network> make_network(const std::string& name, const ParameterStore::Scope& scope, const NetworkSpec& spec) {
  TEMPER_CHECK(spec.image.rank() == 3 && spec.image.size() >= 1 && spec.classes >= 1, "network ", name, ": images of ", spec.image, " and ",
               spec.classes, " classes; it needs (H,W,C) and at least one class");
  if (name == "lenet") return std::make_unique<LeNet>(scope, spec);
  if (name == "cnn") return std::make_unique<Cnn>(scope, spec);
  if (name == "alexnet") return std::make_unique<AlexNet>(scope, spec);
  if (name == "airbench") return std::make_unique<Airbench>(scope, spec);
  if (name == "inception_v4") return std::make_unique<InceptionV4>(scope, InceptionV4Spec{spec});
  if (name == "mlp") return std::make_unique<Mlp>(scope, MlpSpec{spec});
  if (const auto units = number_in(name, "mlp-")) return std::make_unique<Mlp>(scope, MlpSpec{spec, {*units, *units}});
  if (const auto depth = number_in(name, "resnet")) return std::make_unique<ResNet>(scope, ResNetSpec{spec, *depth});
  if (const auto depth = number_in(name, "resnet", "-wide")) return std::make_unique<WideResNet>(scope, WideResNetSpec{spec, *depth});
  throw Error(concat("--model: ", name, " is not known; `temper models` lists lenet, cnn, alexnet, resnet20, mlp and others"));
}

Shape usual_image(const std::string& name) {
  for (const NetworkInfo& info : known_networks()) {
    const auto letters = [](const std::string& text) { return text.substr(0, text.find_first_of("-0123456789")); };
    if (letters(info.example) == letters(name)) return info.usual_image;
  }
  return {28, 28, 1};
}

}  // namespace temper::models
