// How well a translation network predicts the next word of a reference translation.
#pragma once

#include "data/text/token_pairs.h"
#include "models/calibration/metrics/metrics.h"
#include "models/networks/transformer.h"

namespace temper::translation {

// The logits of every word of every target, its end among them, given the source and the right words before it, and the words themselves as
// labels: what metrics, temperatures and calibrators of models/calibration read. In the order of the pairs. It holds words x vocabulary
// numbers: 450 MB for the 1,000 test sentences of Multi30k and 8,000 subwords.
calibration::Predictions predict_tokens(const models::Transformer& network, const data::TokenPairs& pairs, Index batch_tokens = 4096);

// The metrics of the same predictions, calibrated, measured batch by batch and so in little memory.
calibration::MetricsStream token_metrics(const models::Transformer& network, const data::TokenPairs& pairs,
                                         const calibration::Calibrator& calibrator = *calibration::identity_calibrator(),
                                         Index batch_tokens = 4096);

struct TokenScore {
  Index words = 0;      // ends included, padding not
  double nll = 0;       // mean negative log-likelihood of a word, in nats, without label smoothing
  double accuracy = 0;  // share of words that were the likeliest
};
// The same predictions measured batch by batch, in little memory: for validation.
TokenScore score_tokens(const models::Transformer& network, const data::TokenPairs& pairs, Index batch_tokens = 4096);

}  // namespace temper::translation
