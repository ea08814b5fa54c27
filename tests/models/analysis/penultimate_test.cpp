#include "models/analysis/penultimate.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/ops/elementwise.h"
#include "models/analysis/projection.h"
#include "models/analysis/template_distances.h"
#include "models/networks/registry.h"

namespace temper::analysis {
namespace {

using doctest::Approx;

// Noise of any size, labels in turn.
data::Dataset noise(const Shape& image, Index samples, Index classes) {
  data::Dataset set;
  set.name = "noise";
  set.image = image;
  const Random random(1, {});
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(samples * image.size()); ++i)
    set.pixels.push_back(static_cast<std::uint8_t>(random.below(i, 256)));
  for (Index k = 0; k < classes; ++k) set.class_names.push_back(str_cat("class ", k));
  for (Index i = 0; i < samples; ++i) set.labels.push_back(static_cast<std::int32_t>(i % classes));
  return set;
}

TEST_CASE("penultimate: of every network there is, activations times templates are the logits") {
  for (const models::NetworkKind& info : models::known_networks()) {
    CAPTURE(info.example);
    const Shape image = info.example == "inception_v4" ? Shape{75, 75, 3} : info.usual_image;
    const data::Dataset set = noise(image, 3, 3);
    const models::Model model = models::make_model(info.example, set, 1);
    const Penultimate p = penultimate(model, set);
    const calibration::Predictions logits = models::predict(model, set);
    REQUIRE(p.size() == 3);
    REQUIRE(p.activations.size() == static_cast<std::size_t>(3 * p.features));
    for (Index i = 0; i < 3; ++i) {
      for (Index k = 0; k < 3; ++k) {
        double sum = 0, size = 0;
        for (Index d = 0; d <= p.features; ++d) {
          sum += p.activation(i, d) * p.weight(k, d);
          size += std::fabs(p.activation(i, d) * p.weight(k, d));
        }
        CHECK(std::fabs(sum - logits.row(i)[static_cast<std::size_t>(k)]) < 1e-5 * (size + 1e-3));
      }
    }
  }
}

// Logits that no dense layer of this many outputs gives, or that are more than its multiple.
class Bent final : public models::Network {
 public:
  explicit Bent(std::unique_ptr<models::Network> inner) : inner_(std::move(inner)) {}
  Tensor operator()(Tensor images) override {
    const Tensor logits = (*inner_)(std::move(images));
    return multiply(logits, logits);
  }

