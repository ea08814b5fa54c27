// Training that is stopped, killed and resumed: the same bits as without.

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "core/base/file.h"
#include "core/engine/parallel.h"
#include "models/training/checkpoints.h"
#include "models/training/recipe_file.h"
#include "models/training/trainer.h"
#include "tests/temporary_folder.h"

namespace temper::training {
namespace {

const data::Dataset& few_digits() {
  static const data::Dataset set = [] {
    std::vector<Index> samples;
    for (Index i = 0; i < 100; ++i) samples.push_back(i);
    return data::digits().train.subset(samples, "digits");
  }();
  return set;
}

struct Outcome {
  std::vector<float> values;
  std::vector<EpochRecord> epochs;
};

// Trains, from the newest checkpoint of the folder where there is one, until step `stop` (0: to the end).
Outcome run(const Recipe& recipe, const std::string& folder, Index stop = 0, Index every_steps = 0) {
  models::Model model = models::make_model(recipe.model, few_digits(), recipe.seed);
  const std::optional<Checkpoint> from = folder.empty() ? std::nullopt : Checkpoints(folder).newest([](const std::string&) {});
  const RunPlan plan{.command = "train", .data = "digits", .recipe = recipe};
  Index steps = from ? from->state.step : 0;
  Observer observer;
  observer.on_step = [&](const Progress& progress) { steps = progress.step; };
  observer.stop = [&] { return stop > 0 && steps >= stop; };
  Outcome outcome;
  try {
    outcome.epochs = train(model, few_digits(), few_digits(), recipe, cross_entropy(recipe), observer,
                           {.run = folder, .plan = plan, .every_steps = every_steps, .resume = from ? &*from : nullptr});
  } catch (const Stopped& stopped) {
    CHECK(stopped.step == stop);
  }
  outcome.values.assign(model.parameters->all_values().begin(), model.parameters->all_values().end());
  return outcome;
}

void check_same(const Outcome& a, const Outcome& b) {
  CHECK(std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0);
  REQUIRE(a.epochs.size() == b.epochs.size());
  for (std::size_t e = 0; e < a.epochs.size(); ++e) {
    CHECK(a.epochs[e].train_loss == b.epochs[e].train_loss);
    CHECK(a.epochs[e].train_accuracy == b.epochs[e].train_accuracy);
    CHECK(a.epochs[e].learning_rate == b.epochs[e].learning_rate);
    CHECK(a.epochs[e].val.nll == b.epochs[e].val.nll);
    CHECK(a.epochs[e].val.ece == b.epochs[e].val.ece);
  }
}

// 100 images in batches of 16 are 7 steps an epoch.
Recipe short_recipe(const char* settings) {
  Recipe recipe = Recipe::for_data("digits");
  recipe.model = "cnn";
  recipe.epochs = 3;
  recipe.batch = 16;
  read_recipe(settings, "settings", recipe);
  return recipe;
}

// Cases 28 and S12: every image is seen once an epoch, in the order of (seed, epoch), or the bits would differ.
TEST_CASE("resume: a run stopped in the middle of an epoch, at its ends and twice ends with the same bits, on other threads too") {
  const int before = threads();
  for (const char* settings : {"", "optimizer = \"adamw\"\nmixup = 0.4", "ema = 0.9\nclip = 0.5\nsteps = 17",
                               "lookahead = 5\nfreeze = [\"bias:*=1\"]\nnesterov = false",
                               "keep = \"best-nll\"\nschedule = \"step\"\nmilestones = [2]\nmilestone_factor = 20"}) {
    CAPTURE(settings);
    const Recipe recipe = short_recipe(settings);
    set_threads(2);
    const Outcome whole = run(recipe, "");
    for (const Index stop : {1, 7, 10, 14, 16}) {
      CAPTURE(stop);
      const TemporaryFolder folder;
      set_threads(1);
      run(recipe, folder.path(), stop);
      CHECK(Checkpoints(folder.path()).newest_step() == stop);
      set_threads(3);
      if (stop == 7) run(recipe, folder.path(), 12);
      check_same(run(recipe, folder.path()), whole);
    }
  }
  set_threads(before);
}

TEST_CASE("resume: a run that is made longer, finished or not, ends with the bits of one that was begun so") {
  for (const char* settings : {"schedule = \"constant\"\nkeep = \"best-nll\"", "schedule = \"step\"\nmilestones = [1]\nema = 0.9",
                               "schedule = \"inverse-sqrt\"\nwarm_up_steps = 5\noptimizer = \"adamw\"",
                               "schedule = \"constant\"\nclip = 0.5\nfreeze = [\"bias:*=2\"]"}) {
    CAPTURE(settings);
    // 7 steps an epoch: by whole epochs, out of the middle of one and into it, and from either to the other.
    for (const auto& [begun, longer] : {std::pair{"epochs = 1", "epochs = 3"}, std::pair{"steps = 10", "steps = 17"},
                                        std::pair{"steps = 10", "epochs = 3"}, std::pair{"epochs = 1", "steps = 17"}}) {
      CAPTURE(begun);
      CAPTURE(longer);
      const Recipe first = short_recipe(str_cat(settings, "\n", begun).c_str()),
                   then = short_recipe(str_cat(settings, "\n", longer).c_str());
      check_same_settings(first, then, 7);
      const Outcome whole = run(then, "");
      for (const Index stop : {0, 4}) {
        const TemporaryFolder folder;
        run(first, folder.path(), stop);
        CHECK(Checkpoints(folder.path()).newest_step() == (stop > 0 ? stop : first.steps > 0 ? first.steps : 7));  // nothing is done again
        check_same(run(then, folder.path()), whole);
      }
    }
  }
}

TEST_CASE("resume: settings that change are refused with both values, and what makes each step depend on the length forbids another") {
  const auto error_of = [](const char* begun, const char* now, Index steps_an_epoch) {
    try {
      check_same_settings(short_recipe(begun), short_recipe(now), steps_an_epoch);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string advice = "; resume with the original settings, or start another run with another --out or --overwrite";
  CHECK(error_of("lr = 0.5", "lr = 0.25", 7) == "--resume: the run was started with lr = 0.5, not with lr = 0.25" + advice);
  CHECK(error_of("schedule = \"constant\"", "schedule = \"constant\"\nepochs = 2", 7) ==
        "--resume: the run was started with epochs = 3, not with epochs = 2: a run can become longer, not shorter" + advice);
  CHECK(error_of("schedule = \"constant\"\nsteps = 20", "schedule = \"constant\"\nepochs = 2", 7).find("steps = 20, not with epochs = 2") !=
        std::string::npos);
  CHECK(error_of("schedule = \"constant\"\nsteps = 20", "schedule = \"constant\"\nepochs = 2", 0) == "");  // who knows
  for (const char* schedule : {"cosine", "linear", "triangle"}) {
    const std::string setting = str_cat("schedule = \"", schedule, "\"");
    CHECK(error_of(setting.c_str(), (setting + "\nepochs = 9").c_str(), 7) ==
          "--resume: the run was started with epochs = 3, not with epochs = 9: under this --schedule every step depends on the length of "
          "the run" +
              advice);
  }
  CHECK(error_of("schedule = \"constant\"\nlookahead = 5", "schedule = \"constant\"\nlookahead = 5\nepochs = 9", 7)
            .find("with --lookahead") != std::string::npos);
  CHECK(error_of("steps = 20", "steps = 20\nepochs = 9", 7) == "");  // counts for nothing
  CHECK(error_of("", "log_steps = 3", 7) == "");
  CHECK(error_of("", "patience = 3", 7) != "");
}

TEST_CASE("resume: patience ends a run where it would have ended without a stop") {
  const Recipe recipe = short_recipe("patience = 2\nepochs = 12\nlr = 0.4\nschedule = \"constant\"");
  const Outcome whole = run(recipe, "");
  CHECK(whole.epochs.size() < 12);
  CHECK(whole.epochs.size() >= 3);
  const TemporaryFolder folder;
  run(recipe, folder.path(), static_cast<Index>(7 * whole.epochs.size() - 9));
  check_same(run(recipe, folder.path()), whole);
  check_same(run(recipe, folder.path()), whole);  // it is over
}

TEST_CASE("resume: a run that was over, but for its results, is over at once") {
  const TemporaryFolder folder;
  const Recipe recipe = short_recipe("ema = 0.5");
  const Outcome whole = run(recipe, folder.path());
  check_same(run(recipe, folder.path()), whole);
}

TEST_CASE("resume: two checkpoints are kept, and the older one serves when the newer is damaged") {
  const TemporaryFolder folder;
  const Recipe recipe = short_recipe("");
  const Outcome whole = run(recipe, "");
  run(recipe, folder.path(), 11, 2);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "checkpoint")) files.push_back(entry.path().string());
  std::ranges::sort(files);
  REQUIRE(files.size() == 2);
  CHECK(files[0].ends_with("step-000000000010.safetensors"));
  CHECK(files[1].ends_with("step-000000000011.safetensors"));

  std::string bytes = read_file(files[1]);
  bytes[bytes.size() - 100] ^= 1;  // one bit of a value: every tensor is whole, and it is another number
  write_file(files[1], bytes);
  std::string warning;
  const auto newest = Checkpoints(folder.path()).newest([&](const std::string& text) { warning = text; });
  REQUIRE(newest);
  CHECK(newest->state.step == 10);
  CHECK(warning.find("step-000000000011.safetensors: not a whole checkpoint") != std::string::npos);
  check_same(run(recipe, folder.path()), whole);

  for (const auto& entry : std::filesystem::directory_iterator(folder / "checkpoint")) write_file(entry.path().string(), "");
  CHECK_THROWS_WITH_AS(Checkpoints(folder.path()).newest([](const std::string&) {}), doctest::Contains("checkpoint/step-"), Error);
}

// Case 26.
TEST_CASE("resume: a checkpoint that was cut anywhere is refused") {
  const TemporaryFolder folder;
  run(short_recipe("model = \"mlp-2\""), folder.path(), 1);
  const Checkpoints checkpoints(folder.path());
  const std::string path = checkpoints.newest({})->path;
  std::filesystem::remove(folder / "checkpoint/step-000000000000.safetensors");
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); size += size + 64 < whole.size() && size > 64 ? 61 : 1) {
    write_file(path, whole.substr(0, size));
    CHECK_THROWS_AS(checkpoints.newest({}), Error);
  }
  write_file(path, whole);
  CHECK(checkpoints.newest({})->state.step == 1);
}

