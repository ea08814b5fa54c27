#include "models/training/trainer.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/elementwise.h"
#include "core/ops/relu.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/batch_norm.h"
#include "layers/conv.h"
#include "layers/dropout.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/random_scope.h"
#include "layers/sequential.h"
#include "models/networks/lenet.h"
#include "optim/clip.h"
#include "optim/sgd.h"
#include "tests/allocation_counter.h"
#include "tests/restored.h"

namespace temper::training {
namespace {

data::Dataset first_digits(Index count) {
  std::vector<Index> samples;
  for (Index i = 0; i < count; ++i) samples.push_back(i);
  return data::digits().train.subset(samples, "digits");
}

Recipe quick_recipe() {
  Recipe recipe = Recipe::for_data("digits");
  recipe.epochs = 2;
  recipe.clip_norm = 1;
  return recipe;
}

std::vector<float> weights_after_training(int thread_count, const std::string& network) {
  set_threads(thread_count);
  const data::Dataset set = first_digits(200);
  const models::Model model = models::make_model(network, set, 1);
  train(model, set, set, quick_recipe(), cross_entropy(quick_recipe()));
  return {model.parameters->all_values().begin(), model.parameters->all_values().end()};
}

// Case 38.
TEST_CASE("trainer: weights after two epochs are the same bits for 1, 2, 3 and 8 threads") {
  const ThreadsRestored restored;
  for (const char* network : {"cnn", "mlp"}) {
    const std::vector<float> one = weights_after_training(1, network);
    for (const int count : {2, 3, 8}) {
      CAPTURE(network);
      CAPTURE(count);
      const std::vector<float> many = weights_after_training(count, network);
      CHECK(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)) == 0);
    }
  }
}

// A network with every kind of layer, dropout included.
struct Everything {
  ParameterStore store;
  layers::Sequential layers;

  Everything() {
    const auto scope = store.root();
    layers = {layers::Conv2d(scope / "conv1", {.in = 1, .out = 8, .padding = 1}),
              layers::BatchNorm(scope / "bn", {.channels = 8}),
              relu,
              layers::MaxPool({.kernel = 2, .stride = 2}),
              layers::Conv2d(scope / "conv2", {.in = 8, .out = 12, .kernel = 3, .groups = 2}),
              relu,
              layers::Dropout(0.25f),
              layers::Linear(scope / "fc", {.inputs = {2, 2, 12}, .outputs = 10})};
    store.commit({.seed = 3});
  }
};

TEST_CASE("trainer: after its first steps a training loop allocates nothing") {
  const ThreadsRestored restored;
  for (const int count : {1, 2}) {
    set_threads(count);
    const data::Dataset set = first_digits(320);
    data::Loader loader(set, data::Normalization::measure(set), {.batch = 32, .shuffle = true, .augment = data::shift(1)});
    Everything net;
    optim::Sgd sgd(net.store, {.momentum = 0.9, .nesterov = true});
    std::uint64_t step = 0;
    const auto epoch = [&](Index number) {
      for (const data::Batch& batch : loader.epoch(number)) {
        Tape tape;
        const layers::RandomScope random_scope(Random(1, {step++}));
        tape.backward(softmax_cross_entropy(net.layers(batch.images), batch.labels, {.smoothing = 0.1f}));
        sgd.step(0.01f);
      }
    };
    epoch(0);
    const long news = allocations();
    const auto requests = MemoryPool::shared().stats().system_requests;
    for (Index number = 1; number < 4; ++number) epoch(number);
    CHECK(allocations() == news);
    CHECK(MemoryPool::shared().stats().system_requests == requests);
  }
}

