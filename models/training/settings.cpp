#include "models/training/settings.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

#include "models/training/json.h"
#include "models/training/optimizer.h"

namespace temper::training {
namespace {

// A field as a value of a file.
template <class Field> auto to_value(const Field& field) {
  if constexpr (std::same_as<Field, bool> || std::same_as<Field, std::string>) {
    return field;
  } else if constexpr (std::integral<Field>) {
    return static_cast<Index>(field);
  } else if constexpr (std::floating_point<Field>) {
    return short_number(static_cast<float>(field));
  } else if constexpr (std::same_as<Field, ParameterRule>) {
    return to_string(field);
  } else {
    std::vector<decltype(to_value(field.front()))> list;
    for (const auto& item : field) list.push_back(to_value(item));
    return list;
  }
}

template <class T> T expect(const Value& value, const char* what) {
  const T* held = std::get_if<T>(&value);
  if (!held) throw Error(concat("it takes ", what));
  return *held;
}

template <class Field> void from_value(const Value& value, Field& field) {
  if constexpr (std::same_as<Field, bool>) {
    field = expect<bool>(value, "true or false");
  } else if constexpr (std::same_as<Field, std::string>) {
    field = expect<std::string>(value, "text");
  } else if constexpr (std::integral<Field>) {
    const Index number = expect<Index>(value, "a whole number");
    TEMPER_CHECK(std::in_range<Field>(number), "it takes a whole number in the range of its kind, not ", number);
    field = static_cast<Field>(number);
  } else if constexpr (std::floating_point<Field>) {
    const Index* whole = std::get_if<Index>(&value);
    field = static_cast<Field>(whole ? static_cast<double>(*whole) : expect<double>(value, "a number"));
  } else if constexpr (std::same_as<Field, std::vector<Index>>) {
    field = expect<std::vector<Index>>(value, "a list of whole numbers, as [32000, 48000]");
  } else if constexpr (std::same_as<Field, std::vector<float>>) {
    field.clear();
    for (const double number : expect<std::vector<double>>(value, "a list of numbers, as [30, 60]"))
      field.push_back(static_cast<float>(number));
  } else {
    field.clear();
    for (const std::string& text : expect<std::vector<std::string>>(value, "a list of rules, as [\"fc3.*=0.1\"]"))
      field.push_back(parameter_rule(text));
  }
}

// Settings of one group, in the order in which they are added.
class Group {
 public:
  Group(std::vector<Setting>& all, std::string name) : all_(all), name_(std::move(name)) {}

  // access(recipe) is the field: bool, number, text, or a list.
  template <class Access> Group& field(const char* key, const char* option, const char* type_name, const char* help, Access access) {
    all_.push_back({name_, key, option, type_name, help, [access](const Recipe& recipe) { return Value(to_value(access(recipe))); },
                    [access](Recipe& recipe, const Value& value) { from_value(value, access(recipe)); }});
    return *this;
  }

  // access(recipe) is an enumeration; parse is the inverse of its name().
  template <class Access, class Name, class Parse>
  Group& choice(const char* key, const char* option, std::string help, Access access, Name to_name, Parse parse) {
    all_.push_back({name_, key, option, "NAME", help, [=](const Recipe& recipe) { return Value(std::string(to_name(access(recipe)))); },
                    [=](Recipe& recipe, const Value& value) { access(recipe) = parse(expect<std::string>(value, "a name")); }});
    return *this;
  }

