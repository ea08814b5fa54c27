#include "models/translation/task.h"

#include <algorithm>

#include "core/tape.h"
#include "models/training/loss.h"
#include "models/translation/token_predictions.h"

namespace temper::translation {

Task::Task(const Model& model, const data::TokenPairs& train, const data::TokenPairs& val, const training::Recipe& recipe,
           optim::Communicator& ranks, const Model* teacher)
    : model_(model),
      teacher_(teacher),
      train_(train),
      val_(val),
      recipe_(recipe),
      sharding_(training::sharding(recipe, ranks)),
      loader_(train, {.tokens = recipe.text.batch_tokens, .shuffle = true, .seed = recipe.seed, .parts = sharding_.shards}) {
  TEMPER_CHECK(!teacher || teacher->subwords.bytes() == model.subwords.bytes(),
               "--teacher: it reads other subwords; give the student those of its teacher");
}

void Task::epoch(Index epoch, Index first_batch, FunctionRef<bool(const training::Shard&)> take) {
  for (Index b = first_batch; b < batches(); ++b) {
    for (Index part = sharding_.own.begin; part < sharding_.own.end; ++part) {
      const data::TokenBatch& batch = loader_.batch(epoch, b, part);
      const auto forward = [&] {
        const Tensor logits = (*model_.network)(batch.source, batch.target, batch.word_rows);
        Index correct = 0;
        for (Index i = 0; i < batch.words; ++i) {
          const float* row = logits.data() + i * logits.shape().last();
          correct += std::max_element(row, row + logits.shape().last()) - row == batch.word_labels[static_cast<std::size_t>(i)];
        }
        return training::Passed{.loss = loss(batch, logits), .correct = correct};
      };
      if (!take({.part = part, .samples = batch.words, .whole = batch.whole, .forward = forward})) return;
    }
  }
}

Tensor Task::loss(const data::TokenBatch& batch, const Tensor& logits) const {
  if (!teacher_) return training::cross_entropy(logits, batch.word_labels, recipe_);
  const auto of_teacher = [&] {
    const Tape::Pause evaluation;
    return (*teacher_->network)(batch.source, batch.target, batch.word_rows);
  };
  return training::student_loss(logits, of_teacher, batch.word_labels, recipe_);
}

calibration::Metrics Task::validate() { return token_metrics(*model_.network, val_).result(); }

std::vector<std::pair<std::string, std::string>> Task::fingerprints() const {
  return {{"the training text", train_.fingerprint()}, {"the validation text", val_.fingerprint()}};
}

}  // namespace temper::translation
