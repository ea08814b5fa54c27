#include "models/training/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "data/mixup.h"
#include "data/sources.h"
#include "models/training/optimizer.h"
#include "models/training/setting_rows.h"

namespace temper::training {
namespace {

using data::Augment, data::PhotoAugment, data::SubwordOptions, optim::Triangle;
using Text = Recipe::Text;

template <class Field> auto augment(Field Augment::*field) { return path(&Recipe::augment, field); }
template <class Field> auto photo(Field PhotoAugment::*field) { return path(&Recipe::augment, &Augment::photo, field); }
template <class Field> auto text(Field Text::*field) { return path(&Recipe::text, field); }
template <class Field> auto vocabulary(Field SubwordOptions::*field) { return path(&Recipe::text, &Text::vocabulary, field); }
template <class Field> auto distillation(Field Distillation::*field) { return path(&Recipe::distillation, field); }
template <class Field> auto triangle(Field Triangle::*field) { return path(&Recipe::triangle, field); }

Setting optimizer() {
  Setting setting = row("optimizer", "--optimizer", "NAME", list_optimizers().c_str(), &Recipe::optimizer);
  setting.write = [](Recipe& recipe, const Value& value) { recipe.optimizer = find_optimizer(expect<std::string>(value, "a name")).name; };
  return setting;
}

using Form = Distillation::Form;
using Kind = optim::Schedule::Kind;

// What some of the settings are for.
constexpr Scope kPhotos{.of_photos = true};
constexpr Scope kImages{[](const Recipe& r) { return !r.reads_text(); }, "networks that read images"};
constexpr Scope kCropped{[](const Recipe& r) { return r.crop > 0; }, "--crop"};
constexpr Scope kShifted{[](const Recipe& r) { return r.augment.shift > 0; }, "--shift"};
constexpr Scope kResizedCrops{[](const Recipe& r) { return r.augment.photo.random_resized_crop; }, "--random-resized-crop", true};
constexpr Scope kLearnedSubwords{[](const Recipe& r) { return r.text.subwords.empty(); }, "subwords that are learned, without --subwords"};
constexpr Scope kSoftened{[](const Recipe& r) { return r.distillation.form != Form::logits; }, "the other forms than --form logits"};
constexpr Scope kDecoupledForm{[](const Recipe& r) { return r.distillation.form == Form::decoupled; }, "--form decoupled"};
constexpr Scope kSgd{[](const Recipe& r) { return r.optimizer == "sgd"; }, "--optimizer sgd"};
constexpr Scope kSgdMomentum{[](const Recipe& r) { return r.optimizer == "sgd" && r.momentum > 0; }, "--optimizer sgd with --momentum"};
constexpr Scope kAdam{[](const Recipe& r) { return r.optimizer == "adamw"; }, "--optimizer adamw"};
constexpr Scope kDecay{[](const Recipe& r) { return r.weight_decay > 0; }, "--weight-decay"};
constexpr Scope kStepSchedule{[](const Recipe& r) { return r.schedule == Kind::step; }, "--schedule step"};
constexpr Scope kTriangle{[](const Recipe& r) { return r.schedule == Kind::triangle; }, "--schedule triangle"};
constexpr Scope kWarmUp{[](const Recipe& r) { return r.schedule != Kind::triangle; }, "the other schedules than --schedule triangle"};
constexpr Scope kWarmUpEpochs{[](const Recipe& r) { return kWarmUp.covers(r) && r.warm_up_steps == 0; },
                              "runs without --warm-up-steps, and not for --schedule triangle"};
constexpr Scope kLookahead{[](const Recipe& r) { return r.lookahead_every > 0; }, "--lookahead"};

using Group = std::pair<const char*, std::vector<Setting>>;

std::vector<Group> groups() {
  return {
      {"Network and length",
       {row("model", "--model", "NAME", "The network; `temper models` lists them", &Recipe::model),
        row("epochs", "--epochs", "N", "Passes over the training data", &Recipe::epochs, {at_least_1, "give at least 1"}),
        row("steps", "--steps", "N", "End the run after so many steps, whatever --epochs (0: no)", &Recipe::steps,
            {at_least_0, "give at least 1, or 0 for the end of the last epoch"}),
        row("patience", "--patience", "N",
            "End the run when the validation NLL has not fallen for N epochs (0: no); --keep best-nll then makes the best weights the "
            "model",
            &Recipe::patience, {at_least_0, "give a number of epochs, or 0 to train all"}),
        row("shards", "--shards", "V",
            "Parts of a batch, on one rank or many: less memory, and the same result on up to V ranks (0: one a rank)", &Recipe::shards),
        flag("sync_batch_norm", "--sync-batch-norm", "Batch normalisation over the whole batch instead of over each shard; slower",
             &Recipe::sync_batch_norm),
        row("seed", "--seed", "S", "Of weights, order, augmentation and dropout (default 1)", &Recipe::seed),
        row("val_size", "--val-size", "N", "Training samples held out for validation (-1: as many as the data has it)", &Recipe::val_size,
            {[](double x) { return x == Recipe::kOwnSplit || x >= 1; }, "give at least 1, or -1 for the division that the data has"})}},
      {"Images",
       {row("batch", "--batch", "N", "Images a step (-1: from 8 to 64, so that an epoch has 10 steps; usual for folders)", &Recipe::batch,
            {[](double x) { return x == Recipe::kBySize || x >= 1; }, "give at least 1, or -1 for a batch that fits the number of images"}),
        only(kPhotos,
             row("image_size", "--image-size", "S", "Side of the images of a folder (0: theirs, where all have one up to 256, else 64)",
                 &Recipe::image_size, {at_least_0, "give the pixels of a side, or 0 for the usual size"})),
        only(kPhotos,
             row("resize", "--resize", "R", "Short side of a folder's photos, before images are cut out (0: image size and a seventh)",
                 &Recipe::short_side, {at_least_0, "give the pixels of the short side, or 0 for the usual margin"})),
        only(kPhotos,
             flag("skip_bad_images", "--skip-bad-images", "Leave out a folder's pictures that cannot be decoded", &Recipe::skip_damaged)),
        row("crop", "--crop", "P", "Side of the square crop that the network gets; the centre in evaluation (0: the whole image)",
            &Recipe::crop, {at_least_0, "give the pixels of a side, or 0 for the whole image"}),
        only(kCropped, flag("random_crop", "--random-crop", "Augmentation: take the crop at a random place in training",
                            augment(&Augment::random_crop))),
        choice("standardize", "--standardize", "By channel, over the training set, or each image by itself: channel or image",
               &Recipe::standardization, data::parse_standardization),
        row("shift", "--shift", "P", "Augmentation: move images at random by up to so many pixels", augment(&Augment::shift),
            {at_least_0, "give a number of pixels >= 0"}),
        only(kShifted, choice("padding", "--padding", "Padding of shifted images: black or reflect", augment(&Augment::padding),
                              data::parse_padding)),
        choice("flip", "--flip{random},--no-flip{none}", "Augmentation: mirror images at random, or in turn: --flip=alternating",
               augment(&Augment::flip), data::parse_flip),
        only(kPhotos, flag("random_resized_crop", "--random-resized-crop",
                           "Augmentation of photos: any part of them, of any size from --smallest-area up",
                           photo(&PhotoAugment::random_resized_crop))),
        only(kResizedCrops, row("smallest_area", "--smallest-area", "A", "Smallest area of the part, as a fraction of the photo, in (0,1]",
                                photo(&PhotoAugment::smallest_area))),
        only(kResizedCrops, row("largest_area", "--largest-area", "A", "Largest area of the part, as a fraction of the photo",
                                photo(&PhotoAugment::largest_area))),
        only(kPhotos,
             row("brightness", "--brightness", "X", "Augmentation of photos: a factor in [1-X, 1+X]", photo(&PhotoAugment::brightness))),
        only(kPhotos, row("contrast", "--contrast", "X", "The same for contrast", photo(&PhotoAugment::contrast))),
        only(kPhotos, row("saturation", "--saturation", "X", "The same for saturation", photo(&PhotoAugment::saturation))),
        row("mixup", "--mixup", "A", "Augmentation: mix images in pairs, with shares of Beta(A, A) (0: no)", &Recipe::mixup,
            {[](double x) { return x >= 0 && x <= data::kLargestMixup; }, "give an alpha in [0,4], 0 for none"}),
        choice("tta", "--tta", "Test-time augmentation, stored with the model: none, flip or flip-shift", &Recipe::tta,
               models::parse_test_time_augmentation)}},
      {"Text",
       {row("languages", "--languages", "SRC,TGT",
            "For text:DIR: the suffixes of its files, such as en,de (default: English, and the other)", text(&Text::languages)),
        row("val_text", "--val-text", "SRC,TGT", "Validation files, instead of those of DIR or held-out pairs", text(&Text::val)),
        row("test_text", "--test-text", "SRC,TGT", "Test files, likewise", text(&Text::test)),
        flag("lower_case", "--lower-case", "Lower-case all text, including translations", text(&Text::lower_case)),
        row("batch_tokens", "--batch-tokens", "N", "Subwords a step, on the longer side, padding included", text(&Text::batch_tokens)),
        row("longest", "--longest", "N", "Skip training pairs with more subwords on either side", text(&Text::longest),
            {at_least_1, "give subwords a sentence, at least 1"}),
        row("subwords", "--subwords", "FILE", "A SentencePiece model, with ids 0 to 3 for padding, unknown, begin and end",
            text(&Text::subwords)),
        only(kLearnedSubwords,
             row("vocabulary", "--vocabulary", "N", "Size of the vocabulary that is learned from the training text of both languages",
                 vocabulary(&SubwordOptions::vocabulary), {[](double x) { return x >= 8; }, "give at least 8"})),
        only(kLearnedSubwords, choice("subword_kind", "--subword-kind", "How subwords are learned: unigram or bpe",
                                      vocabulary(&SubwordOptions::kind), data::parse_subword_kind)),
        row("dropout", "--dropout", "P", "Dropout of the network (-1: 0.3 for transformer_small, 0.1 for transformer_base)",
            text(&Text::dropout),
            {[](double x) { return x == Recipe::Text::kOwnDropout || share_below_1(x); },
             "give a number in [0,1), or -1 for what the network has by its name"})}},
      {"Loss",
       {row("smoothing", "--smoothing", "A", "Label smoothing alpha in [0,1]: the share of the target spread over all classes",
            &Recipe::smoothing, {share, "give a number in [0,1], the share of the target that is spread over all classes"}),
        row("loss_scale", "--loss-scale", "X", "Multiply the loss", &Recipe::loss_scale, {above_0, "give a finite number > 0"}),
        only(kImages, row("class_weight", "--class-weight", "balanced|FILE",
                          "Weigh the classes in the labels' loss: balanced, so that rare ones count as much as others, or by a file with a "
                          "line NAME,WEIGHT for each",
                          &Recipe::class_weight))}},
      {"Distillation",
       {only(kSoftened, row("temperature", "--temperature", "T", "Softens the teacher's probabilities",
                            distillation(&Distillation::teacher_temperature))),
        only(kSoftened, row("student_temperature", "--student-temperature", "T",
                            "Softens the student's probabilities (0: by --form, 1 or the teacher's)",
                            distillation(&Distillation::student_temperature))),
        row("beta", "--beta", "B", "Weight of the teacher against the labels, in [0,1]; at 1 the labels are ignored",
            distillation(&Distillation::beta)),
        choice(
            "form", "--form",
            "paper: T on the teacher only, no factor (Müller et al. 2019); hinton: T on both sides, times T^2 (Hinton et al. 2015); "
            "logits: half the squared distance of the logits; decoupled: as hinton, the label's class and the others weighted separately "
            "(Zhao et al. 2022)",
            distillation(&Distillation::form), parse_distillation_form),
        only(kSoftened,
             choice("factor", "--factor",
                    "Factor of the teacher's part of the loss: form (by --form), none, or squared: the product of both temperatures",
                    distillation(&Distillation::factor), parse_distillation_factor)),
        only(kDecoupledForm,
             row("dkd_alpha", "--dkd-alpha", "A", "--form decoupled: weight of the teacher's probability of the label's class",
                 distillation(&Distillation::target_weight))),
        only(kDecoupledForm, row("dkd_beta", "--dkd-beta", "B", "--form decoupled: weight of its probabilities of the other classes",
                                 distillation(&Distillation::non_target_weight)))}},
      {"Optimizer",
       {optimizer(), only(kSgd, row("momentum", "--momentum", "M", "Momentum of SGD", &Recipe::momentum, kShareBelow1)),
        only(kSgdMomentum, flag("nesterov", "--nesterov", "Nesterov's form of momentum", &Recipe::nesterov)),
        only(kSgdMomentum, row("dampening", "--dampening", "D", "Dampening of SGD's momentum", &Recipe::dampening, kShareBelow1)),
        only(kAdam, row("beta1", "--beta1", "B", "Adam: decay of the first moment", &Recipe::beta1, kShareBelow1)),
        only(kAdam, row("beta2", "--beta2", "B", "Adam: decay of the second moment", &Recipe::beta2, kShareBelow1)),
        only(kAdam, row("epsilon", "--epsilon", "E", "Adam: added to the root of the second moment", &Recipe::epsilon,
                        {above_0, "give a small number > 0"})),
        row("weight_decay", "--weight-decay", "W", "L2 with SGD, decoupled with AdamW", &Recipe::weight_decay, kFinite),
        only(kDecay, flag("decay_norm_and_bias", "--decay-norm-and-bias", "Decay normalisation parameters and biases too",
                          &Recipe::decay_norm_and_bias)),
        only(kSgd, flag("decoupled", "--decoupled", "Rate and decay of SGD per 1,024 samples, corrected for momentum (airbench)",
                        &Recipe::decoupled)),
        row("clip", "--clip", "X", "Largest global norm of the gradient (0: no limit)", &Recipe::clip_norm,
            {at_least_0, "give the largest norm of the gradient, or 0 for no limit"}),
        row("lr_factors", "--lr-factors", "PATTERN=F,...", "Learning rates of some parameters: fc3.*=0.1, norm:*=64",
            &Recipe::learning_rate_factors),
        only(kDecay, row("decay_factors", "--decay-factors", "PATTERN=F,...", "Weight decays of some parameters", &Recipe::decay_factors)),
        row("freeze", "--freeze", "PATTERN=E,...", "Parameters that learn in the first E epochs only; 0: never", &Recipe::freeze)}},
      {"Learning rate",
       {row("lr", "--lr", "R", "Highest learning rate", &Recipe::learning_rate, kFinite),
        choice("schedule", "--schedule", "Schedule of the rate: constant, step, cosine, linear, triangle or inverse-sqrt",
               &Recipe::schedule, optim::parse_schedule_kind),
        only(kWarmUpEpochs, row("warm_up_epochs", "--warm-up", "E", "Warm-up: epochs in which the rate rises", &Recipe::warm_up_epochs,
                                {at_least_0, "give a number of epochs >= 0"})),
        only(kWarmUp, row("warm_up_steps", "--warm-up-steps", "N", "Warm-up in steps (overrides epochs; 0: no)", &Recipe::warm_up_steps,
                          {at_least_0, "give a number of steps >= 0"})),
        only(kStepSchedule, row("milestones", "--milestones", "E,E,...", "Epochs at which --schedule step changes the rate",
                                &Recipe::milestones, {at_least_0, "give epochs >= 0"})),
        only(kStepSchedule, row("milestone_steps", "--milestone-steps", "N,N,...", "Milestones in steps", &Recipe::milestone_steps,
                                {at_least_0, "give steps >= 0"})),
        only(kStepSchedule, row("milestone_factor", "--milestone-factor", "F", "Factor of the rate at each milestone",
                                &Recipe::milestone_factor, kFinite)),
        only(kTriangle, row("triangle_start", "--triangle-start", "F", "--schedule triangle: the first rate, as a fraction of --lr",
                            triangle(&Triangle::start), {at_least_0, "give a finite factor of --lr >= 0"})),
        only(kTriangle,
             row("triangle_peak", "--triangle-peak", "P", "--schedule triangle: the fraction of the run after which the rate is highest",
                 triangle(&Triangle::peak), {share, "give a part of the run in [0,1]"})),
        only(kTriangle, row("triangle_end", "--triangle-end", "F", "--schedule triangle: the last rate, as a fraction of --lr",
                            triangle(&Triangle::end), {at_least_0, "give a finite factor of --lr >= 0"}))}},
      {"Averages of weights",
       {row("ema", "--ema", "D", "Decay of an exponential moving average, which becomes the model (0: none)", &Recipe::ema_decay,
            {share_below_1, "give a decay in [0,1), 0 for no average"}),
        row("lookahead", "--lookahead", "N", "Return to the lookahead average every N steps (0: none)", &Recipe::lookahead_every,
            {at_least_0, "give a number of steps, 0 for no lookahead"}),
        only(kLookahead, row("lookahead_decay", "--lookahead-decay", "D",
                             "Decay per step of the lookahead average, annealed to this value as (step/total)^3", &Recipe::lookahead_decay,
                             {share, "give a number in [0,1]"}))}},
      {"Result",
       {choice("keep", "--keep",
               "The weights that become the model: last, or those of the best epoch on validation data: best-accuracy or best-nll",
               &Recipe::keep, temper::training::parse_keep),
        row("log_steps", "--log-steps", "N",
            "Write loss, rate, norm of the gradient and images a second to log_steps.csv every N steps (0: no)", &Recipe::log_steps,
            {at_least_0, "give a number of steps, or 0 for no such file"})}},
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> list;
    for (auto& [group, rows] : groups()) {
      for (Setting& setting : rows) {
        setting.group = group;
        list.push_back(std::move(setting));
      }
    }
    return list;
  }();
  return all;
}

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find_if(settings(), [&](const Setting& setting) { return setting.key == key; });
  return found == settings().end() ? nullptr : &*found;
}

bool Setting::can_vary() const {
  const Value usual = read({});
  const bool number = std::holds_alternative<Index>(usual) || std::holds_alternative<double>(usual);
  return number || (std::holds_alternative<std::string>(usual) && type_name == "NAME" && option.find('{') == std::string::npos);
}

Value parse_value(const Setting& setting, std::string_view text) {
  const auto number = [&]<class Number>(Number value, const char* what) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    TEMPER_CHECK(error == std::errc{} && end == text.data() + text.size(), "it takes ", what, ", not ", text,
                 "; give one, or a list of them");
    return Value(value);
  };
  const Value usual = setting.read({});
  if (std::holds_alternative<Index>(usual)) return number(Index{}, "a whole number");
  if (std::holds_alternative<double>(usual)) return number(double{}, "a number");
  TEMPER_CHECK(std::holds_alternative<std::string>(usual), "it takes no single number or name");
  return Value(std::string(text));
}

