#include "models/networks/test_time_augmentation.h"

#include <doctest/doctest.h>

#include "models/networks/model.h"

namespace temper::models {
namespace {

// Logits that say what the network saw: the sum of the pixels, each weighted by its place.
class Telling : public Network {
 public:
  Tensor operator()(Tensor images) override {
    const Index size = images.shape().size() / images.shape()[0];
    Tensor logits({images.shape()[0], 1});
    for (Index n = 0; n < images.shape()[0]; ++n) {
      logits.data()[n] = 0;
      for (Index i = 0; i < size; ++i) logits.data()[n] += static_cast<float>(i * i + 1) * images.data()[n * size + i];
    }
    return logits;
  }
};

TEST_CASE("views: the weights sum to 1, the names come back") {
  for (const TestTimeAugmentation tta : {TestTimeAugmentation::one, TestTimeAugmentation::flip, TestTimeAugmentation::flip_shift}) {
    float sum = 0;
    for (const AugmentedView& view : augmented_views(tta)) sum += view.weight;
    CHECK(sum == 1);
    CHECK(models::parse_test_time_augmentation(name(tta)) == tta);
  }
  CHECK(augmented_views(TestTimeAugmentation::flip_shift).size() == 6);
  CHECK_THROWS_WITH_AS(parse_test_time_augmentation("all"), doctest::Contains("none, flip or flip-shift"), Error);
}

TEST_CASE("views: predict averages the logits of the views, by hand on one image") {
  data::Dataset set{.name = "one", .image = {2, 2, 1}, .pixels = {1, 2, 3, 4}, .labels = {0}, .class_names = {"only"}};
  Telling network;
  const data::Normalization bytes{.mean = {0}, .std = {1.0 / 255}};
  const auto logit = [](float a, float b, float c, float d) { return 1 * a + 2 * b + 5 * c + 10 * d; };
  CHECK(predict(network, set, bytes).logits.front() == logit(1, 2, 3, 4));
  CHECK(predict(network, set, bytes, {.tta = TestTimeAugmentation::flip}).logits.front() == (logit(1, 2, 3, 4) + logit(2, 1, 4, 3)) / 2);
  // Moved by one pixel in any direction and mirrored at the border, a 2x2 image is turned by 180 degrees.
  const float moved = (logit(4, 3, 2, 1) + logit(3, 4, 1, 2)) / 2;
  CHECK(predict(network, set, bytes, {.tta = TestTimeAugmentation::flip_shift}).logits.front() ==
        0.5f * (logit(1, 2, 3, 4) + logit(2, 1, 4, 3)) / 2 + 0.5f * moved);
}

}  // namespace
}  // namespace temper::models
