#include "models/training/teacher.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/base/file.h"
#include "core/engine/parallel.h"
#include "core/engine/safetensors.h"
#include "core/engine/tape.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/softmax.h"
#include "models/training/loss.h"
#include "models/training/trainer.h"
#include "tests/temporary_folder.h"

namespace temper::training {
namespace {

using calibration::Predictions;
using doctest::Approx;

// Of the digits, without random changes.
Recipe still_recipe() {
  Recipe recipe = Recipe::for_data("digits");
  recipe.augment = {};
  recipe.epochs = 2;
  return recipe;
}

models::Model network(const char* name, const data::Dataset& set, std::uint64_t seed, data::Preprocessing preprocessing = {}) {
  return models::make_model(name, set, seed, std::move(preprocessing));
}

// Counts its calls.
class Counted final : public models::Network {
 public:
  explicit Counted(std::unique_ptr<models::Network> inner) : inner_(std::move(inner)) {}
  Tensor operator()(Tensor images) override {
    ++calls;
    return (*inner_)(std::move(images));
  }
  int calls = 0;

 private:
  std::unique_ptr<models::Network> inner_;
};

// How many operations ran while it lived.
class Operations final : public Tape::Hook {
 public:
  void after(Pass, const AnyOp&, const OpCall&) override { ++count; }
  int count = 0;
};

std::span<const float> row_of(const Tensor& logits, Index n) {
  const auto K = static_cast<std::size_t>(logits.shape().last());
  return {logits.data() + static_cast<std::size_t>(n) * K, K};
}

// Case S3.
TEST_CASE("teacher: logits are kept by sample, whatever the order, and the network does not run again") {
  const data::Splits splits = data::digits();
  models::Model model = network("cnn", splits.train, 1);
  auto counted = std::make_unique<Counted>(std::move(model.network));
  Counted& calls = *counted;
  model.network = std::move(counted);
  const models::Model student = network("mlp-16", splits.train, 2);
  Teacher teacher({&model}, student, splits.train, {});
  Index last = 0;
  const Predictions known = teacher.cache_logits(splits.train, still_recipe(), [&](Index done, Index all) {
    CHECK(all == splits.train.size());
    CHECK(done > last);
    last = done;
  });
  CHECK(last == splits.train.size());
  CHECK(teacher.has_cached_logits());
  CHECK(teacher.extra_preprocessing().empty());
  CHECK(calibration::accuracy(known) == calibration::accuracy(models::predict(model, splits.train)));

  const int before = calls.calls;
  data::Loader loader(splits.train, student.preprocessing, {.batch = 100, .shuffle = true, .seed = 5});
  Index elsewhere = 0, position = 0;
  for (const data::Batch& batch : loader.epoch(1)) {
    const Tensor kept = teacher(batch);
    CHECK(calls.calls == before);
    const Tensor anew = model(batch.images);
    calls.calls = before;
    for (Index n = 0; n < kept.shape()[0]; ++n, ++position) {
      for (std::size_t k = 0; k < 10; ++k) REQUIRE(row_of(kept, n)[k] == Approx(row_of(anew, n)[k]).epsilon(1e-4));
      elsewhere += row_of(kept, n)[0] != known.row(position)[0];
    }
  }
  CHECK(elsewhere > splits.train.size() / 2);  // by position would be wrong
}

TEST_CASE("teacher: with kept logits a step runs no more operations than one on labels; else the teacher's come on top") {
  const data::Splits splits = data::digits();
  const models::Model model = network("cnn", splits.train, 1), student = network("cnn", splits.train, 2);
  const auto operations_of = [&](const Loss& loss, const Recipe& recipe) {
    data::Loader loader(splits.train, student.preprocessing, {.batch = 32, .augment = recipe.augment});
    auto epoch = loader.epoch(0);
    const data::Batch& batch = *epoch.begin();
    const Operations operations;
    Tape tape;
    tape.backward(loss(student(batch.images), batch));
    return operations.count;
  };
  Recipe recipe = still_recipe();
  const int plain = operations_of(cross_entropy(recipe), recipe);
  for (const auto form :
       {Distillation::Form::paper, Distillation::Form::hinton, Distillation::Form::logits, Distillation::Form::decoupled}) {
    CHECK(operations_of(distillation_loss(model, student, splits.train, {.form = form}, recipe), recipe) == plain);
  }
  recipe.augment = data::shift(1);
  CHECK(operations_of(distillation_loss(model, student, splits.train, {}, recipe), recipe) > plain);
}

TEST_CASE("teacher: what changes images at random forbids keeping its logits") {
  const data::Dataset set = data::digits().train;
  const Shape whole = set.image, part{6, 6, 1};
  Recipe recipe = still_recipe();
  CHECK(is_deterministic(recipe, set, whole));
  recipe.augment.random_crop = true;
  CHECK(is_deterministic(recipe, set, whole));  // there is no other crop
  CHECK_FALSE(is_deterministic(recipe, set, part));
  for (auto change : std::vector<void (*)(Recipe&)>{[](Recipe& r) { r.augment.shift = 1; }, [](Recipe& r) { r.mixup = 0.2f; },
                                                    [](Recipe& r) { r.augment.flip = data::Flip::random; },
                                                    [](Recipe& r) { r.augment.flip = data::Flip::alternating; }}) {
    recipe = still_recipe();
    change(recipe);
    CHECK_FALSE(is_deterministic(recipe, set, whole));
  }
  recipe = still_recipe();
  recipe.augment.photo.brightness = 0.4f;  // of photos, which these are not
  CHECK(is_deterministic(recipe, set, whole));
  CHECK(data::varies(recipe.augment.photo));

  const models::Model model = network("mlp-8", set, 1), student = network("mlp-8", set, 2);
  Teacher teacher({&model}, student, set, {});
  recipe = still_recipe();
  recipe.augment = data::shift(1);
  CHECK(teacher.cache_logits(set, recipe).size() == set.size());
  CHECK_FALSE(teacher.has_cached_logits());
}

TEST_CASE("teacher: an ensemble teaches the mean of its probabilities at T, or of its logits") {
  const data::Splits splits = data::digits();
  const data::Preprocessing crop{.standardization = data::Standardization::image, .crop = 6};
  const models::Model a = network("mlp-8", splits.train, 1), b = network("cnn", splits.train, 2, crop),
                      c = network("mlp-16", splits.train, 3, crop), student = network("mlp-8", splits.train, 4);
  const std::vector<const models::Model*> all{&a, &b, &c};
  for (const Distillation& distillation : {Distillation{.teacher_temperature = 1},
                                           {.teacher_temperature = 3},
                                           {.teacher_temperature = 3, .form = Distillation::Form::logits}}) {
    Teacher teacher(all, student, splits.train, distillation);
    CHECK(teacher.extra_preprocessing() == std::vector{b.preprocessing});  // c sees as b
    data::Loader loader(splits.train, student.preprocessing, {.batch = 50, .extra_preprocessing = teacher.extra_preprocessing()});
    auto epoch = loader.epoch(0);
    const data::Batch& batch = *epoch.begin();
    const Tensor together = teacher(batch);
    const Predictions of_a = models::predict(a, splits.train), of_b = models::predict(b, splits.train),
                      of_c = models::predict(c, splits.train);
    for (Index n = 0; n < 50; ++n) {
      const double T = distillation.teacher_temperature;
      if (distillation.form == Distillation::Form::logits) {
        for (std::size_t k = 0; k < 10; ++k)
          CHECK(row_of(together, n)[k] == Approx((of_a.row(n)[k] + of_b.row(n)[k] + of_c.row(n)[k]) / 3.0).epsilon(1e-4));
        continue;
      }
      std::vector<double> p(10), q(10), mean(10);
      for (const Predictions* one : {&of_a, &of_b, &of_c}) {
        calibration::softmax(one->row(n), T, p);
        for (std::size_t k = 0; k < 10; ++k) mean[k] += p[k] / 3;
      }
      calibration::softmax(row_of(together, n), T, q);
      for (std::size_t k = 0; k < 10; ++k) CHECK(q[k] == Approx(mean[k]).epsilon(1e-4));
    }
    const Predictions known = teacher.cache_logits(splits.train, still_recipe());
    CHECK(teacher.extra_preprocessing().empty());
    CHECK(known.row(7)[3] == Approx(row_of(together, 7)[3]).epsilon(1e-4));
    CHECK(row_of(teacher(batch), 7)[3] == known.row(batch.samples[7])[3]);
  }
}

TEST_CASE("teacher: an ensemble that is certain of different things keeps the order of what is all but impossible") {
  const data::Splits splits = data::digits();
  const models::Model a = network("mlp-8", splits.train, 1), b = network("mlp-8", splits.train, 2);
  for (const models::Model* model : {&a, &b}) {
    for (float& value : model->parameters->values()) value *= 30;  // logits of thousands
  }
  Teacher teacher({&a, &b}, a, splits.train, {});
  const Predictions known = teacher.cache_logits(splits.train, still_recipe());
  for (const float logit : known.logits) REQUIRE(std::isfinite(logit));
  const Predictions of_a = models::predict(a, splits.train), of_b = models::predict(b, splits.train);
  for (Index i = 0; i < 100; ++i) {
    const auto most_a = of_a.row(i)[static_cast<std::size_t>(calibration::argmax(of_a.row(i)))];
    const auto most_b = of_b.row(i)[static_cast<std::size_t>(calibration::argmax(of_b.row(i)))];
    for (std::size_t k = 0; k < 10; ++k) {
      const double nearer = std::max(of_a.row(i)[k] - most_a, of_b.row(i)[k] - most_b);
      CHECK(std::fabs(known.row(i)[k] - nearer) < std::log(20.0) + 1e-4 * std::fabs(nearer) + 1e-4);
    }
  }
}

TEST_CASE("teacher: students are the same bits on any number of threads, of an ensemble on changing images too") {
  const data::Splits splits = data::digits();
  const models::Model a = network("cnn", splits.train, 1), b = network("mlp-16", splits.train, 2, {.crop = 7});
  const int before = threads();
  std::vector<float> first;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const models::Model student = network("cnn", splits.train, 4);
    Recipe recipe = still_recipe();
    recipe.epochs = 1;
    recipe.augment = data::shift(1);
    recipe.distillation = {.teacher_temperature = 2, .beta = 0.5f, .form = Distillation::Form::decoupled};
    Teacher teacher({&a, &b}, student, splits.train, recipe.distillation);
    train(student, splits.train, splits.val, recipe, distillation_loss(teacher, recipe.distillation, recipe));
    const std::span<const float> now = student.parameters->all_values();
    if (first.empty()) first.assign(now.begin(), now.end());
    CHECK(std::memcmp(first.data(), now.data(), now.size_bytes()) == 0);
  }
  set_threads(before);
}

std::string as_text(const Predictions& predictions) {
  std::string text;
  for (Index i = 0; i < predictions.size(); ++i) {
    for (std::size_t k = 0; k < predictions.row(i).size(); ++k) text += str_cat(k ? "," : "", predictions.row(i)[k]);
    text += '\n';
  }
  return text;
}

TEST_CASE("teacher: logits of another program, in files") {
  const TemporaryFolder folder;
  const data::Splits splits = data::digits();
  const models::Model model = network("mlp-16", splits.train, 1), student = network("mlp-8", splits.train, 2);
  const Predictions known = models::predict(model, splits.train);
  const Index N = splits.train.size();
  write_safetensors(folder / "t.safetensors", {.tensors = {{"logits", {.shape = Shape{N, 10}, .values = known.logits}}}, .metadata = {}});
  write_file(folder / "t.csv", as_text(known));
  Predictions probabilities = known;
  std::vector<double> p(10);
  for (Index i = 0; i < N; ++i) {
    calibration::softmax(known.row(i), 1, p);
    for (std::size_t k = 0; k < 10; ++k) probabilities.logits[static_cast<std::size_t>(i) * 10 + k] = static_cast<float>(p[k]);
  }
  write_file(folder / "p.csv", as_text(probabilities));

  const Recipe recipe = still_recipe();
  Teacher run({&model}, student, splits.train, {});
  run.cache_logits(splits.train, recipe);
  data::Loader loader(splits.train, student.preprocessing, {.batch = 64, .shuffle = true});
  for (const TeacherFile& file : {TeacherFile{folder / "t.safetensors"}, {folder / "t.csv"}, {folder / "p.csv", true}}) {
    CAPTURE(file.logits);
    const Teacher teacher(file, student, splits.train, recipe);
    CHECK(teacher.has_cached_logits());
    auto epoch = loader.epoch(2);
    const data::Batch& batch = *epoch.begin();
    const Loss expected = distillation_loss(run, {.teacher_temperature = 2}, recipe),
               loss = distillation_loss(teacher, {.teacher_temperature = 2}, recipe);
    const Tensor logits = student(batch.images);
    CHECK(loss(logits, batch).item() == Approx(expected(logits, batch).item()).epsilon(1e-3));
  }

  const auto refused = [&](const TeacherFile& file, const Recipe& by, const char* what) {
    CHECK_THROWS_WITH_AS(Teacher(file, student, splits.train, by), doctest::Contains(what), Error);
  };
  refused({folder / "missing.npy"}, recipe, "missing.npy");
  const std::string bytes = read_file(folder / "t.safetensors");
  for (const std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{60}, bytes.size() / 2, bytes.size() - 1}) {
    write_file(folder / "cut.safetensors", std::string_view(bytes).substr(0, size));
    refused({folder / "cut.safetensors"}, recipe, "cut.safetensors");
  }
  Predictions fewer = known;
  fewer.labels.pop_back();
  fewer.logits.resize(fewer.logits.size() - 10);
  write_file(folder / "fewer.csv", as_text(fewer));
  refused({folder / "fewer.csv"}, recipe, str_cat(N - 1, " rows of logits, but digits train has ", N, " labels").c_str());
  Predictions wider{.classes = 11, .logits = std::vector<float>(static_cast<std::size_t>(N) * 11, 2), .labels = known.labels};
  write_file(folder / "wider.csv", as_text(wider));
  refused({folder / "wider.csv"}, recipe, "11 columns, the data has 10 classes");
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    Predictions damaged = known;
    damaged.logits[35] = bad;
    write_safetensors(folder / "bad.safetensors",
                      {.tensors = {{"logits", {.shape = Shape{N, 10}, .values = damaged.logits}}}, .metadata = {}});
    refused({folder / "bad.safetensors"}, recipe, "sample 3");
  }
  refused({folder / "p.csv"}, recipe, "--probabilities");
  refused({folder / "t.csv", true}, recipe, "not in 0..1");
  Recipe moving = recipe;
  moving.augment = data::shift(1);
  refused({folder / "t.csv"}, moving, "--teacher-logits: the file has the logits of unaugmented images");
}

