#include "models/training/recipes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "data/sources.h"
#include "models/training/json.h"
#include "models/training/recipe_file.h"
#include "models/training/settings.h"

namespace temper::training {
namespace {

// Every setting has a value that is not the default one.
constexpr std::string_view kUnusual = R"(
model = "a \"quoted\" \\ name"
epochs = 7
steps = 71
patience = 4
shards = 3
sync_batch_norm = true
seed = 12345678901
val_size = 12
batch = 9
image_size = 48
resize = 56
skip_bad_images = true
crop = 5
random_crop = false
standardize = "image"
shift = 3
padding = "reflect"
flip = "alternating"
random_resized_crop = true
smallest_area = 0.25
largest_area = 0.75
brightness = 0.1
contrast = 0.2
saturation = 0.3
mixup = 0.25
tta = "flip-shift"
languages = "de,en"
val_text = "a,b"
test_text = "c,d"
lower_case = true
batch_tokens = 999
longest = 55
subwords = "a.model"
vocabulary = 444
subword_kind = "bpe"
dropout = 0.25
smoothing = 0.3
loss_scale = 3
class_weight = "balanced"
temperature = 2.5
student_temperature = 1.5
beta = 0.25
form = "decoupled"
factor = "none"
dkd_alpha = 2
dkd_beta = 4
optimizer = "adamw"
momentum = 0.1
nesterov = false
dampening = 0.7
beta1 = 0.8
beta2 = 0.98
epsilon = 1e-09
weight_decay = 1e-05
decay_norm_and_bias = true
decoupled = true
clip = 2
lr_factors = ["fc3.*=0.1", "norm:*=64"]
decay_factors = ["*=0.015625"]
freeze = ["bias:*=3"]
lr = 1e-30
schedule = "inverse-sqrt"
warm_up_epochs = 0.5
warm_up_steps = 4
milestones = [1.5, 2]
milestone_steps = [32000, 48000]
milestone_factor = 0.5
triangle_start = 0.125
triangle_peak = 0.5
triangle_end = 0.25
ema = 0.999
lookahead = 5
lookahead_decay = 0.9
keep = "best-nll"
log_steps = 6
)";

std::string error_of_text(const std::string& text) {
  Recipe recipe;
  recipe.epochs = 77;
  try {
    read_recipe(text, "my.toml", recipe);
  } catch (const Error& error) {
    CHECK(recipe.epochs == 77);
    return error.what();
  }
  return "";
}

TEST_CASE("recipes: every setting goes into a file and comes back") {
  Recipe recipe;
  const std::vector<std::string> keys = read_recipe(kUnusual, "unusual", recipe);
  REQUIRE(keys.size() == settings().size());  // a new setting belongs into kUnusual
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CAPTURE(keys[i]);
    CHECK(keys[i] == settings()[i].key);
    CHECK(settings()[i].read(recipe) != settings()[i].read({}));
  }
  for (const char* model : {"a \"quoted\" \\ name", "transformer_small"}) {  // one reads images, one text
    recipe.model = model;
    Recipe again;
    const std::string text = write_recipe(recipe, true);
    read_recipe(text, "written", again);
    for (const Setting& setting : settings()) CHECK(setting.read(again) == setting.read(setting.applies_to(recipe) ? recipe : Recipe()));
    CHECK(write_recipe(again, true) == text);
  }
  CHECK(recipe.seed == 12345678901);
  CHECK(recipe.milestone_steps == std::vector<Index>{32000, 48000});
  CHECK(write_recipe(recipe, false).find("beta =") == std::string::npos);
}

TEST_CASE("recipes: run.json has every setting in the words of the files") {
  Recipe recipe;
  read_recipe(kUnusual, "unusual", recipe);
  const Json json = to_json(recipe);
  // The model and what a teacher is followed by stand beside it.
  const auto stored = std::ranges::count_if(settings(), [&](const Setting& setting) {
    return setting.applies_to(recipe) && setting.key != "model" && !setting.for_distillation();
  });
  CHECK(static_cast<std::ptrdiff_t>(json.size()) == stored);
  CHECK_FALSE(json.contains("momentum"));  // of SGD
  CHECK_FALSE(json.contains("lower_case"));
  CHECK(json["lr_factors"] == Json({"fc3.*=0.1", "norm:*=64"}));
  CHECK(json["flip"] == "alternating");
  CHECK(json["smoothing"].dump() == "0.3");
  recipe.schedule = optim::Schedule::Kind::step;
  CHECK(to_json(recipe)["milestone_steps"].dump() == "[32000,48000]");
}