std::string plain_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  char digits[32];
  const auto write = [&](auto number) { return std::string(digits, std::to_chars(digits, digits + sizeof digits, number).ptr); };
  if (const auto* whole = std::get_if<Index>(&value)) return write(*whole);
  const auto* number = std::get_if<double>(&value);
  TEMPER_CHECK(number, "it is no single number or name");
  return write(*number);
}

bool Setting::is_for_network(const Recipe& recipe) const { return group != (recipe.reads_text() ? "Images" : "Text"); }

bool Setting::applies_to(const Recipe& recipe) const { return is_for_network(recipe) && (!scope.covers || scope.covers(recipe)); }

bool Setting::applies_to(const Recipe& recipe, const std::string& data) const {
  const data::DataSource* source = data::find_source(data);
  return applies_to(recipe) && (!scope.of_photos || !source || source->photos);
}

std::string Setting::belongs_to(const Recipe& recipe, const std::string& data) const {
  if (!is_for_network(recipe)) return recipe.reads_text() ? "networks that read images" : "networks that read text";
  const data::DataSource* source = data::find_source(data);
  return scope.of_photos && source && !source->photos ? "folders of photos" : scope.what;
}

bool Setting::for_any_weights() const {
  static constexpr std::array<std::string_view, 8> kKeys{"val_size", "image_size",  "resize",    "skip_bad_images",
                                                         "crop",     "standardize", "smoothing", "tta"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

}  // namespace temper::training