TEST_CASE("teacher: what does not fit is refused before anything is trained") {
  const data::Splits splits = data::digits();
  const models::Model student = network("mlp-8", splits.train, 2);
  const auto refused = [&](const models::Model& model, const Distillation& distillation, const char* what) {
    CHECK_THROWS_WITH_AS(Teacher({&student, &model}, student, splits.train, distillation), doctest::Contains(what), Error);
  };
  models::Model model = network("mlp-8", splits.train, 1);
  std::swap(model.class_names[3], model.class_names[8]);  // as many, and the same, in another order
  refused(model, {}, "--teacher: its classes are not those of the data: class 3 is 8, here it is 3");
  model.class_names.pop_back();
  refused(model, {}, "its 9 classes are not the 10");
  models::Model wide = network("mlp-8", splits.train, 1);
  wide.spec.image = Shape{28, 28, 1};
  refused(wide, {}, "images of (28,28,1)");
  refused(student, {.teacher_temperature = 0}, "--temperature");
  CHECK_THROWS_WITH_AS(Teacher(std::vector<const models::Model*>{}, student, splits.train, Distillation{}),
                       doctest::Contains("--teacher: missing"), Error);
  data::Dataset two = splits.train;  // case S4
  two.class_names = {"even", "odd"};
  for (std::int32_t& label : two.labels) label %= 2;
  const models::Model of_two = network("mlp-8", two, 1);
  CHECK_THROWS_WITH_AS(Teacher({&of_two}, of_two, two, {.form = Distillation::Form::decoupled}),
                       doctest::Contains("--form: decoupled needs at least two classes beside the label's"), Error);
}

