#include "models/networks/registry.h"

#include <charconv>
#include <functional>
#include <optional>

#include "models/networks/cnn.h"
#include "models/networks/lenet.h"
#include "models/networks/mlp.h"

namespace temper::models {
namespace {

// The H of "mlp-H", in 1..100000.
std::optional<Index> hidden_units(const std::string& name) {
  constexpr std::string_view kPrefix = "mlp-";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  Index units = 0;
  const char* const end = name.data() + name.size();
  const auto [stopped, error] = std::from_chars(name.data() + kPrefix.size(), end, units);
  return error == std::errc{} && stopped == end && units >= 1 && units <= 100'000 ? std::optional(units) : std::nullopt;
}

}  // namespace

std::vector<NetworkInfo> known_networks() {
  return {{"mlp", "mlp", "two hidden layers of 128 units"},
          {"mlp-H", "mlp-1200", "two hidden layers of H units; mlp-1200 is the paper's MNIST teacher, mlp-800 its student"},
          {"cnn", "cnn", "three 3x3 convolutions with batch normalisation, for images from 4x4 up"},
          {"lenet", "lenet", "LeNet-5 with ReLU and max pooling, for images from 12x12 up"}};
}

std::unique_ptr<Network> make_network(const std::string& name, const ParameterStore::Scope& scope, const NetworkSpec& spec) {
  TEMPER_CHECK(spec.image.rank() == 3 && spec.image.size() >= 1 && spec.classes >= 1, "network ", name, ": images of ", spec.image, " and ",
               spec.classes, " classes; it needs (H,W,C) and at least one class");
  if (name == "lenet") return std::make_unique<LeNet>(scope, spec);
  if (name == "cnn") return std::make_unique<Cnn>(scope, spec);
  if (name == "mlp") return std::make_unique<Mlp>(scope, MlpSpec{spec});
  if (const auto units = hidden_units(name)) return std::make_unique<Mlp>(scope, MlpSpec{spec, {*units, *units}});
  throw Error(concat("--model: ", name, " is not known; give lenet, cnn, mlp or mlp-H with a number H, e.g. mlp-1200"));
}

Shape usual_image(const std::string&) { return {28, 28, 1}; }

}  // namespace temper::models
