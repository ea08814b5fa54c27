#include "models/training/loss.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/engine/tape.h"
#include "core/ops/distillation.h"
#include "layers/batch_norm.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/random_scope.h"
#include "layers/sequential.h"
#include "models/training/trainer.h"
#include "tests/models/training/two_epochs.h"

namespace temper::training {
namespace {

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Case 9: teacher with batch normalisation, student with batch normalisation.
TEST_CASE("distillation: the teacher is frozen, the student never is") {
  const data::Splits splits = data::digits();
  const models::Model teacher = models::make_model("cnn", splits.train, 1);
  train(teacher, splits.train, splits.val, two_epochs(), cross_entropy(two_epochs()));
  const std::vector<float> before = values(teacher);
  const calibration::Predictions answers = models::predict(teacher, splits.val);
  for (Parameter& parameter : teacher.parameters->parameters()) parameter.gradient_is_stale = true;

  const models::Model student = models::make_model("cnn", splits.train, 2);
  const auto running_mean = [&] {
    for (const Parameter& p : student.parameters->parameters()) {
      if (p.name == "bn1.running_mean") return p.value[0];
    }
    return 0.0f;
  };
  std::vector<float> means{running_mean()};
  Observer observer;
  observer.on_epoch = [&](const std::vector<EpochRecord>&) { means.push_back(running_mean()); };
  train(student, splits.train, splits.val, two_epochs(),
        distillation_loss(teacher, student, splits.train, {.teacher_temperature = 2}, two_epochs()), observer);

  CHECK(same_bits(before, values(teacher)));
  CHECK(models::predict(teacher, splits.val).logits == answers.logits);
  for (const Parameter& parameter : teacher.parameters->parameters()) CHECK(parameter.gradient_is_stale);  // no gradient was written
  REQUIRE(means.size() == 3);
  CHECK(means[1] != means[0]);
  CHECK(means[2] != means[1]);
}

// The rest of case 9: with dropout, too, a teacher gives one answer, and a student drops in the second epoch as in the first.
class Dropping final : public models::Network {
 public:
  Dropping(const ParameterStore::Scope& scope, const models::NetworkSpec& spec)
      : layers_{layers::Linear(scope / "fc1", {.inputs = {spec.image[0], spec.image[1], spec.image[2]}, .outputs = 32}),
                layers::BatchNorm(scope / "bn", {.channels = 32, .options = {.relu = true}}), layers::Dropout(0.5f),
                layers::Linear(scope / "fc2", {.inputs = 32, .outputs = spec.classes})} {}
  Tensor operator()(Tensor images) override { return layers_(std::move(images)); }

