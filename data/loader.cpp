#include "data/loader.h"

#include "core/base/check.h"
#include "core/base/range.h"
#include "core/engine/parallel.h"
#include "data/mixup.h"

namespace temper::data {
namespace {

const Dataset& checked(const Dataset& set, const Preprocessing& preprocessing, const Augment& augment) {
  set.check();
  TEMPER_CHECK(set.size() > 0, set.name, ": holds no samples; use a set with at least 1");
  check(augment, preprocessing.input_shape(set.image));
  const auto channels = static_cast<Index>(preprocessing.normalization.mean.size());
  TEMPER_CHECK(preprocessing.standardization == Standardization::image || channels == set.image.last(), set.name, ": ", set.image.last(),
               " channels, but the normalisation has ", channels, "; measure it on the training part of the same set");
  return set;
}

// Room for `count` images: the memory goes back to the pool, and comes out again if the user holds no copy.
void renew(Tensor& images, Index count, const Shape& seen) {
  images = Tensor();
  if (count == 0) return;
  images = Tensor({count, seen[0], seen[1], seen[2]});
}

std::vector<Preprocessor> preprocessors(const std::vector<Preprocessing>& all, const Shape& image) {
  std::vector<Preprocessor> made;
  for (const Preprocessing& preprocessing : all) made.emplace_back(preprocessing, image);
  return made;
}

}  // namespace

Loader::Loader(const Dataset& set, const Preprocessing& preprocessing, const LoaderOptions& options)
    : set_(checked(set, preprocessing, options.augment)),
      options_(options),
      sampler_(set.size(), {.batch = options.batch, .shuffle = options.shuffle, .seed = options.seed, .drop_last = options.drop_last}),
      preprocessor_(preprocessing, set.image),
      extra_preprocessors_(preprocessors(options.extra_preprocessing, set.image)),
      order_(static_cast<std::size_t>(set.size())),
      prefetcher_([this](Index item, Batch& batch) { make(item, batch); }) {
  const Range own = options.own_shards;
  TEMPER_CHECK(0 <= own.begin && own.begin < own.end && own.end <= options.shards, set.name, ": shards ", own.begin, " to ", own.end,
               " of ", options.shards, " asked for; give a range that is not empty");
}

void Loader::check_epoch(Index epoch, Index first_batch) const {
  TEMPER_CHECK(epoch >= 0, set_.name, ": epoch ", epoch, " asked for; epochs count from 0");
  TEMPER_CHECK(first_batch >= 0 && first_batch <= batches(), set_.name, ": batch ", first_batch, " asked for; an epoch has 0-", batches());
}

Loader::Epoch Loader::epoch(Index epoch, Index first_batch) & {
  check_epoch(epoch, first_batch);
  return {*this, epoch, first_batch};
}

void Loader::begin_epoch(Index epoch, Index first_batch) {
  check_epoch(epoch, first_batch);
  prefetcher_.stop();  // before the order changes under it
  ++run_;
  epoch_ = epoch;
  sampler_.order(epoch, order_);
  prefetcher_.start(first_batch * options_.own_shards.size(), batches() * options_.own_shards.size());
}

void Loader::make(Index item, Batch& batch) const {
  const Range own_shards = options_.own_shards;
  const Index b = item / own_shards.size(), shard = own_shards.begin + item % own_shards.size();
  const Index first = sampler_.batch_begin(b), batch_size = sampler_.batch_begin(b + 1) - first;
  const Range own = cut_range(batch_size, shard, options_.shards);
  const Index begin = first + own.begin, end = first + own.end;
  batch.shard = shard;
  batch.batch_size = batch_size;
  batch.samples.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  batch.labels.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  batch.samples.assign(order_.begin() + begin, order_.begin() + end);
  batch.labels.clear();
  batch.mixed_labels.clear();
  renew(batch.images, end - begin, preprocessor_.input_shape());
  batch.extra_images.resize(extra_preprocessors_.size());
  for (std::size_t i = 0; i < extra_preprocessors_.size(); ++i)
    renew(batch.extra_images[i], end - begin, extra_preprocessors_[i].input_shape());
  if (set_.photos) {
    parallel_for(end - begin, 1, [&](Index from, Index to) {
      for (Index n = from; n < to; ++n) make_image(n, batch);
    });
  } else {
    for (Index n = 0; n < end - begin; ++n) make_image(n, batch);
  }
  // After the images: they throw for a sample that the set has no more.
  for (const Index sample : batch.samples) batch.labels.push_back(set_.labels[static_cast<std::size_t>(sample)]);
  if (options_.mixup > 0 && end > begin) mix_pairs(b, batch);
}

void Loader::mix_pairs(Index b, Batch& batch) const {
  batch.mixup_lambda = draw_mixup(options_.mixup, options_.seed, epoch_, b);
  mix(batch.images, batch.mixup_lambda);
  for (Tensor& images : batch.extra_images) mix(images, batch.mixup_lambda);
  batch.mixed_labels.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  batch.mixed_labels.assign(batch.labels.rbegin(), batch.labels.rend());
}

void Loader::make_image(Index n, Batch& batch) const {
  const Index sample = batch.samples[static_cast<std::size_t>(n)];
  std::vector<std::uint8_t> shown;
  if (set_.photos) shown = show_photo(sample);
  const std::span<const std::uint8_t> pixels = set_.photos ? shown : set_.pixel_span(sample);
  const Shape& input_shape = preprocessor_.input_shape();
  const CropFlip crop_flip =
      options_.view ? *options_.view : draw(options_.augment, set_.image, input_shape, options_.seed, epoch_, sample);
  preprocessor_(pixels, crop_flip, batch.images.data() + n * input_shape.size());
  for (std::size_t i = 0; i < extra_preprocessors_.size(); ++i) {
    extra_preprocessors_[i](pixels, crop_flip, batch.extra_images[i].data() + n * extra_preprocessors_[i].input_shape().size());
  }
}

std::vector<std::uint8_t> Loader::show_photo(Index sample) const {
  const Framing& framing = set_.photos->framing();
  std::vector<std::uint8_t> shown(static_cast<std::size_t>(framing.image.size()));
  Image scratch;
  const Image& covering = set_.photos->covering(set_.photo_numbers[static_cast<std::size_t>(sample)], scratch);
  show(covering, draw(options_.augment.photo, covering, framing, options_.seed, epoch_, sample), framing, shown.data());
  return shown;
}

Loader::Epoch::~Epoch() {
  if (run_ == loader_.run_) loader_.prefetcher_.stop();
}

Loader::Epoch::Iterator Loader::Epoch::begin() {
  loader_.begin_epoch(epoch_, first_batch_);
  run_ = loader_.run_;
  return Iterator(this);
}

const Batch* Loader::Epoch::next() {
  TEMPER_CHECK(run_ == loader_.run_, loader_.set_.name, ": epoch ", epoch_,
               " was ended by a newer one of the same loader; use two loaders");
  return loader_.next();
}

}  // namespace temper::data
