// A network learns to translate: to predict each word of a translation from its source and the words before it.
#pragma once

#include "data/text/token_loader.h"
#include "models/training/task.h"
#include "models/translation/model.h"

namespace temper::translation {

class Task final : public training::Task {
 public:
  // Cross entropy over words, with the recipe's label smoothing and loss scale. With a teacher, which reads the same subwords, it is the
  // loss of a student, word by word: models/training/loss.h. Keeps references. Throws Error where a pair does not fit into a batch, and for
  // a teacher of other subwords.
  Task(const Model& model, const data::TokenPairs& train, const data::TokenPairs& val, const training::Recipe& recipe,
       optim::Communicator& ranks, const Model* teacher = nullptr);

  ParameterStore& parameters() const override { return *model_.parameters; }
  std::string unit() const override { return "words"; }
  Index batches() const override { return loader_.batches(); }
  training::Sharding sharding() const override { return sharding_; }
  void epoch(Index epoch, Index first_batch, FunctionRef<bool(const training::Shard&)> take) override;
  calibration::Metrics validate() override;
  std::vector<std::pair<std::string, std::string>> fingerprints() const override;

 private:
  Tensor loss(const data::TokenBatch& batch, const Tensor& logits) const;

  const Model& model_;
  const Model* const teacher_;
  const data::TokenPairs &train_, &val_;
  const training::Recipe recipe_;
  const training::Sharding sharding_;
  data::TokenLoader loader_;
};

}  // namespace temper::translation
