// A recipe: every setting of a training run, as data. models/training/settings.h lists them for the command line and files,
// models/training/recipes.h has some by name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/preprocessing.h"
#include "data/text/subwords.h"
#include "models/networks/test_time_augmentation.h"
#include "models/training/distillation.h"
#include "models/training/parameter_rules.h"
#include "optim/schedule.h"

namespace temper::training {

struct Recipe {
  enum class Keep { last, best_accuracy, best_nll };

  std::string model = "";  // the network, as `temper models` lists it
  Index epochs = 30;
  Index steps = 0;     // ends the run after so many; 0: at the end of the last epoch
  Index patience = 0;  // ends it when the validation NLL has not fallen for so many epochs; 0: never
  Index batch = 64;    // kBySize: see usual_batch
  static constexpr Index kBySize = -1;
  Index shards = 0;  // parts that a batch is trained in, see optim/distributed/gradient_sync.h; 0: as many as there are ranks
  bool sync_batch_norm =
      false;  // batch statistics over the whole batch, not over each shard, see optim/distributed/sync_batch_norm_runner.h
  std::uint64_t seed = 1;

  Index val_size = kOwnSplit;  // images of the training part that are held out for validation
  static constexpr Index kOwnSplit = -1;
  Index image_size = 0;       // of an image folder: side of the images, 0: theirs or the usual, see data::LoadOptions
  Index short_side = 0;       // of its photos, which the images are cut out of, 0: the usual margin
  bool skip_damaged = false;  // leave out pictures that cannot be decoded
  Index crop = 0;  // side of the square that the network sees, 0: the whole image. Training takes it at random, evaluation in the middle
  data::Standardization standardization = data::Standardization::channel;
  data::Augment augment = {.random_crop = true};
  float mixup = 0;                                                       // alpha of Beta(alpha, alpha), 0: none
  models::TestTimeAugmentation tta = models::TestTimeAugmentation::one;  // of the finished model

  // Of networks that read text.
  struct Text {
    std::string languages = "";               // "en,de", source and target, of text:DIR; empty: as data::load_text has it
    std::string val = "", test = "";          // files "SRC,TGT" for these parts
    bool lower_case = false;                  // translations too are then without capitals
    std::string subwords = "";                // a model of SentencePiece; empty: learned from the training text
    data::SubwordOptions vocabulary = {};     // to learn
    Index longest = 128;                      // subwords; pairs with a longer sentence are left out of training and validation
    Index batch_tokens = 4096;                // a step, padding included
    float dropout = kOwnDropout;              // of the network
    static constexpr float kOwnDropout = -1;  // what it has by its name
  };
  Text text = {};

  float smoothing = 0;            // alpha of label smoothing, in [0,1]
  float loss_scale = 1;           // multiplies the loss; the paper has 3 on CIFAR
  std::string class_weight = "";  // of the labels' loss: "balanced" or a file, see class_weights.h; empty: all classes weigh 1
  Distillation distillation = {};

  std::string optimizer = "sgd";  // by name, see models/training/optimizer.h
  float learning_rate = 0.05f;
  float momentum = 0.9f;                                // of SGD
  bool nesterov = true;                                 // of SGD with momentum
  float dampening = 0;                                  // of SGD without nesterov
  float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;  // of Adam
  float weight_decay = 5e-4f;
  bool decay_norm_and_bias = false;
  // Rate and decay of SGD are given for 1,024 images and for gradients that momentum does not enlarge: see optimizer.cpp.
  bool decoupled = false;
  float clip_norm = 0;  // largest global norm of the gradient; 0: not clipped
  std::vector<ParameterRule> learning_rate_factors = {}, decay_factors = {};
  std::vector<ParameterRule> freeze = {};  // the value is the number of epochs in which the parameter learns

  optim::Schedule::Kind schedule = optim::Schedule::Kind::cosine;
  float warm_up_epochs = 0;
  Index warm_up_steps = 0;                  // instead of warm_up_epochs, when it is not 0
  std::vector<float> milestones = {};       // of the schedule `step`, in epochs
  std::vector<Index> milestone_steps = {};  // the same in steps; both may be given
  float milestone_factor = 0.1f;            // of the rate at each
  optim::Triangle triangle = {};

  float ema_decay = 0;        // of the exponential moving average of the weights, which becomes the model; 0: none
  Index lookahead_every = 0;  // steps between returns to the lookahead average; 0: none
  float lookahead_decay = 0.95f;

  Keep keep = Keep::last;  // the weights of which epoch become the model, see best_weights.h
  Index log_steps = 0;     // steps between the lines of log_steps.csv, see models/runs/step_log.h; 0: there is none

  // The settings that do well on the data of a spec, or of its kind alone ("mnist:DIR" or "mnist"), without further thought: those of its
  // source, see data/sources.h, over the defaults above.
  static Recipe for_data(const std::string& spec);

  // Returns true iff the model is one that reads text: the settings of images are not for it, and those of text for it alone.
  bool reads_text() const;

  // The batch of so many training images: the largest power of two from 8 to 64 with which an epoch has 10 steps, or 8.
  static Index usual_batch(Index images);

  // With `epochs` those that `steps` take.
  Recipe resolved(Index steps_an_epoch) const;

  // Throws Error "--option: ..." for invalid values.
  void check() const;
};

std::string_view name(Recipe::Keep keep);
Recipe::Keep parse_keep(std::string_view name);

}  // namespace temper::training
