#include "models/training/class_weights.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "models/training/loss.h"
#include "tests/temporary_folder.h"

namespace temper::training {
namespace {

const std::vector<std::string> kAnimals{"cat", "dog, small", "emu"};

data::Dataset animals(const std::vector<std::int32_t>& labels) {
  return {
      .name = "animals", .image = {1, 1, 1}, .pixels = std::vector<std::uint8_t>(labels.size()), .labels = labels, .class_names = kAnimals};
}

TEST_CASE("class weights: balanced, each class weighs as much as any other in the sum over the data") {
  CHECK(class_weights("", animals({0, 1})).empty());
  CHECK(class_weights("balanced", animals({0, 0, 0, 1, 2, 2})) == std::vector<float>{6.f / 9, 2, 1});  // as scikit-learn has them
  CHECK(class_weights("balanced", animals({0, 0, 0, 2})) == std::vector<float>{4.f / 9, 1, 4.f / 3});  // none of class 1
}

TEST_CASE("class weights: a file names the classes, or goes by their order") {
  const TemporaryFolder folder;
  const std::string file = folder / "weights.csv";
  const auto read = [&](const std::string& text) {
    write_file(file, text);
    return class_weights(file, animals({0, 1, 2}));
  };
  CHECK(read("emu, 2\r\ncat,1e-1\n\ndog, small,3") == std::vector<float>{0.1f, 3, 2});
  CHECK(read("1\n0.5\n0\n") == std::vector<float>{1, 0.5f, 0});
  const auto error_of = [&](const std::string& text) {
    try {
      read(text);
    } catch (const Error& error) {
      return std::string(error.what()).substr(file.size());
    }
    return std::string();
  };
  const std::string advice = "; write a line NAME,WEIGHT for each class";
  CHECK(error_of("cat,1\nemu,2\n") == ": the class dog, small has no weight" + advice);
  CHECK(error_of("cat,1\ncat,2\n") == ": line 2: the class cat has a weight already" + advice);
  CHECK(error_of("cow,1\n") == ": line 1: there is no class \"cow\"" + advice);
  CHECK(error_of("1\n1\n1\n1\n") == ": line 4: there are 3 classes" + advice);
  CHECK(error_of("0\n0\n0\n") == ": all weights are 0, so nothing would be learned" + advice);
  for (const char* bad : {"cat,-1", "cat,nan", "cat,inf", "cat,", "cat,1x", "cat", ",", "1,2;3"})
    CHECK(error_of(bad).find(": line 1: ") == 0);
  CHECK_THROWS_WITH_AS(class_weights(folder / "none", animals({0})), doctest::Contains("none: "), Error);
}

TEST_CASE("class weights: the labels' loss is their weighted mean") {
  Recipe recipe;
  const Tensor logits({2, 3}, std::vector<float>{1, 0, 0, 0, 2, 0});
  data::Batch batch{.labels = {0, 2}};
  const float first = cross_entropy(logits, std::vector<std::int32_t>{0, -100}, recipe).item(),
              second = cross_entropy(logits, std::vector<std::int32_t>{-100, 2}, recipe).item();
  CHECK(cross_entropy(recipe)(logits, batch).item() == doctest::Approx((first + second) / 2));
  CHECK(cross_entropy(recipe, {3, 1, 0.5f})(logits, batch).item() == doctest::Approx((3 * first + 0.5f * second) / 3.5f));
}

}  // namespace
}  // namespace temper::training
