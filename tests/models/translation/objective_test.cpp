// Translation as the training loop learns it.

#include "models/translation/objective.h"

#include <doctest/doctest.h>

#include <cstring>

#include "core/engine/parallel.h"
#include "models/training/checkpoints.h"
#include "models/training/trainer.h"
#include "models/translation/token_predictions.h"
#include "tests/data/file_folder.h"
#include "tests/data/text/small_corpus.h"
#include "tests/optim/distributed/thread_ranks.h"
#include "tests/temporary_folder.h"

namespace temper::translation {
namespace {

using training::Recipe;

const data::Subwords& subwords() {
  static const data::Subwords learned = [] {
    const data::ParallelCorpus corpus = tests::small_corpus(200);
    std::vector<std::string> both = corpus.source;
    both.insert(both.end(), corpus.target.begin(), corpus.target.end());
    return data::Subwords::learn(both, {.vocabulary = 50});
  }();
  return learned;
}

const data::TokenPairs& train_pairs() {
  static const data::TokenPairs pairs = data::tokenise(tests::small_corpus(60), subwords());
  return pairs;
}

const data::TokenPairs& val_pairs() {
  static const data::TokenPairs pairs = data::tokenise(tests::small_corpus(20, 2), subwords());
  return pairs;
}

// As transformer_small, and small enough for a test.
Model small_model(std::uint64_t seed = 1, float dropout = 0.1f) {
  Model model{.network_name = "transformer_small",
              .text = {},
              .subwords = subwords(),
              .dropout = dropout,
              .parameters = std::make_unique<ParameterStore>(),
              .network = nullptr};
  model.network =
      std::make_unique<const models::Transformer>(model.parameters->root(), models::TransformerSpec{.vocabulary = subwords().size(),
                                                                                                    .width = 16,
                                                                                                    .feed_forward = 32,
                                                                                                    .heads = 2,
                                                                                                    .encoder_layers = 1,
                                                                                                    .decoder_layers = 1,
                                                                                                    .dropout = dropout});
  model.parameters->commit({.seed = seed});
  return model;
}

Recipe short_recipe() {
  Recipe recipe = Recipe::for_data("text");
  recipe.model = "transformer_small";
  recipe.epochs = 2;
  recipe.smoothing = 0.1f;
  recipe.warm_up_epochs = 0;
  recipe.ema_decay = 0.5f;
  recipe.text.longest = 100;
  recipe.text.batch_tokens = 256;
  recipe.text.dropout = 0.1f;
  return recipe;
}

struct Outcome {
  std::vector<float> values;
  std::vector<training::EpochRecord> epochs;
};

Outcome learn(const Recipe& recipe, optim::Communicator& ranks, const Model* teacher = nullptr, const std::string& folder = "",
              Index stop = 0) {
  const Model model = small_model(1, std::max(recipe.text.dropout, 0.0f));
  Objective objective(model, train_pairs(), val_pairs(), recipe, ranks, teacher);
  const auto from = folder.empty() ? std::nullopt : training::Checkpoints(folder).newest([](const std::string&) {});
  Index steps = from ? from->state.step : 0;
  training::Observer observer;
  observer.on_step = [&](const training::Progress& progress) { steps = progress.step; };
  observer.stop = [&] { return stop > 0 && steps >= stop; };
  Outcome outcome;
  try {
    outcome.epochs = training::train(
        objective, recipe, observer,
        {.run = folder, .plan = {.command = "train", .data = "text:", .recipe = recipe}, .resume = from ? &*from : nullptr}, &ranks);
  } catch (const training::Stopped& stopped) {
    CHECK(stopped.step == stop);
  }
  outcome.values.assign(model.parameters->all_values().begin(), model.parameters->all_values().end());
  return outcome;
}

Outcome learn(const Recipe& recipe, const Model* teacher = nullptr, const std::string& folder = "", Index stop = 0) {
  optim::SingleProcess single_process;
  return learn(recipe, single_process, teacher, folder, stop);
}

void check_same(const Outcome& a, const Outcome& b) {
  REQUIRE(a.values.size() == b.values.size());
  CHECK(std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0);
  REQUIRE(a.epochs.size() == b.epochs.size());
  for (std::size_t e = 0; e < a.epochs.size(); ++e) {
    CHECK(a.epochs[e].train_loss == b.epochs[e].train_loss);
    CHECK(a.epochs[e].val.nll == b.epochs[e].val.nll);
  }
}

TEST_CASE("translation task: it is learned, and stopped and resumed to the same bits on any number of threads") {
  const int before = threads();
  const Recipe recipe = short_recipe();
  set_threads(2);
  const Outcome whole = learn(recipe);
  CHECK(whole.epochs[1].train_loss < whole.epochs[0].train_loss);
  CHECK(whole.epochs[1].val.nll < whole.epochs[0].val.nll);
  Index words = 0;
  for (const auto& target : val_pairs().target) words += static_cast<Index>(target.size()) + 1;
  CHECK(whole.epochs[0].val.samples == words);
  for (const Index stop : {1, 5}) {
    const TemporaryFolder folder;
    set_threads(1);
    learn(recipe, nullptr, folder.path(), stop);
    set_threads(3);
    check_same(learn(recipe, nullptr, folder.path()), whole);
  }
  set_threads(before);
}

TEST_CASE("translation task: batches in shards give the same bits on 1, 2 and 4 ranks, and the gradient of whole batches") {
  Recipe recipe = short_recipe();
  recipe.shards = 4;
  const Outcome alone = learn(recipe);
  for (const int count : {2, 4}) {
    std::vector<Outcome> outcomes(static_cast<std::size_t>(count));
    optim::ThreadRanks::run(count,
                            [&](optim::Communicator& ranks) { outcomes[static_cast<std::size_t>(ranks.rank())] = learn(recipe, ranks); });
    for (const Outcome& outcome : outcomes) check_same(outcome, alone);
  }
  // A shard's share counts words, so that the loss is the mean over the words of the batch, as of one whole.
  recipe.text.dropout = 0;
  const Outcome cut = learn(recipe);
  recipe.shards = 1;
  const Outcome whole = learn(recipe);
  CHECK(cut.epochs[1].train_loss == doctest::Approx(whole.epochs[1].train_loss).epsilon(1e-4));
  CHECK(cut.epochs[1].val.nll == doctest::Approx(whole.epochs[1].val.nll).epsilon(1e-4));
}

TEST_CASE("token loader: the parts of a batch are its sentences in their order, some of them perhaps none") {
  data::TokenLoader whole(train_pairs(), {.tokens = 128, .shuffle = true}),
      cut(train_pairs(), {.tokens = 128, .shuffle = true, .shards = 5});
  for (Index b = 0; b < whole.batches(); ++b) {
    const std::span<const Index> all = whole.batch(1, b).samples;
    const std::vector<Index> expected(all.begin(), all.end());
    std::vector<Index> samples;
    Index words = 0;
    for (Index part = 0; part < 5; ++part) {
      const data::TokenBatch& shard = cut.batch(1, b, part);
      samples.insert(samples.end(), shard.samples.begin(), shard.samples.end());
      words += shard.words();
      CHECK(shard.batch_words == whole.batch(1, b).words());
    }
    CHECK(samples == expected);
    CHECK(words == whole.batch(1, b).words());
  }
}

TEST_CASE("translation task: a student learns from its teacher alone, whose weights stay as they are") {
  const Model teacher = small_model(9);
  const std::string before = teacher.parameters->fingerprint();
  Recipe recipe = short_recipe();
  recipe.epochs = 20;
  recipe.distillation.beta = 1;
  recipe.distillation.form = training::Distillation::Form::hinton;
  recipe.distillation.teacher_temperature = 2;
  const Outcome student = learn(recipe, &teacher);
  CHECK(teacher.parameters->fingerprint() == before);
  CHECK(student.epochs.back().train_loss < 0.5 * student.epochs.front().train_loss);  // it comes to what an untrained teacher says
  CHECK(student.epochs.back().val.nll > learn(
                                            [&] {
                                              Recipe labels = recipe;
                                              labels.distillation.beta = 0;
                                              return labels;
                                            }(),
                                            &teacher)
                                            .epochs.back()
                                            .val.nll);
  recipe.distillation.beta = 0;  // the teacher has no say: as without it
  recipe.epochs = 1;
  check_same(learn(recipe, &teacher), learn(recipe));

  Model stranger = small_model();
  stranger.subwords = data::Subwords::learn(tests::small_corpus(50, 7).source, {.vocabulary = 40});
  CHECK(tests::error_of([&] { learn(recipe, &stranger); }) == "--teacher: it reads other subwords; give the student those of its teacher");
}

TEST_CASE("translation task: metrics by batch are those of all logits at once") {
  const Model model = small_model();
  const calibration::Metrics streamed = token_metrics(*model.network, val_pairs(), *calibration::identity_calibrator(), 128).result();
  const calibration::Metrics whole = calibration::metrics(predict_tokens(*model.network, val_pairs()));
  CHECK(streamed.samples == whole.samples);
  CHECK(streamed.nll == doctest::Approx(whole.nll).epsilon(1e-5));
  CHECK(streamed.ece == doctest::Approx(whole.ece).epsilon(1e-4));
  CHECK(streamed.accuracy == doctest::Approx(whole.accuracy));
}

}  // namespace
}  // namespace temper::translation