long resident_kib() {
  std::ifstream status("/proc/self/statm");
  long total = 0, resident = 0;
  status >> total >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

// Case 36: loss tensors that are added up, batches of random size, evaluation.
TEST_CASE("trainer: memory does not grow, whatever the batch sizes") {
  const Random random(5, {});
  ParameterStore store;
  models::LeNet net(store.root(), {.image = Shape{28, 28, 1}, .classes = 10});
  store.commit({});
  optim::Sgd sgd(store, {});
  const std::vector<std::int32_t> labels(30, 1);
  std::uint64_t draw = 0;
  const auto epoch = [&] {
    double total = 0;
    for (int step = 0; step < 60; ++step) {
      const Index batch = 10 + random.below(draw++, 21);
      Tensor images(Shape{batch, 28, 28, 1});
      std::fill_n(images.data(), images.size(), 0.1f);
      {
        Tape tape;
        const Tensor loss = softmax_cross_entropy(net(images), std::span(labels).first(static_cast<std::size_t>(batch)));
        total += loss.item();
        tape.backward(loss);
        CHECK(tape.size() == 0);
        sgd.step(0.01f);
      }
      net(images);
    }
    CHECK(std::isfinite(total));
  };
  epoch();
  const long after_first = resident_kib();
  epoch();
  epoch();
  CHECK(static_cast<double>(resident_kib()) <= 1.05 * static_cast<double>(after_first));
}

TEST_CASE("trainer: learns, reports every epoch, and says how far it is") {
  const data::Splits splits = data::digits();
  const models::Model model = models::make_model("mlp", splits.train, 1);
  Recipe recipe = Recipe::for_data("digits");
  recipe.epochs = 3;
  std::vector<EpochRecord> seen;
  Progress last;
  const auto records = train(model, splits.train, splits.val, recipe, cross_entropy(recipe),
                             {.on_step = [&](const Progress& p) { last = p; },
                              .on_epoch = [&](const std::vector<EpochRecord>& all) { seen.push_back(all.back()); }});
  REQUIRE(records.size() == 3);
  CHECK(seen.size() == 3);
  CHECK(records[2].train_loss < records[0].train_loss);
  CHECK(records[2].val.accuracy > 0.85);
  CHECK(last.step == last.steps);
  CHECK(last.steps == 3 * 38);
  CHECK(last.seconds_left == 0);
  CHECK(records[0].learning_rate > records[2].learning_rate);
}

// A network of one convolution with dropout behind it, in a model that sees the set as `cnn` does.
models::Model dropping_model(const data::Dataset& set) {
  struct Dropping final : models::Network {
    explicit Dropping(const ParameterStore::Scope& scope)
        : conv(scope / "conv", {.in = 1, .out = 4}), dropout(0.25f), fc(scope / "fc", {.inputs = {6, 6, 4}, .outputs = 10}) {}
    Tensor operator()(Tensor images) override { return fc(dropout(relu(conv(std::move(images))))); }
    layers::Conv2d conv;
    layers::Dropout dropout;
    layers::Linear fc;
  };
  models::Model model = models::make_model("mlp", set, 1);
  model.parameters = std::make_unique<ParameterStore>();
  model.network = std::make_unique<Dropping>(model.parameters->root());
  model.parameters->commit({.seed = 4});
  return model;
}

// Everything that a step does, in a loop that anyone can read: the same bits, and the same records.
TEST_CASE("trainer: trains as a loop by hand does") {
  const data::Dataset set = first_digits(150), val = data::digits().val;
  Recipe recipe{.epochs = 3, .batch = 32, .smoothing = 0.1f, .loss_scale = 2, .momentum = 0.8f, .weight_decay = 0.01f, .clip_norm = 2};
  recipe.learning_rate = 0.2f;
  recipe.seed = 7;
  recipe.nesterov = true;
  recipe.schedule = optim::Schedule::Kind::cosine;
  recipe.warm_up_steps = 3;
  recipe.augment = data::shift(1);
  recipe.mixup = 0.4f;
  const models::Model trained = dropping_model(set);
  const auto records = train(trained, set, val, recipe, cross_entropy(recipe));

  const models::Model by_hand = dropping_model(set);
  data::Loader loader(set, by_hand.preprocessing, {.batch = 32, .shuffle = true, .augment = recipe.augment, .seed = 7, .mixup = 0.4f});
  optim::Sgd sgd(*by_hand.parameters, {.momentum = 0.8f, .nesterov = true, .weight_decay = 0.01f});
  const optim::Schedule schedule{.kind = optim::Schedule::Kind::cosine, .base = 0.2f, .total = 15, .warm_up = 3};
  REQUIRE(records.size() == 3);
  std::uint64_t step = 0;
  int clipped = 0;
  for (Index epoch = 0; epoch < 3; ++epoch) {
    const EpochRecord& record = records[static_cast<std::size_t>(epoch)];
    CHECK(record.epoch == epoch + 1);
    CHECK(record.learning_rate == schedule.at(static_cast<Index>(step)));
    double loss_sum = 0, correct = 0;
    for (const data::Batch& batch : loader.epoch(epoch)) {
      const layers::RandomScope random_scope(Random(7, {step}));
      Tape tape;
      const Tensor logits = by_hand(batch.images);
      const auto of = [&](std::span<const std::int32_t> labels) { return softmax_cross_entropy(logits, labels, {.smoothing = 0.1f}); };
      const Tensor loss = scale(add(scale(of(batch.labels), batch.mixup_lambda), scale(of(batch.mixed_labels), 1 - batch.mixup_lambda)), 2);
      loss_sum += static_cast<double>(loss.item()) * static_cast<double>(batch.samples.size());
      for (std::size_t n = 0; n < batch.labels.size(); ++n) {
        const float* const row = logits.data() + 10 * n;
        correct += std::max_element(row, row + 10) - row == batch.labels[n] ? 1 : 0;
      }
      tape.backward(loss);
      const optim::Clip clip = optim::find_clip(*by_hand.parameters, recipe.clip_norm);
      clipped += clip.scale < 1;
      sgd.step(schedule.at(static_cast<Index>(step++)), clip.scale);
    }
    CHECK(record.train_loss == loss_sum / 150);
    CHECK(record.train_accuracy == correct / 150);
    CHECK(record.val.nll == calibration::metrics(models::predict(by_hand, val)).nll);
  }
  CHECK(step == 15);
  CHECK(clipped > 0);
  CHECK(clipped < 15);
  CHECK(std::ranges::equal(trained.parameters->all_values(), by_hand.parameters->all_values()));
}

// Case 4: what is reported of an evaluation is never smoothed.
TEST_CASE("trainer: smoothing is in the training loss and not in the validation NLL") {
  const data::Dataset set = first_digits(300);
  const models::Model model = models::make_model("mlp", set, 1);
  Recipe recipe = quick_recipe();
  recipe.epochs = 30;
  recipe.augment = {};
  recipe.smoothing = 0.1f;
  const EpochRecord last = train(model, set, set, recipe, cross_entropy(recipe)).back();
  const double least_smoothed_loss = 0.5003;  // K = 10, alpha = 0.1: the entropy of the smoothed target
  CHECK(last.train_loss > least_smoothed_loss);
  CHECK(last.val.nll < 0.3);
}

TEST_CASE("trainer: a loss that is no number stops the run with epoch and step") {
  const data::Dataset set = first_digits(100);
  const models::Model model = models::make_model("mlp", set, 1);
  Recipe recipe = quick_recipe();
  recipe.learning_rate = 1e20f;
  recipe.clip_norm = 0;
  CHECK_THROWS_WITH_AS(train(model, set, set, recipe, cross_entropy(recipe)), doctest::Contains("in epoch 1, step"), Error);
}

// Case S10.
TEST_CASE("trainer: the norm of the gradient is reported at every step to log, clipped or not, and changes no bit") {
  const data::Dataset set = first_digits(100);
  std::vector<std::vector<float>> values;
  std::vector<std::vector<double>> norms;
  for (const auto& [log_steps, clip] : {std::pair<Index, float>{0, 0}, {3, 0}, {0, 0.5f}, {1, 0.5f}}) {
    Recipe recipe = quick_recipe();
    recipe.epochs = 1;
    recipe.batch = 10;
    recipe.clip_norm = clip;
    recipe.log_steps = log_steps;
    const models::Model model = models::make_model("mlp-8", set, 1);
    norms.emplace_back();
    Observer observer;
    observer.on_step = [&, every = log_steps](const Progress& progress) {
      CHECK(std::isnan(progress.gradient_norm) == (every == 0 || progress.step % every != 0));
      CHECK(progress.learning_rate > 0);
      CHECK(progress.samples == 10 * progress.step);
      if (!std::isnan(progress.gradient_norm)) norms.back().push_back(progress.gradient_norm);
    };
    train(model, set, set, recipe, cross_entropy(recipe), observer);
    values.emplace_back(model.parameters->values().begin(), model.parameters->values().end());
  }
  CHECK(values[0] == values[1]);
  CHECK(values[2] == values[3]);
  CHECK(norms[1].size() == 3);
  REQUIRE(norms[3].size() == 10);
  CHECK(*std::ranges::max_element(norms[3]) > 0.5);  // before clipping
}

TEST_CASE("trainer: what is frozen after an epoch learns in that one and stands still in the next") {
  const data::Dataset set = first_digits(100);
  const models::Model model = models::make_model("mlp-8", set, 1);
  Recipe recipe = quick_recipe();
  recipe.freeze = {{"bias:*", 1}};
  std::vector<std::vector<float>> biases, weights;  // at the beginning and after each epoch
  const auto keep = [&] {
    biases.emplace_back();
    weights.emplace_back();
    for (const Parameter& p : model.parameters->parameters()) {
      std::vector<float>& values = (p.kind == Parameter::Kind::bias ? biases : weights).back();
      values.insert(values.end(), p.value.data, p.value.data + p.value.size());
    }
  };
  keep();
  Observer observer;
  observer.on_epoch = [&](const std::vector<EpochRecord>&) { keep(); };
  train(model, set, set, recipe, cross_entropy(recipe), observer);
  REQUIRE(biases.size() == 3);
  CHECK(biases[0] != biases[1]);
  CHECK(biases[1] == biases[2]);
  CHECK(weights[1] != weights[2]);
}

TEST_CASE("trainer: a parameter that gets no gradient is reported once") {
  const data::Dataset set = first_digits(64);
  models::Model model = models::make_model("mlp", set, 1);
  model.parameters = std::make_unique<ParameterStore>();
  model.network = nullptr;
  struct HalfUsed final : models::Network {
    explicit HalfUsed(const ParameterStore::Scope& scope)
        : used(scope / "used", {.inputs = {8, 8, 1}, .outputs = 10}),
          unused(scope / "unused", {.inputs = 4, .outputs = 4, .bias = false}) {}
    Tensor operator()(Tensor images) override { return used(std::move(images)); }
    layers::Linear used, unused;
  };
  model.network = std::make_unique<HalfUsed>(model.parameters->root());
  model.parameters->commit({});
  std::vector<std::string> warnings;
  train(model, set, set, quick_recipe(), cross_entropy(quick_recipe()),
        {.on_warning = [&](const std::string& text) { warnings.push_back(text); }});
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "the parameter unused.weight got no gradient: it does not learn");
}

