#include "models/networks/airbench.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/engine/tape.h"
#include "core/ops/softmax_cross_entropy.h"
#include "models/networks/model.h"

namespace temper::models {
namespace {

data::Dataset random_images(Index count) {
  data::Dataset set{.name = "random", .image = {32, 32, 3}, .pixels = {}, .labels = {}, .class_names = {"a", "b", "c"}};
  const Random random(3, {});
  for (Index n = 0; n < count; ++n) {
    const double level = 60 + 30 * static_cast<double>(n % 3);
    for (Index i = 0; i < set.image.size(); ++i) {
      set.pixels.push_back(static_cast<std::uint8_t>(level + 60 * random.uniform(static_cast<std::uint64_t>(n * set.image.size() + i))));
    }
    set.labels.push_back(static_cast<std::int32_t>(n % 3));
  }
  return set;
}

TEST_CASE("airbench: a model begins with filters that whiten its own data, whatever the seed") {
  const data::Dataset set = random_images(12), other = random_images(11);
  const Model model = make_model("airbench", set, 1), reseeded = make_model("airbench", set, 2),
              elsewhere = make_model("airbench", other, 1);
  const auto filters = [](const Model& m) {
    const Parameter& weight = m.parameters->parameters().front();
    CHECK(weight.name == "whiten.weight");
    return std::vector<float>(weight.value.data, weight.value.data + weight.value.size());
  };
  CHECK(filters(model) == filters(reseeded));
  CHECK(filters(model) != filters(elsewhere));
}

TEST_CASE("airbench: convolutions begin as the identity, and what is learned gets a gradient") {
  const data::Dataset set = random_images(12);
  const Model model = make_model("airbench", set, 1);
  Tensor images(Shape{12, 32, 32, 3});
  for (Index i = 0; i < images.size(); ++i) images.data()[i] = static_cast<float>(set.pixels[static_cast<std::size_t>(i)]) / 255;
  Tape tape;
  const Tensor logits = model(images);
  CHECK(logits.shape() == Shape{12, 3});
  tape.backward(softmax_cross_entropy(logits, set.labels, {.smoothing = 0.2f}));
  CHECK(model.parameters->zero_unwritten_gradients().empty());
  for (const Parameter& parameter : model.parameters->parameters()) {
    CAPTURE(parameter.name);
    const bool norm_scale = parameter.name.find("norm") != std::string::npos && parameter.name.ends_with("weight");
    CHECK((parameter.kind == Parameter::Kind::buffer) ==
          (norm_scale || parameter.name == "whiten.weight" || parameter.name.find("running_") != std::string::npos));
    if (parameter.name.ends_with("conv2.weight")) {
      const Index C = parameter.shape[3];
      CHECK(parameter.value[4 * C] == 1);
      CHECK(parameter.value[4 * C + 1] == 0);
    }
  }
}

}  // namespace
}  // namespace temper::models