 private:
  layers::Sequential layers_;
};

models::Model dropping(const data::Dataset& set, std::uint64_t seed) {
  models::Model model = models::make_model("mlp-8", set, seed);
  model.parameters = std::make_unique<ParameterStore>();
  model.network = std::make_unique<Dropping>(model.parameters->root(), model.spec);
  model.parameters->commit({.seed = seed});
  return model;
}

TEST_CASE("distillation: a teacher with dropout gives one answer, its student drops after validation as before") {
  const data::Splits splits = data::digits();
  const models::Model teacher = dropping(splits.train, 1), student = dropping(splits.train, 2);
  const std::vector<float> before = values(teacher);
  const Loss loss = distillation_loss(teacher, student, splits.train, {.teacher_temperature = 2}, two_epochs());
  data::Loader loader(splits.train, student.preprocessing, {.batch = 20});
  auto epoch = loader.epoch(0);
  const data::Batch& batch = *epoch.begin();
  const auto on_tape = [&](const models::Model& model) {
    const Tape tape;
    const layers::RandomScope random_scope(Random(1, {7}));
    const Tensor logits = model(batch.images);
    return std::vector<float>(logits.values().begin(), logits.values().end());
  };
  int drops = 0;
  Observer observer;
  observer.on_epoch = [&](const std::vector<EpochRecord>&) {  // after validation
    const Tape::Pause evaluation;
    const Tensor still = student(batch.images), again = student(batch.images);
    CHECK(std::equal(still.values().begin(), still.values().end(), again.values().begin()));
    drops += on_tape(student) != std::vector<float>(still.values().begin(), still.values().end());
  };
  train(student, splits.train, splits.val, two_epochs(), loss, observer);
  CHECK(drops == 2);
  CHECK(same_bits(before, values(teacher)));
  const Tape tape;  // a loss of logits that stay the same: the teacher's are
  const Tensor z(Shape{20, 10}, std::vector<float>(200, 0.5f));
  CHECK(loss(z, batch).item() == loss(z, batch).item());
}

TEST_CASE("distillation: at beta 1 the labels play no part, at beta 0 the teacher plays none") {
  const data::Splits splits = data::digits();
  data::Dataset wrong = splits.train;
  for (std::int32_t& label : wrong.labels) label = (label + 1) % 10;
  const models::Model teacher = models::make_model("mlp-16", splits.train, 1), other = models::make_model("mlp-16", splits.train, 9);
  const auto student_of = [&](const models::Model& t, const data::Dataset& set, float beta) {
    const models::Model student = models::make_model("mlp-8", splits.train, 2);
    train(student, set, splits.val, two_epochs(),
          distillation_loss(t, student, splits.train, {.teacher_temperature = 3, .beta = beta}, two_epochs()));
    return values(student);
  };
  CHECK(same_bits(student_of(teacher, splits.train, 1), student_of(teacher, wrong, 1)));
  CHECK_FALSE(same_bits(student_of(teacher, splits.train, 0.5f), student_of(teacher, wrong, 0.5f)));
  CHECK(same_bits(student_of(teacher, splits.train, 0), student_of(other, splits.train, 0)));
  CHECK_FALSE(same_bits(student_of(teacher, splits.train, 0.5f), student_of(other, splits.train, 0.5f)));
}

TEST_CASE("distillation: a student learns from its teacher") {
  const data::Splits splits = data::digits();
  const models::Model teacher = models::make_model("mlp", splits.train, 1);
  Recipe recipe = two_epochs();
  recipe.epochs = 25;
  train(teacher, splits.train, splits.val, recipe, cross_entropy(recipe));
  for (const auto form :
       {Distillation::Form::paper, Distillation::Form::hinton, Distillation::Form::logits, Distillation::Form::decoupled}) {
    const models::Model student = models::make_model("mlp-32", splits.train, 2);
    const bool large = form == Distillation::Form::logits || form == Distillation::Form::decoupled;
    recipe.clip_norm = large ? 1 : 0;  // distances of logits have large gradients, eight times the others' shares too
    const auto records = train(student, splits.train, splits.val, recipe,
                               distillation_loss(teacher, student, splits.train, {.teacher_temperature = 2, .form = form}, recipe));
    CHECK(records.back().val.accuracy > 0.85);
  }
}

// The paper's Figure 5: a teacher of whole images, a student of crops, each standardised in its own way.
TEST_CASE("distillation: a teacher that sees images in another way than its student") {
  const data::Splits splits = data::digits();
  Recipe recipe = two_epochs();
  recipe.epochs = 12;
  const models::Model teacher = models::make_model("mlp", splits.train, 1);
  train(teacher, splits.train, splits.val, recipe, cross_entropy(recipe));
  const models::Model student = models::make_model("mlp-32", splits.train, 2, {.standardization = data::Standardization::image, .crop = 7});
  CHECK(student.spec.image == Shape{7, 7, 1});
  const Loss loss = distillation_loss(teacher, student, splits.train, {.teacher_temperature = 2}, recipe);
  CHECK(loss.extra_preprocessing() == std::vector{teacher.preprocessing});
  CHECK(train(student, splits.train, splits.val, recipe, loss).back().val.accuracy > 0.8);
  const models::Model reversed = models::make_model("mlp-32", splits.train, 2);
  const Loss back = distillation_loss(student, reversed, splits.train, {}, recipe);
  CHECK(train(reversed, splits.train, splits.val, recipe, back).back().val.accuracy > 0.8);
  CHECK(distillation_loss(teacher, reversed, splits.train, {}, recipe).extra_preprocessing().empty());
}

TEST_CASE("distillation: on logits it is half the squared distance, times the loss scale, beside the labels' part") {
  const data::Splits splits = data::digits();
  const models::Model teacher = models::make_model("mlp-8", splits.train, 1), student = models::make_model("mlp-8", splits.train, 2);
  Recipe recipe;
  recipe.loss_scale = 3;
  data::Loader loader(splits.train, student.preprocessing, {.batch = 16});
  auto epoch = loader.epoch(0);
  const data::Batch& batch = *epoch.begin();
  const Tensor logits = student(batch.images), truth = teacher(batch.images);
  double distance = 0;
  for (Index i = 0; i < 160; ++i) distance += std::pow(static_cast<double>(logits.data()[i]) - truth.data()[i], 2) / 2 / 16;
  const float labels = cross_entropy(recipe)(logits, batch).item();
  recipe.loss_scale = 1;
  CHECK(labels == doctest::Approx(3 * cross_entropy(recipe)(logits, batch).item()));
  recipe.loss_scale = 3;
  for (const float beta : {0.6f, 1.0f}) {
    const Loss loss = distillation_loss(teacher, student, splits.train, {.beta = beta, .form = Distillation::Form::logits}, recipe);
    CHECK(loss(logits, batch).item() == doctest::Approx((1 - beta) * labels + beta * 3 * distance).epsilon(1e-5));
  }
}

// Case 8: who has which temperature and whether T^2 multiplies is as the form has it, or as was said.
TEST_CASE("distillation: temperatures of either side, with and without the factor, of every form") {
  const data::Splits splits = data::digits();
  const models::Model teacher = models::make_model("mlp-8", splits.train, 1), student = models::make_model("mlp-8", splits.train, 2);
  data::Loader loader(splits.train, student.preprocessing, {.batch = 16, .mixup = 1});
  auto epoch = loader.epoch(0);
  const data::Batch& batch = *epoch.begin();
  const Tensor z = student(batch.images), t = teacher(batch.images);
  const Recipe recipe = two_epochs();  // with augmentation: the teacher looks at the batch
  const auto loss = [&](const Distillation& d) { return distillation_loss(teacher, student, splits.train, d, recipe)(z, batch).item(); };
  const auto plain = [&](float of_teacher, float of_student, bool squared) {
    return doctest::Approx(temper::distillation_loss(z, t, {of_teacher, of_student, squared}).item());
  };
  using Form = Distillation::Form;
  using Factor = Distillation::Factor;
  CHECK(loss({.teacher_temperature = 4}) == plain(4, 1, false));
  CHECK(loss({.teacher_temperature = 4, .form = Form::hinton}) == plain(4, 4, true));
  CHECK(loss({.teacher_temperature = 4, .student_temperature = 2}) == plain(4, 2, false));
  CHECK(loss({.teacher_temperature = 4, .student_temperature = 2, .form = Form::hinton}) == plain(4, 2, true));
  CHECK(loss({.teacher_temperature = 4, .factor = Factor::none, .form = Form::hinton}) == plain(4, 4, false));
  CHECK(loss({.teacher_temperature = 4, .factor = Factor::squared}) == plain(4, 1, true));
  const auto apart = [&](std::span<const std::int32_t> labels) {
    return decoupled_distillation_loss(z, t, labels, {2, 3}, {4, 4, true}).item();
  };
  CHECK(loss({.teacher_temperature = 4, .form = Form::decoupled, .target_weight = 2, .non_target_weight = 3}) ==
        doctest::Approx(batch.mixup_lambda * apart(batch.labels) + (1 - batch.mixup_lambda) * apart(batch.mixed_labels)));
}

TEST_CASE("distillation: teachers that do not fit and settings that make no sense are refused") {
  const data::Splits splits = data::digits();
  const models::Model student = models::make_model("mlp-8", splits.train, 2);
  models::Model teacher = models::make_model("mlp-8", splits.train, 1);
  const auto refused = [&](const char* what) {
    CHECK_THROWS_WITH_AS(distillation_loss(teacher, student, splits.train, {}, two_epochs()), doctest::Contains(what), Error);
  };
  teacher.class_names.back() = "other";
  refused("classes");
  teacher.class_names = student.class_names;
  teacher.spec.image = Shape{28, 28, 1};
  refused("images of (28,28,1)");
  for (const float temperature : {0.0f, -1.0f, NAN, INFINITY}) {
    CHECK_THROWS_WITH_AS(Distillation{.teacher_temperature = temperature}.check(), doctest::Contains("--temperature"), Error);
  }
  for (const float temperature : {-1.0f, NAN, INFINITY}) {
    CHECK_THROWS_WITH_AS(Distillation{.student_temperature = temperature}.check(), doctest::Contains("--student-temperature"), Error);
  }
  const auto on_logits = Distillation::Form::logits;
  CHECK_THROWS_WITH_AS(Distillation({.student_temperature = 2, .form = on_logits}).check(), doctest::Contains("as they are"), Error);
  CHECK_THROWS_WITH_AS(Distillation({.factor = Distillation::Factor::squared, .form = on_logits}).check(), doctest::Contains("--factor"),
                       Error);
  CHECK_THROWS_WITH_AS(Distillation{.target_weight = -1}.check(), doctest::Contains("--dkd-alpha"), Error);
  CHECK_THROWS_WITH_AS(Distillation{.non_target_weight = NAN}.check(), doctest::Contains("--dkd-beta"), Error);
  for (const float beta : {-0.1f, 1.1f, NAN}) CHECK_THROWS_WITH_AS(Distillation{.beta = beta}.check(), doctest::Contains("--beta"), Error);
}

}  // namespace
}  // namespace temper::training
