// The task of translating: predicting each word of a translation from its source and the words before it.
#pragma once

#include "data/text/text_splits.h"
#include "data/text/token_loader.h"
#include "models/training/objective.h"
#include "models/translation/model.h"

namespace temper::translation {

class Objective final : public training::Objective {
 public:
  // Cross entropy over words, with the recipe's label smoothing and loss scale. With a teacher, which reads the same subwords, it is the
  // loss of a student, word by word: models/training/loss.h. Keeps references. Throws Error where a pair does not fit into a batch, and for
  // a teacher of other subwords.
  Objective(const Model& model, const data::TokenPairs& train, const data::TokenPairs& val, const training::Recipe& recipe,
            optim::Communicator& ranks, const Model* teacher = nullptr);

  ParameterStore& parameters() const override { return *model_.parameters; }
  std::string unit() const override { return "words"; }
  Index batches() const override { return loader_.batches(); }
  training::Sharding sharding() const override { return sharding_; }
  void begin_epoch(Index epoch, Index first_batch) override;
  const training::Shard* next_shard() override;
  training::ForwardResult forward(const training::Shard& shard) override;
  calibration::Metrics validate() override;
  std::vector<std::pair<std::string, std::string>> fingerprints() const override;

 private:
  struct Held {
    training::Shard shard;
    data::TokenBatch batch;
  };
  Held& held(Index shard) { return held_[static_cast<std::size_t>(shard - sharding_.own.begin)]; }
  Tensor loss(const data::TokenBatch& batch, const Tensor& logits) const;

  const Model& model_;
  const Model* const teacher_;
  const data::TokenPairs &train_, &val_;
  const training::Recipe recipe_;
  const training::Sharding sharding_;
  data::TokenLoader loader_;
  Index epoch_ = 0, next_batch_ = 0, next_shard_ = 0;
  std::vector<Held> held_;  // own shards of the current batch
};

// How load_text reads the data of a recipe.
data::TextLoadOptions load_options(const training::Recipe& recipe);

}  // namespace temper::translation
