#include "models/translation/objective.h"

#include "core/engine/tape.h"
#include "models/training/loss.h"
#include "models/translation/token_predictions.h"

namespace temper::translation {

Objective::Objective(const Model& model, const data::TokenPairs& train, const data::TokenPairs& val, const training::Recipe& recipe,
                     optim::Communicator& ranks, const Model* teacher)
    : model_(model),
      teacher_(teacher),
      train_(train),
      val_(val),
      recipe_(recipe),
      sharding_(training::sharding(recipe, ranks)),
      loader_(train, {.tokens = recipe.text.batch_tokens, .shuffle = true, .seed = recipe.seed, .shards = sharding_.shards}),
      held_(static_cast<std::size_t>(sharding_.own.size())) {
  TEMPER_CHECK(!teacher || teacher->subwords.bytes() == model.subwords.bytes(),
               "--teacher: it reads other subwords; give the student those of its teacher");
}

void Objective::begin_epoch(Index epoch, Index first_batch) {
  epoch_ = epoch;
  next_batch_ = first_batch;
  next_shard_ = sharding_.own.begin;
}

const training::Shard* Objective::next_shard() {
  if (next_batch_ == batches()) return nullptr;
  Held& next = held(next_shard_);
  next.batch = loader_.batch(epoch_, next_batch_, next_shard_);
  next.shard = {.number = next_shard_, .samples = next.batch.words(), .batch_samples = next.batch.batch_words};
  if (++next_shard_ == sharding_.own.end) {
    next_shard_ = sharding_.own.begin;
    ++next_batch_;
  }
  return &next.shard;
}

training::ForwardResult Objective::forward(const training::Shard& shard) {
  const data::TokenBatch& batch = held(shard.number).batch;
  const Tensor logits = (*model_.network)(batch.source(), batch.target(), batch.word_rows);
  return {.loss = loss(batch, logits), .correct = training::count_correct(logits, batch.word_labels)};
}

Tensor Objective::loss(const data::TokenBatch& batch, const Tensor& logits) const {
  if (!teacher_) return training::cross_entropy(logits, batch.word_labels, recipe_);
  const auto teacher_logits = [&] {
    const Tape::Pause evaluation;
    return (*teacher_->network)(batch.source(), batch.target(), batch.word_rows);
  };
  return training::student_loss(logits, teacher_logits, batch.word_labels, recipe_);
}

calibration::Metrics Objective::validate() { return token_metrics(*model_.network, val_).result(); }

std::vector<std::pair<std::string, std::string>> Objective::fingerprints() const {
  return {{"the training text", train_.fingerprint()}, {"the validation text", val_.fingerprint()}};
}

data::TextLoadOptions load_options(const training::Recipe& recipe) {
  return {.languages = recipe.text.languages,
          .val = recipe.text.val,
          .test = recipe.text.test,
          .held_out = recipe.val_size,
          .text = {.lower_case = recipe.text.lower_case}};
}

}  // namespace temper::translation
