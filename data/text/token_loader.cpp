#include "data/text/token_loader.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "core/check.h"
#include "core/random.h"
#include "core/range.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kPairStream = 0x7061697273, kBatchStream = 0x62617463686573;  // "pairs", "batches"

// With begin or end.
Index length_of(const std::vector<std::int32_t>& sentence) { return static_cast<Index>(sentence.size()) + 1; }

}  // namespace

TokenLoader::TokenLoader(const TokenPairs& pairs, const TokenLoaderOptions& options)
    : pairs_(pairs), options_(options), sorted_(static_cast<std::size_t>(pairs.size())) {
  TEMPER_CHECK(options.parts >= 1, "--shards: batches in ", options.parts, " parts; give at least 1");
  TEMPER_CHECK(pairs.size() > 0, pairs.name, ": holds no pairs; give some");
  order(0);
  Index longest = 0;
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    const auto sample = static_cast<std::size_t>(sorted_[i]);
    const Index length = std::max(length_of(pairs.source[sample]), length_of(pairs.target[sample]));
    TEMPER_CHECK(length <= options.tokens, "--batch-tokens: the pair of line ", pairs.lines[sample] + 1, " of ", pairs.name, " has ",
                 length, " tokens, a batch ", options.tokens, "; allow more, or leave longer sentences out");
    longest = std::max(longest, length);
    const auto position = static_cast<Index>(i);
    if (cuts_.empty() || (position - cuts_.back() + 1) * longest > options.tokens) {
      cuts_.push_back(position);
      longest = length;
    }
    words_ += length_of(pairs.target[sample]);
  }
  cuts_.push_back(pairs.size());
  epoch_ = -1;
}

const TokenBatch& TokenLoader::batch(Index epoch, Index b, Index part) {
  TEMPER_CHECK(epoch >= 0 && b >= 0 && b < batches(), pairs_.name, ": batch ", b, " of epoch ", epoch, " asked for; an epoch has ",
               batches(), " from 0 on");
  TEMPER_CHECK(part >= 0 && part < options_.parts, pairs_.name, ": part ", part, " of a batch asked for; it has ", options_.parts);
  if (epoch != epoch_) order(epoch);
  const auto number = static_cast<std::size_t>(batch_numbers_[static_cast<std::size_t>(b)]);
  const std::span<const Index> samples(sorted_.begin() + cuts_[number], sorted_.begin() + cuts_[number + 1]);
  const Range own = part_of(static_cast<Index>(samples.size()), part, options_.parts);
  fill(samples.subspan(static_cast<std::size_t>(own.begin), static_cast<std::size_t>(own.size())));
  batch_.whole = 0;
  for (const Index sample : samples) batch_.whole += length_of(pairs_.target[static_cast<std::size_t>(sample)]);
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
  const auto count = static_cast<Index>(samples.size());
  Index source_length = 0, target_length = 0;
  for (const Index sample : samples) {
    source_length = std::max(source_length, length_of(pairs_.source[static_cast<std::size_t>(sample)]));
    target_length = std::max(target_length, length_of(pairs_.target[static_cast<std::size_t>(sample)]));
  }
  source_ids_.assign(static_cast<std::size_t>(count * source_length), Subwords::kPadding);
  target_ids_.assign(static_cast<std::size_t>(count * target_length), Subwords::kPadding);
  labels_.assign(target_ids_.size(), kIgnored);
  source_lengths_.clear();
  target_lengths_.clear();
  word_rows_.clear();
  word_labels_.clear();
  for (Index n = 0; n < count; ++n) {
    const auto sample = static_cast<std::size_t>(samples[static_cast<std::size_t>(n)]);
    const std::vector<std::int32_t>&source = pairs_.source[sample], &target = pairs_.target[sample];
    auto source_ids = source_ids_.begin() + n * source_length, target_ids = target_ids_.begin() + n * target_length;
    auto labels = labels_.begin() + n * target_length;
    *std::copy(source.begin(), source.end(), source_ids) = Subwords::kEnd;
    *target_ids = Subwords::kBegin;
    std::copy(target.begin(), target.end(), target_ids + 1);
    *std::copy(target.begin(), target.end(), labels) = Subwords::kEnd;
    source_lengths_.push_back(static_cast<std::int32_t>(length_of(source)));
    target_lengths_.push_back(static_cast<std::int32_t>(length_of(target)));
    for (Index word = 0; word < length_of(target); ++word) {
      word_rows_.push_back(static_cast<std::int32_t>(n * target_length + word));
      word_labels_.push_back(*(labels + word));
    }
  }
  batch_.source = {source_ids_, source_lengths_, count, source_length};
  batch_.target = {target_ids_, target_lengths_, count, target_length};
  batch_.labels = labels_;
  batch_.word_rows = word_rows_;
  batch_.word_labels = word_labels_;
  batch_.words = static_cast<Index>(word_rows_.size());
  batch_.samples = samples;
}

}  // namespace temper::data
