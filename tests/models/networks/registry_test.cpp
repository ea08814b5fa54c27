#include "models/networks/registry.h"

#include <doctest/doctest.h>

namespace temper {
namespace {

TEST_CASE("networks: parameter counts are those of the papers, and images that are too small are refused by name") {
  const auto parameters = [](const std::string& name, const Shape& image) {
    ParameterStore store;
    models::make_network(name, store.root(), {.image = image, .classes = 10});
    return store.learned_size();
  };
  CHECK(parameters("lenet", {28, 28, 1}) == 61'706);
  CHECK(parameters("alexnet", {24, 24, 3}) == 1'068'298);
  CHECK(parameters("alexnet", {32, 32, 3}) == 1'756'426);
  CHECK(parameters("resnet20", {32, 32, 3}) == 269'722);
  CHECK(parameters("resnet56", {32, 32, 3}) == 853'018);
  CHECK(parameters("resnet56-wide", {32, 32, 3}) == 3'407'674);
  CHECK(parameters("airbench", {32, 32, 3}) == 1'971'352);
  CHECK(models::usual_image("resnet56") == Shape{32, 32, 3});
  CHECK(models::usual_image("mlp-800") == Shape{28, 28, 1});
  CHECK(parameters("mlp-1200", {28, 28, 1}) == 784 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 10 + 10);
  CHECK(parameters("mlp", {8, 8, 1}) == 64 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10);
  CHECK_THROWS_WITH_AS(parameters("lenet", {8, 8, 1}), doctest::Contains("lenet takes images of 12x12"), Error);
  CHECK_THROWS_WITH_AS(parameters("airbench", {24, 24, 3}), doctest::Contains("airbench takes images of 25x25"), Error);
  for (const char* unknown : {"", "LeNet", "mlp-", "mlp-0", "mlp--3", "mlp-9x", "mlp-999999999999999999999", "resnet", "resnet20x",
                              "resnet-wide", "-wide", "resnet20-wide-wide"}) {
    CHECK_THROWS_WITH_AS(parameters(unknown, {28, 28, 1}), doctest::Contains("is not known"), Error);
  }
  for (const char* depth : {"resnet1", "resnet2", "resnet18", "resnet34", "resnet1-wide", "resnet18-wide"}) {
    CHECK_THROWS_WITH_AS(parameters(depth, {32, 32, 3}), doctest::Contains("give 6 n + 2"), Error);
  }
  for (const char* deep : {"resnet2006", "resnet99998", "resnet99998-wide"})
    CHECK_THROWS_WITH_AS(parameters(deep, {32, 32, 3}), doctest::Contains("is deeper than 2000 layers"), Error);
}

TEST_CASE("networks: an unknown name is answered with the one that was meant") {
  const auto refused = [](const std::string& name, const std::string& about) {
    ParameterStore store;
    CHECK_THROWS_WITH_AS(models::make_network(name, store.root(), {.image = {32, 32, 3}, .classes = 10}), doctest::Contains(about.c_str()),
                         Error);
  };
  refused("lenett", "--model: lenett is not known; did you mean lenet? `temper models` lists");
  refused("resent56", "did you mean resnet56?");
  refused("mlp1200", "did you mean mlp-1200?");
  refused("transformer_smal", "did you mean transformer_small?");
  refused("vgg16", "is not known; `temper models`");
}

}  // namespace
}  // namespace temper
