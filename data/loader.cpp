#include "data/loader.h"

#include "core/check.h"

namespace temper::data {
namespace {

const Dataset& checked(const Dataset& set, const Augment& augment) {
  set.check();
  TEMPER_CHECK(set.size() > 0, set.name, ": holds no samples; use a set with at least 1");
  check(augment, set.image);
  return set;
}

}  // namespace

Loader::Loader(const Dataset& set, const Normalization& normalization, const LoaderOptions& options)
    : set_(checked(set, options.augment)),
      options_(options),
      sampler_(set.size(), {.batch = options.batch, .shuffle = options.shuffle, .seed = options.seed, .drop_last = options.drop_last}),
      table_(normalization.table()),
      order_(static_cast<std::size_t>(set.size())),
      prefetcher_([this](Index b, Slot& slot) { make(b, slot); }) {
  TEMPER_CHECK(static_cast<Index>(normalization.mean.size()) == set.image.last(), set.name, ": ", set.image.last(),
               " channels, but the normalisation has ", normalization.mean.size(), "; measure it on the training part of the same set");
}

Loader::Epoch Loader::epoch(Index epoch, Index first_batch) & {
  TEMPER_CHECK(epoch >= 0, set_.name, ": epoch ", epoch, " asked for; epochs count from 0");
  TEMPER_CHECK(first_batch >= 0 && first_batch <= batches(), set_.name, ": batch ", first_batch, " asked for; an epoch has 0-", batches());
  return {*this, epoch, first_batch};
}

void Loader::begin(Index epoch, Index first_batch) {
  prefetcher_.stop();  // before the order changes under it
  epoch_ = epoch;
  sampler_.order(epoch, order_);
  prefetcher_.start(first_batch, batches());
}

void Loader::make(Index b, Slot& slot) const {
  const Index begin = sampler_.batch_begin(b), end = sampler_.batch_begin(b + 1);
  slot.samples.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  slot.labels.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  slot.samples.assign(order_.begin() + begin, order_.begin() + end);
  slot.labels.clear();
  slot.batch.images = Tensor();  // back to the pool, and out again if the user holds no copy
  slot.batch.images = Tensor({end - begin, set_.image[0], set_.image[1], set_.image[2]});
  float* out = slot.batch.images.data();
  for (const Index sample : slot.samples) {
    const std::span<const std::uint8_t> pixels = set_.pixels_of(sample);
    place(pixels, set_.image, draw(options_.augment, options_.seed, epoch_, sample), table_, out);
    slot.labels.push_back(set_.labels[static_cast<std::size_t>(sample)]);
    out += set_.image.size();
  }
  slot.batch.labels = slot.labels;
  slot.batch.samples = slot.samples;
}

Loader::Epoch::~Epoch() {
  if (run_ == loader_.run_) loader_.prefetcher_.stop();
}

Loader::Epoch::Iterator Loader::Epoch::begin() {
  loader_.begin(epoch_, first_batch_);
  run_ = ++loader_.run_;
  return Iterator(this);
}

const Batch* Loader::Epoch::next() {
  TEMPER_CHECK(run_ == loader_.run_, loader_.set_.name, ": epoch ", epoch_,
               " was ended by a newer one of the same loader; use two loaders");
  Slot* slot = loader_.prefetcher_.next();
  return slot ? &slot->batch : nullptr;
}

}  // namespace temper::data
