// Batches of sentence pairs of similar length, as many as fit into a number of tokens.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/text/sequences.h"
#include "data/text/token_pairs.h"

namespace temper::data {

// A batch, or a shard of one, which may hold no sentences. It owns what it holds: a copy stays what it is.
struct TokenBatch {
  Index count = 0;                                                     // N, sentence pairs
  Index source_length = 0, target_length = 0;                          // S and T, of the longest
  std::vector<std::int32_t> source_ids = {};                           // (N,S), with kEnd behind each sentence
  std::vector<std::int32_t> target_ids = {};                           // (N,T), with kBegin before each: what the decoder reads
  std::vector<std::int32_t> source_lengths = {}, target_lengths = {};  // (N)
  std::vector<std::int32_t> labels = {};  // (N,T): the word behind each of the target's, kEnd at last; kIgnored for padding
  // Without padding: which rows of (N T) are words, and their labels. Losses and metrics that see these alone see no padding.
  std::vector<std::int32_t> word_rows = {}, word_labels = {};  // (words)
  Index batch_words = 0;                                       // words in all shards of the batch
  std::vector<Index> samples = {};                             // (N) where in the pairs they stand

  Index words() const { return static_cast<Index>(word_rows.size()); }
  // Views of the ids, as a network reads them; valid while this batch is.
  Sequences source() const { return {source_ids, source_lengths, count, source_length}; }
  Sequences target() const { return {target_ids, target_lengths, count, target_length}; }
};

struct TokenLoaderOptions {
  Index tokens = 4096;   // a batch: count times the longest of its sentences on either side, padding and begin or end included
  bool shuffle = false;  // for training: pairs of one length meet others in every epoch, and batches come in another order
  std::uint64_t seed = 0;
  Index shards = 1;  // that a batch is cut into, as equal as can be
};

// Pairs are sorted by their lengths and cut into batches; which pairs of equal lengths stand next to each other, and the order of batches,
// are a function of (seed, epoch). The cuts depend on the lengths alone: every epoch has as many batches. Without shuffling, the shortest
// come first.
class TokenLoader {
 public:
  static constexpr std::int32_t kIgnored = -100;  // the loss's: core/ops/softmax_cross_entropy.h

  // Keeps a reference to the pairs. Throws Error when one does not fit into a batch.
  explicit TokenLoader(const TokenPairs& pairs, const TokenLoaderOptions& options = {});
  explicit TokenLoader(TokenPairs&&, const TokenLoaderOptions& = {}) = delete;  // it would dangle

  Index batches() const { return static_cast<Index>(cuts_.size()) - 1; }
  Index words() const { return words_; }  // labels of an epoch
  // Batch b of an epoch, or a shard of it; valid until the next call.
  const TokenBatch& batch(Index epoch, Index b, Index shard = 0);

 private:
  void order(Index epoch);
  void fill(std::span<const Index> samples);

  const TokenPairs& pairs_;
  TokenLoaderOptions options_;
  std::vector<Index> sorted_;         // samples by their lengths, of the epoch
  std::vector<Index> cuts_;           // batch b is sorted_[cuts_[b], cuts_[b + 1])
  std::vector<Index> batch_numbers_;  // of the epoch, in the order in which they come
  Index epoch_ = -1, words_ = 0;
  TokenBatch batch_;
};

}  // namespace temper::data