 private:
  std::vector<Setting>& all_;
  std::string name_;
};

void add_length(std::vector<Setting>& all) {
  Group(all, "Network and length")
      .field(
          "model", "--model", "NAME", "The network; `temper models` lists them", [](auto& r) -> auto& { return r.model; })
      .field(
          "epochs", "--epochs", "N", "Passes over the training data", [](auto& r) -> auto& { return r.epochs; })
      .field(
          "steps", "--steps", "N", "End the run after so many steps, whatever --epochs (0: no)", [](auto& r) -> auto& { return r.steps; })
      .field(
          "shards", "--shards", "V",
          "Parts of a batch, on one rank or many: less memory, and the same result on up to V ranks (0: one a rank)",
          [](auto& r) -> auto& { return r.shards; })
      .field(
          "sync_batch_norm", "--sync-batch-norm,!--no-sync-batch-norm", "",
          "Batch normalisation over the whole batch instead of over each shard; slower", [](auto& r) -> auto& { return r.sync_batch_norm; })
      .field(
          "seed", "--seed", "S", "Of weights, order, augmentation and dropout (default 1)", [](auto& r) -> auto& { return r.seed; })
      .field(
          "val_size", "--val-size", "N", "Training samples held out for validation (-1: as many as the data has it)",
          [](auto& r) -> auto& { return r.val_size; });
}

void add_images(std::vector<Setting>& all) {
  Group(all, "Images")
      .field(
          "batch", "--batch", "N", "Images a step", [](auto& r) -> auto& { return r.batch; })
      .field(
          "image_size", "--image-size", "S", "Side of the images of a folder (0: theirs, where all have one up to 256, else 64)",
          [](auto& r) -> auto& { return r.image_size; })
      .field(
          "resize", "--resize", "R", "Short side of a folder's photos, before images are cut out (0: image size and a seventh)",
          [](auto& r) -> auto& { return r.short_side; })
      .field(
          "skip_bad_images", "--skip-bad-images,!--no-skip-bad-images", "", "Leave out a folder's pictures that cannot be decoded",
          [](auto& r) -> auto& { return r.skip_damaged; })
      .field(
          "crop", "--crop", "P", "Side of the square that the network sees, the middle in evaluation (0: the whole image)",
          [](auto& r) -> auto& { return r.crop; })
      .field(
          "random_crop", "--random-crop,!--no-random-crop", "", "Augmentation: in training the crop is taken anywhere",
          [](auto& r) -> auto& { return r.augment.random_crop; })
      .choice(
          "standardize", "--standardize", "By channel, over the training set, or each image by itself: channel or image",
          [](auto& r) -> auto& { return r.standardization; }, [](auto value) { return data::name(value); }, data::standardization)
      .field(
          "shift", "--shift", "P", "Augmentation: move images at random by up to so many pixels",
          [](auto& r) -> auto& { return r.augment.shift; })
      .choice(
          "padding", "--padding", "What moves in with --shift: black or reflect", [](auto& r) -> auto& { return r.augment.padding; },
          [](auto value) { return data::name(value); }, data::padding)
      .choice(
          "flip", "--flip{random},--no-flip{none}", "Augmentation: mirror images at random, or in turn: --flip=alternating",
          [](auto& r) -> auto& { return r.augment.flip; }, [](auto value) { return data::name(value); }, data::flip)
      .field(
          "random_resized_crop", "--random-resized-crop,!--no-random-resized-crop", "",
          "Augmentation of photos: any part of them, of any size from --smallest-area up",
          [](auto& r) -> auto& { return r.augment.photo.random_resized_crop; })
      .field(
          "smallest_area", "--smallest-area", "A", "Its smallest share of the photo, in (0,1]",
          [](auto& r) -> auto& { return r.augment.photo.smallest_area; })
      .field(
          "largest_area", "--largest-area", "A", "Its largest share of the photo",
          [](auto& r) -> auto& { return r.augment.photo.largest_area; })
      .field(
          "brightness", "--brightness", "X", "Augmentation of photos: a factor in [1-X, 1+X]",
          [](auto& r) -> auto& { return r.augment.photo.brightness; })
      .field(
          "contrast", "--contrast", "X", "The same for contrast", [](auto& r) -> auto& { return r.augment.photo.contrast; })
      .field(
          "saturation", "--saturation", "X", "The same for saturation", [](auto& r) -> auto& { return r.augment.photo.saturation; })
      .field(
          "mixup", "--mixup", "A", "Augmentation: mix images in pairs, with shares of Beta(A, A) (0: no)",
          [](auto& r) -> auto& { return r.mixup; })
      .choice(
          "tta", "--tta", "Views to average in evaluation, kept with the model: none, flip or flip-shift",
          [](auto& r) -> auto& { return r.views; }, [](auto value) { return models::name(value); }, models::views);
}

void add_text(std::vector<Setting>& all) {
  Group(all, "Text")
      .field(
          "languages", "--languages", "SRC,TGT", "Of text:DIR: the ends of its files' names, as en,de (default: English, and the other)",
          [](auto& r) -> auto& { return r.text.languages; })
      .field(
          "val_text", "--val-text", "SRC,TGT", "Validation files, instead of what DIR has or of pairs held out",
          [](auto& r) -> auto& { return r.text.val; })
      .field(
          "test_text", "--test-text", "SRC,TGT", "Test files, likewise", [](auto& r) -> auto& { return r.text.test; })
      .field(
          "lower_case", "--lower-case,!--no-lower-case", "", "Read everything without capitals, and translate so",
          [](auto& r) -> auto& { return r.text.lower_case; })
      .field(
          "batch_tokens", "--batch-tokens", "N", "Subwords a step, on the longer side, padding included",
          [](auto& r) -> auto& { return r.text.batch_tokens; })
      .field(
          "longest", "--longest", "N", "Leave pairs out of training that have more subwords on either side",
          [](auto& r) -> auto& { return r.text.longest; })
      .field(
          "subwords", "--subwords", "FILE", "A model of SentencePiece to use, with the ids 0 to 3 for padding, unknown, begin and end",
          [](auto& r) -> auto& { return r.text.subwords; })
      .field(
          "vocabulary", "--vocabulary", "N", "Else subwords to learn from the training text of both languages",
          [](auto& r) -> auto& { return r.text.vocabulary.vocabulary; })
      .choice(
          "subword_kind", "--subword-kind", "How they are learned: unigram or bpe", [](auto& r) -> auto& { return r.text.vocabulary.kind; },
          [](auto value) { return data::name(value); }, data::subword_kind)
      .field(
          "dropout", "--dropout", "P", "Of the network (-1: as its name has it, 0.3 of transformer_small, 0.1 of transformer_base)",
          [](auto& r) -> auto& { return r.text.dropout; });
}

void add_loss(std::vector<Setting>& all) {
  Group(all, "Loss")
      .field(
          "smoothing", "--smoothing", "A", "Label smoothing alpha in [0,1]: the share of the target spread over all classes",
          [](auto& r) -> auto& { return r.smoothing; })
      .field(
          "loss_scale", "--loss-scale", "X", "Multiply the loss", [](auto& r) -> auto& { return r.loss_scale; });
  Group(all, "Distillation")
      .field(
          "temperature", "--temperature", "T", "Softens the teacher's probabilities",
          [](auto& r) -> auto& { return r.distillation.temperature; })
      .field(
          "student_temperature", "--student-temperature", "T", "Softens the student's (0: as --form has it, 1 or the teacher's)",
          [](auto& r) -> auto& { return r.distillation.student_temperature; })
      .field(
          "beta", "--beta", "B", "Weight of the teacher against the labels, in [0,1]; at 1 the labels play no part",
          [](auto& r) -> auto& { return r.distillation.beta; })
      .choice(
          "form", "--form",
          "paper: T on the teacher alone, no factor (Müller et al. 2019); hinton: T on both sides, times T^2 (Hinton et al. 2015); logits: "
          "half the squared distance of the logits; decoupled: as hinton, the label's class and the others weighed apart (Zhao et al. "
          "2022)",
          [](auto& r) -> auto& { return r.distillation.form; }, [](auto value) { return name(value); }, distillation_form)
      .choice(
          "factor", "--factor", "Of the teacher's part of the loss: form (as --form has it), none, or squared: T of both multiplied",
          [](auto& r) -> auto& { return r.distillation.factor; }, [](auto value) { return name(value); }, distillation_factor)
      .field(
          "dkd_alpha", "--dkd-alpha", "A", "Of --form decoupled: weight of how sure the teacher is of the label's class",
          [](auto& r) -> auto& { return r.distillation.target_weight; })
      .field(
          "dkd_beta", "--dkd-beta", "B", "Of --form decoupled: weight of what it knows about the other classes",
          [](auto& r) -> auto& { return r.distillation.non_target_weight; });
}

void add_optimizer(std::vector<Setting>& all) {
  Group(all, "Optimizer")
      .choice(
          "optimizer", "--optimizer", list_optimizers(), [](auto& r) -> auto& { return r.optimizer; }, [](auto& value) { return value; },
          [](const std::string& value) { return find_optimizer(value).name; })
      .field(
          "momentum", "--momentum", "M", "Of SGD", [](auto& r) -> auto& { return r.momentum; })
      .field(
          "nesterov", "--nesterov,!--no-nesterov", "", "Nesterov's form of momentum", [](auto& r) -> auto& { return r.nesterov; })
      .field(
          "dampening", "--dampening", "D", "Of SGD's momentum", [](auto& r) -> auto& { return r.dampening; })
      .field(
          "beta1", "--beta1", "B", "Of Adam: decay of the mean gradient", [](auto& r) -> auto& { return r.beta1; })
      .field(
          "beta2", "--beta2", "B", "Of Adam: decay of the mean square", [](auto& r) -> auto& { return r.beta2; })
      .field(
          "epsilon", "--epsilon", "E", "Of Adam: added to its root", [](auto& r) -> auto& { return r.epsilon; })
      .field(
          "weight_decay", "--weight-decay", "W", "L2 with SGD, decoupled with AdamW", [](auto& r) -> auto& { return r.weight_decay; })
      .field(
          "decay_norm_and_bias", "--decay-norm-and-bias,!--no-decay-norm-and-bias", "", "Decay normalisation parameters and biases too",
          [](auto& r) -> auto& { return r.decay_norm_and_bias; })
      .field(
          "decoupled", "--decoupled,!--no-decoupled", "",
          "SGD's rate and decay are meant for 1,024 images, and for steps that momentum does not enlarge",
          [](auto& r) -> auto& { return r.decoupled; })
      .field(
          "clip", "--clip", "X", "Largest global norm of the gradient (0: no limit)", [](auto& r) -> auto& { return r.clip_norm; })
      .field(
          "lr_factors", "--lr-factors", "PATTERN=F,...", "Learning rates of some parameters: fc3.*=0.1, norm:*=64",
          [](auto& r) -> auto& { return r.learning_rate_factors; })
      .field(
          "decay_factors", "--decay-factors", "PATTERN=F,...", "Weight decays of some parameters",
          [](auto& r) -> auto& { return r.decay_factors; })
      .field(
          "freeze", "--freeze", "PATTERN=E,...", "Parameters that learn in the first E epochs only; 0: never",
          [](auto& r) -> auto& { return r.freeze; });
}

void add_schedule(std::vector<Setting>& all) {
  Group(all, "Learning rate")
      .field(
          "lr", "--lr", "R", "Highest learning rate", [](auto& r) -> auto& { return r.learning_rate; })
      .choice(
          "schedule", "--schedule", "How it goes: constant, step, cosine, linear, triangle or inverse-sqrt",
          [](auto& r) -> auto& { return r.schedule; }, [](auto value) { return optim::name(value); }, optim::schedule_kind)
      .field(
          "warm_up_epochs", "--warm-up", "E", "Epochs in which it rises first", [](auto& r) -> auto& { return r.warm_up_epochs; })
      .field(
          "warm_up_steps", "--warm-up-steps", "N", "The same in steps, instead (0: no)", [](auto& r) -> auto& { return r.warm_up_steps; })
      .field(
          "milestones", "--milestones", "E,E,...", "Epochs at which --schedule step changes it",
          [](auto& r) -> auto& { return r.milestones; })
      .field(
          "milestone_steps", "--milestone-steps", "N,N,...", "The same in steps", [](auto& r) -> auto& { return r.milestone_steps; })
      .field(
          "milestone_factor", "--milestone-factor", "F", "What it is multiplied by there",
          [](auto& r) -> auto& { return r.milestone_factor; })
      .field(
          "triangle_start", "--triangle-start", "F", "Of --schedule triangle: the first rate, as a part of --lr",
          [](auto& r) -> auto& { return r.triangle.start; })
      .field(
          "triangle_peak", "--triangle-peak", "P", "The part of the run after which it is highest",
          [](auto& r) -> auto& { return r.triangle.peak; })
      .field(
          "triangle_end", "--triangle-end", "F", "The last rate, as a part of --lr", [](auto& r) -> auto& { return r.triangle.end; });
}

void add_averages(std::vector<Setting>& all) {
  Group(all, "Averages of weights")
      .field(
          "ema", "--ema", "D", "Decay of an exponential moving average, which becomes the model (0: none)",
          [](auto& r) -> auto& { return r.ema_decay; })
      .field(
          "lookahead", "--lookahead", "N", "Return to the lookahead average every N steps (0: none)",
          [](auto& r) -> auto& { return r.lookahead_every; })
      .field(
          "lookahead_decay", "--lookahead-decay", "D", "Of that average, a step; it grows to this by the cube of the way",
          [](auto& r) -> auto& { return r.lookahead_decay; });
  Group(all, "Result")
      .choice(
          "keep", "--keep", "Which weights become the model: last, or those of the epoch best on validation: best-accuracy or best-nll",
          [](auto& r) -> auto& { return r.keep; }, [](auto value) { return name(value); }, temper::training::keep);
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> list;
    add_length(list);
    add_images(list);
    add_text(list);
    add_loss(list);
    add_optimizer(list);
    add_schedule(list);
    add_averages(list);
    return list;
  }();
  return all;
}

bool Setting::applies_to(const Recipe& recipe) const { return group != (recipe.reads_text() ? "Images" : "Text"); }

bool Setting::for_any_weights() const {
  static constexpr std::array<std::string_view, 8> kKeys{"val_size", "image_size",  "resize",    "skip_bad_images",
                                                         "crop",     "standardize", "smoothing", "tta"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

}  // namespace temper::training
