#include "data/text/token_loader.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/base/range.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kPairStream = 0x7061697273, kBatchStream = 0x62617463686573;  // "pairs", "batches"

// With begin or end.
Index padded_length(const std::vector<std::int32_t>& sentence) { return static_cast<Index>(sentence.size()) + 1; }

}  // namespace

TokenLoader::TokenLoader(const TokenPairs& pairs, const TokenLoaderOptions& options)
    : pairs_(pairs), options_(options), sorted_(static_cast<std::size_t>(pairs.size())) {
  TEMPER_CHECK(options.shards >= 1, "--shards: batches in ", options.shards, " shards; give at least 1");
  TEMPER_CHECK(pairs.size() > 0, pairs.name, ": holds no pairs; give some");
  order(0);
  Index longest = 0;
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    const auto sample = static_cast<std::size_t>(sorted_[i]);
    const Index length = std::max(padded_length(pairs.source[sample]), padded_length(pairs.target[sample]));
    TEMPER_CHECK(length <= options.tokens, "--batch-tokens: the pair of line ", pairs.lines[sample] + 1, " of ", pairs.name, " has ",
                 length, " tokens, a batch ", options.tokens, "; allow more, or leave longer sentences out");
    longest = std::max(longest, length);
    const auto position = static_cast<Index>(i);
    if (cuts_.empty() || (position - cuts_.back() + 1) * longest > options.tokens) {
      cuts_.push_back(position);
      longest = length;
    }
    words_ += padded_length(pairs.target[sample]);
  }
  cuts_.push_back(pairs.size());
  epoch_ = -1;
}

const TokenBatch& TokenLoader::batch(Index epoch, Index b, Index shard) {
  TEMPER_CHECK(epoch >= 0 && b >= 0 && b < batches(), pairs_.name, ": batch ", b, " of epoch ", epoch, " asked for; an epoch has ",
               batches(), " from 0 on");
  TEMPER_CHECK(shard >= 0 && shard < options_.shards, pairs_.name, ": shard ", shard, " of a batch asked for; it has ", options_.shards);
  if (epoch != epoch_) order(epoch);
  const auto number = static_cast<std::size_t>(batch_numbers_[static_cast<std::size_t>(b)]);
  const std::span<const Index> samples(sorted_.begin() + cuts_[number], sorted_.begin() + cuts_[number + 1]);
  const Range own = cut_range(static_cast<Index>(samples.size()), shard, options_.shards);
  fill(samples.subspan(static_cast<std::size_t>(own.begin), static_cast<std::size_t>(own.size())));
  batch_.batch_words = 0;
  for (const Index sample : samples) batch_.batch_words += padded_length(pairs_.target[static_cast<std::size_t>(sample)]);
  return batch_;
}

void TokenLoader::order(Index epoch) {
  std::iota(sorted_.begin(), sorted_.end(), Index{0});
  const Random tie(options_.seed, {kPairStream, static_cast<std::uint64_t>(epoch)});
  const auto key = [&](Index sample) {
    const auto i = static_cast<std::size_t>(sample);
    const std::uint64_t random = options_.shuffle ? tie.bits(static_cast<std::uint64_t>(sample)) : 0;
    return std::tuple(pairs_.target[i].size(), pairs_.source[i].size(), random, sample);
  };
  std::sort(sorted_.begin(), sorted_.end(), [&](Index a, Index b) { return key(a) < key(b); });

  batch_numbers_.resize(cuts_.empty() ? 0 : cuts_.size() - 1);
  std::iota(batch_numbers_.begin(), batch_numbers_.end(), Index{0});
  const Random random(options_.seed, {kBatchStream, static_cast<std::uint64_t>(epoch)});
  for (std::size_t i = batch_numbers_.size(); options_.shuffle && i > 1; --i)  // Fisher-Yates
    std::swap(batch_numbers_[i - 1], batch_numbers_[random.below(i, static_cast<std::uint32_t>(i))]);
  epoch_ = epoch;
}

void TokenLoader::fill(std::span<const Index> samples) {
  TokenBatch& batch = batch_;
  batch.samples.assign(samples.begin(), samples.end());
  batch.count = static_cast<Index>(samples.size());
  batch.source_length = batch.target_length = 0;
  for (const Index sample : samples) {
    batch.source_length = std::max(batch.source_length, padded_length(pairs_.source[static_cast<std::size_t>(sample)]));
    batch.target_length = std::max(batch.target_length, padded_length(pairs_.target[static_cast<std::size_t>(sample)]));
  }
  batch.source_ids.assign(static_cast<std::size_t>(batch.count * batch.source_length), Subwords::kPadding);
  batch.target_ids.assign(static_cast<std::size_t>(batch.count * batch.target_length), Subwords::kPadding);
  batch.labels.assign(batch.target_ids.size(), kIgnored);
  batch.source_lengths.clear();
  batch.target_lengths.clear();
  batch.word_rows.clear();
  batch.word_labels.clear();
  for (Index n = 0; n < batch.count; ++n) {
    const auto sample = static_cast<std::size_t>(samples[static_cast<std::size_t>(n)]);
    const std::vector<std::int32_t>&source = pairs_.source[sample], &target = pairs_.target[sample];
    const Index first_row = n * batch.target_length;
    auto source_ids = batch.source_ids.begin() + n * batch.source_length, target_ids = batch.target_ids.begin() + first_row;
    auto labels = batch.labels.begin() + first_row;
    *std::copy(source.begin(), source.end(), source_ids) = Subwords::kEnd;
    *target_ids = Subwords::kBegin;
    std::copy(target.begin(), target.end(), target_ids + 1);
    *std::copy(target.begin(), target.end(), labels) = Subwords::kEnd;
    batch.source_lengths.push_back(static_cast<std::int32_t>(padded_length(source)));
    batch.target_lengths.push_back(static_cast<std::int32_t>(padded_length(target)));
    for (Index word = 0; word < padded_length(target); ++word) {
      batch.word_rows.push_back(static_cast<std::int32_t>(first_row + word));
      batch.word_labels.push_back(*(labels + word));
    }
  }
}

}  // namespace temper::data