// Case 15, through the loader's rule: 129 samples in batches of 128 with batch normalisation.
TEST_CASE("trainer: a single sample left over does not break batch normalisation") {
  const data::Dataset set = first_digits(65);
  const models::Model model = models::make_model("cnn", set, 1);
  Recipe recipe = quick_recipe();
  recipe.batch = 64;
  const auto records = train(model, set, set, recipe, cross_entropy(recipe));
  CHECK(std::isfinite(records.back().val.nll));
}

// Case 3: on the API, before anything is read or trained.
TEST_CASE("trainer: with mixup the loss is that of both labels, and a network still learns") {
  const data::Splits splits = data::digits();
  const models::Model model = models::make_model("mlp-32", splits.train, 1);
  data::Loader loader(splits.train, model.preprocessing, {.batch = 16, .mixup = 1});
  auto epoch = loader.epoch(0);
  const data::Batch& batch = *epoch.begin();
  const Tensor logits = model(batch.images);
  const auto plain = [&](std::span<const std::int32_t> labels) {
    data::Batch part;
    part.labels.assign(labels.begin(), labels.end());
    return cross_entropy({.smoothing = 0.1f})(logits, part).item();
  };
  const float expected = batch.mixup_lambda * plain(batch.labels) + (1 - batch.mixup_lambda) * plain(batch.mixed_labels);
  CHECK(cross_entropy({.smoothing = 0.1f})(logits, batch).item() == doctest::Approx(expected));

  Recipe recipe = Recipe::for_data("digits");
  recipe.epochs = 8;
  recipe.mixup = 0.4f;
  CHECK(train(model, splits.train, splits.val, recipe, cross_entropy(recipe)).back().val.accuracy > 0.85);
}

