#include "models/training/settings.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "data/mixup.h"
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

using Group = std::pair<const char*, std::vector<Setting>>;

std::vector<Group> groups() {
  return {
      {"Network and length",
       {row("model", "--model", "NAME", "The network; `temper models` lists them", &Recipe::model),
        row("epochs", "--epochs", "N", "Passes over the training data", &Recipe::epochs, {at_least_1, "give at least 1"}),
        row("steps", "--steps", "N", "End the run after so many steps, whatever --epochs (0: no)", &Recipe::steps,
            {at_least_0, "give at least 1, or 0 for the end of the last epoch"}),
        row("shards", "--shards", "V",
            "Parts of a batch, on one rank or many: less memory, and the same result on up to V ranks (0: one a rank)", &Recipe::shards),
        flag("sync_batch_norm", "--sync-batch-norm", "Batch normalisation over the whole batch instead of over each shard; slower",
             &Recipe::sync_batch_norm),
        row("seed", "--seed", "S", "Of weights, order, augmentation and dropout (default 1)", &Recipe::seed),
        row("val_size", "--val-size", "N", "Training samples held out for validation (-1: as many as the data has it)", &Recipe::val_size,
            {[](double x) { return x == Recipe::kOwnSplit || x >= 1; }, "give at least 1, or -1 for the division that the data has"})}},
      {"Images",
       {row("batch", "--batch", "N", "Images a step", &Recipe::batch, {at_least_1, "give at least 1"}),
        row("image_size", "--image-size", "S", "Side of the images of a folder (0: theirs, where all have one up to 256, else 64)",
            &Recipe::image_size, {at_least_0, "give the pixels of a side, or 0 for the usual size"}),
        row("resize", "--resize", "R", "Short side of a folder's photos, before images are cut out (0: image size and a seventh)",
            &Recipe::short_side, {at_least_0, "give the pixels of the short side, or 0 for the usual margin"}),
        flag("skip_bad_images", "--skip-bad-images", "Leave out a folder's pictures that cannot be decoded", &Recipe::skip_damaged),
        row("crop", "--crop", "P", "Side of the square crop that the network gets; the centre in evaluation (0: the whole image)",
            &Recipe::crop, {at_least_0, "give the pixels of a side, or 0 for the whole image"}),
        flag("random_crop", "--random-crop", "Augmentation: take the crop at a random place in training", augment(&Augment::random_crop)),
        choice("standardize", "--standardize", "By channel, over the training set, or each image by itself: channel or image",
               &Recipe::standardization, data::parse_standardization),
        row("shift", "--shift", "P", "Augmentation: move images at random by up to so many pixels", augment(&Augment::shift),
            {at_least_0, "give a number of pixels >= 0"}),
        choice("padding", "--padding", "Padding of shifted images: black or reflect", augment(&Augment::padding), data::parse_padding),
        choice("flip", "--flip{random},--no-flip{none}", "Augmentation: mirror images at random, or in turn: --flip=alternating",
               augment(&Augment::flip), data::parse_flip),
        flag("random_resized_crop", "--random-resized-crop",
             "Augmentation of photos: any part of them, of any size from --smallest-area up", photo(&PhotoAugment::random_resized_crop)),
        row("smallest_area", "--smallest-area", "A", "Smallest area of the part, as a fraction of the photo, in (0,1]",
            photo(&PhotoAugment::smallest_area)),
        row("largest_area", "--largest-area", "A", "Largest area of the part, as a fraction of the photo",
            photo(&PhotoAugment::largest_area)),
        row("brightness", "--brightness", "X", "Augmentation of photos: a factor in [1-X, 1+X]", photo(&PhotoAugment::brightness)),
        row("contrast", "--contrast", "X", "The same for contrast", photo(&PhotoAugment::contrast)),
        row("saturation", "--saturation", "X", "The same for saturation", photo(&PhotoAugment::saturation)),
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
        row("vocabulary", "--vocabulary", "N", "Size of the vocabulary that is learned from the training text of both languages",
            vocabulary(&SubwordOptions::vocabulary), {[](double x) { return x >= 8; }, "give at least 8"}),
        choice("subword_kind", "--subword-kind", "How subwords are learned: unigram or bpe", vocabulary(&SubwordOptions::kind),
               data::parse_subword_kind),
        row("dropout", "--dropout", "P", "Dropout of the network (-1: 0.3 for transformer_small, 0.1 for transformer_base)",
            text(&Text::dropout),
            {[](double x) { return x == Recipe::Text::kOwnDropout || share_below_1(x); },
             "give a number in [0,1), or -1 for what the network has by its name"})}},
      {"Loss",
       {row("smoothing", "--smoothing", "A", "Label smoothing alpha in [0,1]: the share of the target spread over all classes",
            &Recipe::smoothing, {share, "give a number in [0,1], the share of the target that is spread over all classes"}),
        row("loss_scale", "--loss-scale", "X", "Multiply the loss", &Recipe::loss_scale, {above_0, "give a finite number > 0"})}},
      {"Distillation",
       {row("temperature", "--temperature", "T", "Softens the teacher's probabilities", distillation(&Distillation::teacher_temperature)),
        row("student_temperature", "--student-temperature", "T", "Softens the student's probabilities (0: by --form, 1 or the teacher's)",
            distillation(&Distillation::student_temperature)),
        row("beta", "--beta", "B", "Weight of the teacher against the labels, in [0,1]; at 1 the labels are ignored",
            distillation(&Distillation::beta)),
        choice(
            "form", "--form",
            "paper: T on the teacher only, no factor (Müller et al. 2019); hinton: T on both sides, times T^2 (Hinton et al. 2015); "
            "logits: half the squared distance of the logits; decoupled: as hinton, the label's class and the others weighted separately "
            "(Zhao et al. 2022)",
            distillation(&Distillation::form), parse_distillation_form),
        choice("factor", "--factor",
               "Factor of the teacher's part of the loss: form (by --form), none, or squared: the product of both temperatures",
               distillation(&Distillation::factor), parse_distillation_factor),
        row("dkd_alpha", "--dkd-alpha", "A", "--form decoupled: weight of the teacher's probability of the label's class",
            distillation(&Distillation::target_weight)),
        row("dkd_beta", "--dkd-beta", "B", "--form decoupled: weight of its probabilities of the other classes",
            distillation(&Distillation::non_target_weight))}},
      {"Optimizer",
       {optimizer(), row("momentum", "--momentum", "M", "Momentum of SGD", &Recipe::momentum, kShareBelow1),
        flag("nesterov", "--nesterov", "Nesterov's form of momentum", &Recipe::nesterov),
        row("dampening", "--dampening", "D", "Dampening of SGD's momentum", &Recipe::dampening, {share, "give a number in [0,1]"}),
        row("beta1", "--beta1", "B", "Adam: decay of the first moment", &Recipe::beta1, kShareBelow1),
        row("beta2", "--beta2", "B", "Adam: decay of the second moment", &Recipe::beta2, kShareBelow1),
        row("epsilon", "--epsilon", "E", "Adam: added to the root of the second moment", &Recipe::epsilon,
            {above_0, "give a small number > 0"}),
        row("weight_decay", "--weight-decay", "W", "L2 with SGD, decoupled with AdamW", &Recipe::weight_decay, kFinite),
        flag("decay_norm_and_bias", "--decay-norm-and-bias", "Decay normalisation parameters and biases too", &Recipe::decay_norm_and_bias),
        flag("decoupled", "--decoupled", "Rate and decay of SGD per 1,024 samples, corrected for momentum (airbench)", &Recipe::decoupled),
        row("clip", "--clip", "X", "Largest global norm of the gradient (0: no limit)", &Recipe::clip_norm,
            {at_least_0, "give the largest norm of the gradient, or 0 for no limit"}),
        row("lr_factors", "--lr-factors", "PATTERN=F,...", "Learning rates of some parameters: fc3.*=0.1, norm:*=64",
            &Recipe::learning_rate_factors),
        row("decay_factors", "--decay-factors", "PATTERN=F,...", "Weight decays of some parameters", &Recipe::decay_factors),
        row("freeze", "--freeze", "PATTERN=E,...", "Parameters that learn in the first E epochs only; 0: never", &Recipe::freeze)}},
      {"Learning rate",
       {row("lr", "--lr", "R", "Highest learning rate", &Recipe::learning_rate, kFinite),
        choice("schedule", "--schedule", "Schedule of the rate: constant, step, cosine, linear, triangle or inverse-sqrt",
               &Recipe::schedule, optim::parse_schedule_kind),
        row("warm_up_epochs", "--warm-up", "E", "Warm-up: epochs in which the rate rises", &Recipe::warm_up_epochs,
            {at_least_0, "give a number of epochs >= 0"}),
        row("warm_up_steps", "--warm-up-steps", "N", "Warm-up in steps (overrides epochs; 0: no)", &Recipe::warm_up_steps,
            {at_least_0, "give a number of steps >= 0"}),
        row("milestones", "--milestones", "E,E,...", "Epochs at which --schedule step changes the rate", &Recipe::milestones,
            {at_least_0, "give epochs >= 0"}),
        row("milestone_steps", "--milestone-steps", "N,N,...", "Milestones in steps", &Recipe::milestone_steps,
            {at_least_0, "give steps >= 0"}),
        row("milestone_factor", "--milestone-factor", "F", "Factor of the rate at each milestone", &Recipe::milestone_factor, kFinite),
        row("triangle_start", "--triangle-start", "F", "--schedule triangle: the first rate, as a fraction of --lr",
            triangle(&Triangle::start), {at_least_0, "give a finite factor of --lr >= 0"}),
        row("triangle_peak", "--triangle-peak", "P", "--schedule triangle: the fraction of the run after which the rate is highest",
            triangle(&Triangle::peak), {share, "give a part of the run in [0,1]"}),
        row("triangle_end", "--triangle-end", "F", "--schedule triangle: the last rate, as a fraction of --lr", triangle(&Triangle::end),
            {at_least_0, "give a finite factor of --lr >= 0"})}},
      {"Averages of weights",
       {row("ema", "--ema", "D", "Decay of an exponential moving average, which becomes the model (0: none)", &Recipe::ema_decay,
            {share_below_1, "give a decay in [0,1), 0 for no average"}),
        row("lookahead", "--lookahead", "N", "Return to the lookahead average every N steps (0: none)", &Recipe::lookahead_every,
            {at_least_0, "give a number of steps, 0 for no lookahead"}),
        row("lookahead_decay", "--lookahead-decay", "D",
            "Decay per step of the lookahead average, annealed to this value as (step/total)^3", &Recipe::lookahead_decay,
            {share, "give a number in [0,1]"})}},
      {"Result",
       {choice("keep", "--keep",
               "The weights that become the model: last, or those of the best epoch on validation data: best-accuracy or best-nll",
               &Recipe::keep, temper::training::parse_keep)}},
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

bool Setting::applies_to(const Recipe& recipe) const { return group != (recipe.reads_text() ? "Images" : "Text"); }

bool Setting::for_any_weights() const {
  static constexpr std::array<std::string_view, 8> kKeys{"val_size", "image_size",  "resize",    "skip_bad_images",
                                                         "crop",     "standardize", "smoothing", "tta"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

}  // namespace temper::training