 private:
  std::unique_ptr<models::Network> inner_;
};

TEST_CASE("penultimate: a network that does more than a dense layer at its end is refused") {
  const data::Dataset set = noise({8, 8, 1}, 4, 2), other = noise({9, 9, 1}, 4, 2);
  models::Model model = models::make_model("mlp-8", set, 1);
  CHECK_THROWS_WITH_AS(penultimate(model, other), doctest::Contains("the model mlp-8 takes (8,8,1)"), Error);
  model.network = std::make_unique<Bent>(std::move(model.network));
  CHECK_THROWS_WITH_AS(penultimate(model, set), doctest::Contains("are not those of its last dense layer"), Error);
}

TEST_CASE("penultimate: the first samples of each class") {
  const data::Dataset set = noise({2, 2, 1}, 10, 4);
  CHECK(first_of_each(set, std::vector<Index>{2, 0}, 2) == std::vector<Index>{2, 6, 0, 4});
  CHECK(first_of_each(set, std::vector<Index>{3}, 100) == std::vector<Index>{3, 7});
  CHECK_THROWS_WITH_AS(first_of_each(set, std::vector<Index>{4}, 1), doctest::Contains("no class 4"), Error);
  CHECK_THROWS_WITH_AS(first_of_each(set, std::vector<Index>{1, 1}, 1), doctest::Contains("named twice"), Error);
}

// Three templates (0,0,5), (4,0,5), (1,3,5) on a plane beside the origin; the activation has two entries and the 1.
Penultimate by_hand() {
  return {.features = 2,
          .classes = 4,
          .activations = {0, 1, 0, -1, 6, 0, 8, 0, 1, 6, 1, 8, 50, 50},
          .labels = {0, 0, 1, 1, 2, 2, 3},
          .templates = {0, 0, 5, 4, 0, 5, 1, 3, 5, 9, 9, 9}};
}

TEST_CASE("projection: the plane of three templates by hand") {
  const Projection p = project(by_hand(), {0, 1, 2});
  REQUIRE(p.points.size() == 6);  // class 3 is not shown
  CHECK(p.samples == std::vector<Index>{0, 1, 2, 3, 4, 5});
  CHECK(p.points[2].u == Approx(6));
  CHECK(p.points[2].v == Approx(0));
  CHECK(p.points[4].u == Approx(1));
  CHECK(p.points[4].v == Approx(6));
  CHECK(p.templates[1].u == Approx(4));
  CHECK(p.templates[2].v == Approx(3));
  CHECK(p.scatter == Approx(1));  // every sample is 1 from the middle of its class: (0,0), (7,0), (1,7)
  const double centres = (7 + std::sqrt(50.0) + std::sqrt(36.0 + 49)) / 3, templates = (4 + std::sqrt(10.0) + std::sqrt(18.0)) / 3;
  CHECK(p.centre_distance == Approx(centres));
  CHECK(p.template_distance == Approx(templates));
  CHECK(p.spread() == Approx(1 / centres));
}

TEST_CASE("projection: the plane keeps the distances of templates, and what is orthogonal to it does not show") {
  const data::Splits splits = data::digits();
  const models::Model model = models::make_model("mlp-32", splits.train, 3);
  Penultimate p = penultimate(model, splits.val);
  const Projection before = project(p, {1, 4, 7});
  const TemplateDistances distances = template_distances(p);
  const auto between = [&](Index k, Index l) { return distances.between[static_cast<std::size_t>(k * 10 + l)]; };
  CHECK(before.template_distance == Approx((between(1, 4) + between(1, 7) + between(4, 7)) / 3).epsilon(1e-9));
  for (float& x : p.activations) x *= 2;
  for (double& w : p.templates) w /= 2;
  const Projection scaled = project(p, {1, 4, 7});
  CHECK(scaled.spread() == Approx(before.spread()).epsilon(1e-9));
  CHECK(scaled.scatter == Approx(2 * before.scatter).epsilon(1e-9));
}

TEST_CASE("projection: what cannot be is refused") {
  Penultimate p = by_hand();
  CHECK_THROWS_WITH_AS(project(p, {0, 1, 4}), doctest::Contains("no class 4"), Error);
  CHECK_THROWS_WITH_AS(project(p, {0, 1, 0}), doctest::Contains("named twice"), Error);
  p.templates = {0, 0, 5, 4, 0, 5, 8, 0, 5, 9, 9, 9};
  CHECK_THROWS_WITH_AS(project(p, {0, 1, 2}), doctest::Contains("on a line"), Error);
  p = by_hand();
  p.labels = {0, 0, 1, 1, 3, 3, 3};
  CHECK_THROWS_WITH_AS(project(p, {0, 1, 2}), doctest::Contains("class 2 has no samples"), Error);
}

TEST_CASE("template distances by hand") {
  Penultimate p = by_hand();
  p.activations = {4, 3};
  p.labels = {1};
  const TemplateDistances d = template_distances(p);
  const double to0 = std::sqrt(16.0 + 9 + 16), to1 = std::sqrt(9.0 + 16), to2 = std::sqrt(9.0 + 16), to3 = std::sqrt(25.0 + 36 + 64);
  CHECK(d.own == Approx(to1));
  const double mean = (to0 + to2 + to3) / 3;
  CHECK(d.others == Approx(mean));
  const double variance = (std::pow(to0 - mean, 2) + std::pow(to2 - mean, 2) + std::pow(to3 - mean, 2)) / 3;
  CHECK(d.unevenness == Approx(std::sqrt(variance) / mean));
  CHECK(d.between[1] == Approx(4));
  CHECK(d.between[4] == Approx(4));
  CHECK(d.between[5] == 0);
  p.labels.clear();
  CHECK_THROWS_AS(template_distances(p), Error);
}

}  // namespace
}  // namespace temper::analysis