TEST_CASE("distillation: a network that teaches its own copy has nothing to teach, and one that starts anew learns from it") {
  const data::Splits splits = data::digits();
  Recipe recipe = still_recipe();
  recipe.epochs = 8;
  const models::Model model = network("mlp-32", splits.train, 1), copy = network("mlp-32", splits.train, 1);
  train(model, splits.train, splits.val, recipe, cross_entropy(recipe));
  std::copy_n(model.parameters->all_values().data(), model.parameters->all_values().size(), copy.parameters->all_values().data());
  data::Loader loader(splits.train, copy.preprocessing, {.batch = 64});
  auto epoch = loader.epoch(0);
  const data::Batch& batch = *epoch.begin();
  for (const auto form :
       {Distillation::Form::paper, Distillation::Form::hinton, Distillation::Form::logits, Distillation::Form::decoupled}) {
    CHECK(std::fabs(distillation_loss(model, copy, splits.train, {.form = form}, recipe)(copy(batch.images), batch).item()) < 1e-6);
  }
  const models::Model again = network("mlp-32", splits.train, 9);
  recipe.epochs = 15;
  const Loss loss = distillation_loss(model, again, splits.train, {.teacher_temperature = 2, .form = Distillation::Form::hinton}, recipe);
  CHECK(train(again, splits.train, splits.val, recipe, loss).back().val.accuracy > 0.85);
}

}  // namespace
}  // namespace temper::training
