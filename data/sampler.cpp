#include "data/sampler.h"

#include <limits>
#include <numeric>
#include <utility>

#include "core/base/check.h"
#include "core/base/random.h"

namespace temper::data {
namespace {

constexpr std::uint64_t kOrderStream = 0x6F72646572;  // "order"

}  // namespace

Sampler::Sampler(Index count, const SamplerOptions& options) : count_(count), options_(options), batches_(0), end_(count) {
  const Index batch = options.batch;
  TEMPER_CHECK(batch >= 1, "--batch: ", batch, " samples a batch; use at least 1");
  TEMPER_CHECK(count >= 1, "sampler: the set holds no samples; use a set with at least 1");
  TEMPER_CHECK(count <= std::numeric_limits<std::uint32_t>::max(), "sampler: ", count, " samples; at most 2^32-1 are supported");
  const Index left = count % batch;
  batches_ = count / batch + (left > 0 ? 1 : 0);
  const bool joins = options.shuffle && left == 1 && count > batch;  // batch 1 leaves nothing
  if (left > 0 && (options.drop_last || joins)) --batches_;
  if (options.drop_last) end_ = count - left;
  TEMPER_CHECK(batches_ >= 1, "--batch: ", count, " samples do not fill one batch of ", batch, " and the rest is dropped; use at most ",
               count);
}

Index Sampler::batch_begin(Index b) const { return b < batches_ ? b * options_.batch : end_; }

void Sampler::order(Index epoch, std::span<Index> samples) const {
  TEMPER_CHECK(static_cast<Index>(samples.size()) == count_, "sampler: room for ", samples.size(), " of ", count_, " samples");
  TEMPER_CHECK(epoch >= 0, "sampler: epoch ", epoch, "; epochs count from 0");
  std::iota(samples.begin(), samples.end(), Index{0});
  if (!options_.shuffle) return;
  const Random random(options_.seed, {kOrderStream, static_cast<std::uint64_t>(epoch)});
  for (std::size_t i = samples.size() - 1; i > 0; --i) {  // Fisher-Yates
    std::swap(samples[i], samples[random.below(i, static_cast<std::uint32_t>(i + 1))]);
  }
}

}  // namespace temper::data