// Case 26: the disk is full; a limit on the size of files stands in for it.
TEST_CASE("resume: on a full disk the training ends with an error and the last checkpoint stays") {
  const TemporaryFolder folder;
  const Recipe recipe = short_recipe("");
  const Outcome whole = run(recipe, "");
  run(recipe, folder.path(), 5);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 4096;
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK_THROWS_WITH_AS(run(recipe, folder.path(), 9), doctest::Contains("step-000000000007.safetensors: writing failed"), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  CHECK(Checkpoints(folder.path()).newest_step() == 5);
  check_same(run(recipe, folder.path()), whole);
}

TEST_CASE("resume: other settings, data or teachers than those of the beginning are refused by name") {
  const RunPlan begun{.command = "train", .data = "digits", .training_data = "1", .recipe = short_recipe("smoothing = 0.1")};
  check_same(begun, begun, 7);
  const auto refused = [&](auto change, const char* about) {
    RunPlan now = begun;
    change(now);
    CHECK_THROWS_WITH_AS(check_same(begun, now, 7), doctest::Contains(about), Error);
  };
  refused([](RunPlan& p) { p.recipe.smoothing = 0; }, "smoothing = 0.1, not with smoothing = 0.0;");
  refused([](RunPlan& p) { p.recipe.learning_rate_factors = {{"fc.*", 0.1f}}; }, "lr_factors = [], not with lr_factors = [\"fc.*=0.1\"]");
  refused([](RunPlan& p) { p.command = "distill"; }, "temper train");
  refused([](RunPlan& p) { p.data = "mnist:x"; }, "digits, not mnist:x");
  refused([](RunPlan& p) { p.training_data = "2"; }, "training data");
  refused([](RunPlan& p) { p.teachers = {"a"}; }, "another teacher");
  refused([](RunPlan& p) { p.teachers_fingerprint = "2"; }, "the teacher has changed");
}

TEST_CASE("resume: a run that diverges names the step and the first bad layer, and keeps its last good checkpoint") {
  const TemporaryFolder folder;
  const Recipe recipe = short_recipe("lr = 1e18\nclip = 0\nschedule = \"constant\"\nmodel = \"mlp-16\"");
  std::string message;
  try {
    run(recipe, folder.path(), 0, 1);
  } catch (const Error& error) {
    message = error.what();
  }
  CAPTURE(message);
  CHECK(message.starts_with("training: "));
  CHECK(message.find("step ") != std::string::npos);
  CHECK(message.find("fc") != std::string::npos);
  CHECK(message.find("lower --lr") != std::string::npos);
  const auto kept = Checkpoints(folder.path()).newest({});
  REQUIRE(kept);
  for (const auto& [name, entry] : kept->tensors.tensors) {
    for (const float value : entry.values) REQUIRE(std::isfinite(value));
  }
}

TEST_CASE("resume: the fingerprint of data tells images, labels, classes and order apart") {
  const data::Dataset& set = few_digits();
  const auto changed = [&](auto change) {
    data::Dataset other = set;
    change(other);
    return other.fingerprint();
  };
  CHECK(changed([](data::Dataset&) {}) == set.fingerprint());
  CHECK(changed([](data::Dataset& s) { s.pixels[77] ^= 1; }) != set.fingerprint());
  CHECK(changed([](data::Dataset& s) { s.labels[3] = (s.labels[3] + 1) % 10; }) != set.fingerprint());
  CHECK(changed([](data::Dataset& s) { s.class_names[0] = "none"; }) != set.fingerprint());
  CHECK(changed([](data::Dataset& s) { std::ranges::reverse(s.labels); }) != set.fingerprint());
}

}  // namespace
}  // namespace temper::training