TEST_CASE("recipes: keys and options are unlike each other, a file changes only what it names") {
  std::set<std::string> keys, options;
  for (const Setting& setting : settings()) {
    keys.insert(setting.key);
    options.insert(setting.option);
  }
  CHECK(keys.size() == settings().size());
  CHECK(options.size() == settings().size());
  Recipe recipe{.epochs = 3, .batch = 4};
  CHECK(read_recipe("batch = 8", "x", recipe) == std::vector<std::string>{"batch"});
  CHECK(recipe.epochs == 3);
  CHECK(recipe.batch == 8);
  CHECK(read_recipe("", "x", recipe).empty());
}

TEST_CASE("recipes: what is wrong in a file is said with its line") {
  const auto says = [](const std::string& text, std::initializer_list<const char*> words) {
    const std::string error = error_of_text(text);
    CAPTURE(error);
    for (const char* word : words) CHECK_MESSAGE(error.find(word) != std::string::npos, word);
    CHECK(error.starts_with("my.toml: line "));
    CHECK(error.find("; ") != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
  };
  says("epochs = 3\n\nepoch = 4", {"line 3", "epoch is not a setting", "known are model, epochs"});
  says("epochs = 3\nepochs = 4", {"line 2", "epochs"});
  says("epochs 3", {"line 1"});
  says("epochs = 1.5", {"line 1: epochs", "whole number"});
  says("epochs = \"3\"", {"epochs", "whole number"});
  says("epochs = 99999999999999999999", {"line 1"});
  says("seed = -1", {"seed", "-1"});
  says("\nlr = true", {"line 2: lr", "a number"});
  says("nesterov = 1", {"nesterov", "true or false"});
  says("model = 3", {"model", "text"});
  says("schedule = \"up\"", {"schedule", "up", "cosine"});
  says("flip = true", {"flip", "a name"});
  says("flip = \"twice\"", {"flip", "twice", "alternating"});
  says("milestones = 3", {"milestones", "list of numbers"});
  says("milestones = [\"a\"]", {"milestones", "list of numbers"});
  says("milestones = [1, \"a\"]", {"milestones", "kind"});
  says("milestone_steps = [1.5]", {"milestone_steps", "whole numbers"});
  says("lr_factors = [\"fc3\"]", {"lr_factors", "PATTERN=NUMBER"});
  says("lr_factors = [1]", {"lr_factors", "list of rules"});
  says("[sgd]\nlr = 1", {"line 1", "sgd is not a setting"});
  says("[optimizer]\nlr = 1", {"line 1", "optimizer", "kind"});
  says("lr = 1979-05-27", {"lr", "kind"});
}

TEST_CASE("recipes: those with names make sense, and are found by them") {
  for (const NamedRecipe& named : named_recipes()) {
    CAPTURE(named.name);
    const Recipe recipe = to_recipe(named_recipe(named.name));
    recipe.check();
    CHECK_FALSE(recipe.model.empty());
    CHECK_FALSE(named.description.empty());
    CHECK(needs_teacher(named) == (named.name == "paper-mnist-student"));
  }
  CHECK_THROWS_WITH_AS(named_recipe("fast"), doctest::Contains("known are fast-resnet, "), Error);
  const Recipe paper = to_recipe(named_recipe("paper-resnet56"));
  CHECK(paper.resolved(313).epochs == 205);  // 64,000 of 313 steps each
  CHECK(paper.resolved(313).steps == 64'000);
}

TEST_CASE("recipes: a setting out of its range is refused by its option, in a list as well") {
  const auto error = [](const char* settings) {
    Recipe recipe{.model = "lenet"};
    read_recipe(settings, "settings", recipe);
    try {
      recipe.check();
    } catch (const Error& refused) {
      return std::string(refused.what());
    }
    return std::string();
  };
  for (const Setting& setting : settings()) {
    CAPTURE(setting.key);
    CHECK_NOTHROW(setting.check({}));
    if (!setting.rule.allows) continue;
    CHECK(std::string_view(setting.rule.advice).starts_with("give "));
    CHECK_FALSE(setting.rule.allows(-2));  // nothing is
    CHECK_FALSE(setting.rule.allows(std::nan("")));
    CHECK(setting.option.find_first_of(",{") == std::string::npos);  // it stands in the message
  }
  CHECK(error("lr = -0.1") == "--lr: -0.1 is not allowed; give a finite number >= 0");
  CHECK(error("lr = inf") == "--lr: inf is not allowed; give a finite number >= 0");
  CHECK(error("milestone_steps = [1, -2, 3]") == "--milestone-steps: -2 is not allowed; give steps >= 0");
  CHECK(error("milestones = [1, -2.5]") == "--milestones: -2.5 is not allowed; give epochs >= 0");
  CHECK(error("ema = 1") == "--ema: 1 is not allowed; give a decay in [0,1), 0 for no average");
  CHECK(error("val_size = 0").starts_with("--val-size: 0 is not allowed"));
  CHECK(error("val_size = -1").empty());
  CHECK(error("dampening = 0.5").starts_with("--dampening: 0.5 is not allowed; Nesterov momentum has none"));
  CHECK(error("dampening = 0.5\noptimizer = \"adamw\"").empty());
  CHECK(error("decoupled = true\noptimizer = \"adamw\"").starts_with("--decoupled: adamw is not allowed"));
  CHECK_THROWS_WITH_AS(Recipe{.optimizer = "up"}.check(), "--optimizer: up is not known; give sgd or adamw", Error);
  CHECK(error("longest = 0").empty());  // for networks that read text
}

TEST_CASE("recipes: each source of data says what does well on it, and how it is written") {
  std::set<std::string_view> kinds;
  for (const data::DataSource* source : data::data_sources()) {
    CAPTURE(source->kind);
    CHECK(kinds.insert(source->kind).second);
    CHECK(source->forms[0].spec.starts_with(source->kind));
    CHECK_FALSE(source->forms[0].description.empty());
    CHECK((source->read_images == nullptr) != (source->read_text == nullptr));
    CHECK(source->takes_place() == !source->expected.empty());
    Recipe recipe;
    CHECK_FALSE(read_recipe(source->settings, "settings", recipe).empty());
    CHECK_NOTHROW(recipe.check());
  }
  // A change of these numbers would change every run that does not say otherwise.
  const Recipe digits = Recipe::for_data("digits"), mnist = Recipe::for_data("mnist:DIR"), cifar = Recipe::for_data("cifar100"),
               folder = Recipe::for_data("folder"), text = Recipe::for_data("text:a,b"), other = Recipe::for_data("imagenet:DIR");
  CHECK(std::tuple(digits.epochs, digits.batch, digits.learning_rate, digits.nesterov, digits.augment.shift) ==
        std::tuple(40, 32, 0.05f, false, 1));
  CHECK(std::tuple(mnist.epochs, mnist.batch, mnist.learning_rate, mnist.augment.shift) == std::tuple(5, 128, 0.03f, 0));
  CHECK(std::tuple(cifar.epochs, cifar.batch, cifar.learning_rate, cifar.warm_up_epochs, cifar.augment.shift, cifar.augment.flip) ==
        std::tuple(30, 128, 0.1f, 1.0f, 4, data::Flip::random));
  CHECK(std::tuple(folder.augment.photo.random_resized_crop, folder.augment.flip, folder.warm_up_epochs) ==
        std::tuple(true, data::Flip::random, 1.0f));
  CHECK(std::tuple(text.learning_rate, text.beta2, text.epsilon, text.weight_decay, text.warm_up_epochs, text.ema_decay,
                   text.text.batch_tokens) == std::tuple(2.5e-3f, 0.98f, 1e-9f, 0.0f, 2.0f, 0.999f, 2048));
  CHECK(write_recipe(other, true) == write_recipe({}, true));
}

}  // namespace
}  // namespace temper::training