TEST_CASE("recipe: values that make no sense are refused by the name of their option") {
  const auto refused = [](auto change, const char* option) {
    Recipe recipe;
    change(recipe);
    CHECK_THROWS_WITH_AS(recipe.check(), doctest::Contains(option), Error);
  };
  for (const float smoothing : {-0.1f, 1.5f, NAN, std::numeric_limits<float>::infinity()}) {
    refused([&](Recipe& r) { r.smoothing = smoothing; }, "--smoothing");
  }
  refused([](Recipe& r) { r.epochs = 0; }, "--epochs");
  for (const Index batch : {0, -2}) refused([&](Recipe& r) { r.batch = batch; }, "--batch");
  refused([](Recipe& r) { r.learning_rate = NAN; }, "--lr");
  refused([](Recipe& r) { r.momentum = 1; }, "--momentum");
  refused([](Recipe& r) { r.dampening = 0.5f; }, "--dampening");
  refused([](Recipe& r) { r.weight_decay = -1; }, "--weight-decay");
  refused([](Recipe& r) { r.clip_norm = -1; }, "--clip");
  refused([](Recipe& r) { r.augment.shift = -1; }, "--shift");
  Recipe all;
  all.smoothing = 1;
  all.check();
}

}  // namespace
}  // namespace temper::training
