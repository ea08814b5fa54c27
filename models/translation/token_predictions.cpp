#include "models/translation/token_predictions.h"

#include <algorithm>
#include <cmath>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/softmax.h"
#include "data/text/token_loader.h"
#include "models/calibration/softmax.h"

namespace temper::translation {
namespace {

// visit(batch, logits (words, V)) for all batches, evaluating.
template <class Visit> void for_each_batch(const models::Transformer& network, const data::TokenPairs& pairs, Index tokens, Visit visit) {
  TEMPER_CHECK(pairs.vocabulary == network.spec().vocabulary, pairs.name, ": a vocabulary of ", pairs.vocabulary, " for a network of ",
               network.spec().vocabulary, "; use the subwords.model that the network was trained with");
  const Tape::Pause pause;
  data::TokenLoader loader(pairs, {.tokens = tokens});
  for (Index b = 0; b < loader.batches(); ++b) {
    const data::TokenBatch& batch = loader.batch(0, b);
    visit(batch, network(batch.source(), batch.target(), batch.word_rows));
  }
}

struct Sums {
  double nll = 0, right = 0;
};

Sums score_row(const float* z, Index V, std::int32_t label, float* scratch) {
  const float max = maximum(z, V);
  const ExponentialSums sums = exponentials(z, V, 1, max, scratch);
  const double nll = std::log(sums.sum) - (double{z[label]} - max);
  return {std::isnan(sums.shifted) ? sums.shifted : nll, calibration::argmax({z, static_cast<std::size_t>(V)}) == label ? 1.0 : 0.0};
}

}  // namespace

calibration::Predictions predict_tokens(const models::Transformer& network, const data::TokenPairs& pairs, Index batch_tokens) {
  const Index V = network.spec().vocabulary;
  std::vector<Index> first(1, 0);  // (pairs + 1) the row of each pair's first word
  for (const auto& target : pairs.target) first.push_back(first.back() + static_cast<Index>(target.size()) + 1);
  calibration::Predictions predictions{.classes = V, .logits = {}, .labels = {}};
  predictions.logits.resize(static_cast<std::size_t>(first.back() * V));
  predictions.labels.resize(static_cast<std::size_t>(first.back()));
  for_each_batch(network, pairs, batch_tokens, [&](const data::TokenBatch& batch, const Tensor& logits) {
    Index row_of_batch = 0;
    for (Index n = 0; n < batch.count; ++n) {
      const Index row = first[static_cast<std::size_t>(batch.samples[static_cast<std::size_t>(n)])];
      const Index words = batch.target_lengths[static_cast<std::size_t>(n)];
      std::copy_n(logits.data() + row_of_batch * V, words * V, predictions.logits.begin() + row * V);
      std::copy_n(batch.word_labels.begin() + row_of_batch, words, predictions.labels.begin() + row);
      row_of_batch += words;
    }
  });
  return predictions;
}

calibration::MetricsStream token_metrics(const models::Transformer& network, const data::TokenPairs& pairs,
                                         const calibration::Calibrator& calibrator, Index batch_tokens) {
  calibration::MetricsStream stream(network.spec().vocabulary);
  for_each_batch(network, pairs, batch_tokens, [&](const data::TokenBatch& batch, const Tensor& logits) {
    const auto values = logits.values();
    stream.add(calibration::Predictions{.classes = network.spec().vocabulary,
                                        .logits = {values.begin(), values.end()},
                                        .labels = {batch.word_labels.begin(), batch.word_labels.end()}},
               calibrator);
  });
  return stream;
}

TokenScore score_tokens(const models::Transformer& network, const data::TokenPairs& pairs, Index batch_tokens) {
  const Index V = network.spec().vocabulary;
  Sums total;
  TokenScore score;
  for_each_batch(network, pairs, batch_tokens, [&](const data::TokenBatch& batch, const Tensor& logits) {
    const Sums sums = parallel_reduce(
        batch.words(), row_grain(V), Sums{},
        [&](Index begin, Index end) {
          Workspace scratch;
          float* const exponentials_of_row = scratch.take(V);
          Sums part;
          for (Index i = begin; i < end; ++i) {
            const std::int32_t label = batch.word_labels[static_cast<std::size_t>(i)];
            const Sums row = score_row(logits.data() + i * V, V, label, exponentials_of_row);
            part = {part.nll + row.nll, part.right + row.right};
          }
          return part;
        },
        [](const Sums& a, const Sums& b) {
          return Sums{a.nll + b.nll, a.right + b.right};
        });
    total = {total.nll + sums.nll, total.right + sums.right};
    score.words += batch.words();
  });
  score.nll = total.nll / static_cast<double>(score.words);
  score.accuracy = total.right / static_cast<double>(score.words);
  return score;
}

}  // namespace temper::translation
