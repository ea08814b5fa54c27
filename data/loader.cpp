#include "data/loader.h"

#include "core/check.h"
#include "core/parallel.h"
#include "core/range.h"
#include "data/mixup.h"

namespace temper::data {
namespace {

const Dataset& checked(const Dataset& set, const Preprocessing& preprocessing, const Augment& augment) {
  set.check();
  TEMPER_CHECK(set.size() > 0, set.name, ": holds no samples; use a set with at least 1");
  check(augment, preprocessing.seen(set.image));
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
      companions_(preprocessors(options.companions, set.image)),
      order_(static_cast<std::size_t>(set.size())),
      prefetcher_([this](Index item, Slot& slot) { make(item, slot); }) {
  TEMPER_CHECK(0 <= options.first_part && options.first_part < options.end_part && options.end_part <= options.parts, set.name, ": parts ",
               options.first_part, " to ", options.end_part, " of ", options.parts, " asked for; give a range that is not empty");
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
  prefetcher_.start(first_batch * own_parts(), batches() * own_parts());
}

void Loader::make(Index item, Slot& slot) const {
  const Index b = item / own_parts(), part = options_.first_part + item % own_parts();
  const Index first = sampler_.batch_begin(b), whole = sampler_.batch_begin(b + 1) - first;
  const Range own = part_of(whole, part, options_.parts);
  const Index begin = first + own.begin, end = first + own.end;
  slot.batch.part = part;
  slot.batch.whole = whole;
  slot.samples.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  slot.labels.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  slot.samples.assign(order_.begin() + begin, order_.begin() + end);
  slot.labels.clear();
  const Shape& seen = preprocessor_.seen();
  renew(slot.batch.images, end - begin, seen);
  slot.batch.companion_images.resize(companions_.size());
  for (std::size_t i = 0; i < companions_.size(); ++i) renew(slot.batch.companion_images[i], end - begin, companions_[i].seen());
  if (set_.photos) {
    parallel_for(end - begin, 1, [&](Index from, Index to) {
      for (Index n = from; n < to; ++n) make_image(n, slot);
    });
  } else {
    for (Index n = 0; n < end - begin; ++n) make_image(n, slot);
  }
  // After the images: they throw for a sample that the set has no more.
  for (const Index sample : slot.samples) slot.labels.push_back(set_.labels[static_cast<std::size_t>(sample)]);
  if (options_.mixup > 0 && end > begin) mix_pairs(b, slot);
  slot.batch.labels = slot.labels;
  slot.batch.samples = slot.samples;
}

void Loader::mix_pairs(Index b, Slot& slot) const {
  slot.batch.share = draw_mixup(options_.mixup, options_.seed, epoch_, b);
  mix(slot.batch.images, slot.batch.share);
  for (Tensor& images : slot.batch.companion_images) mix(images, slot.batch.share);
  slot.other_labels.reserve(static_cast<std::size_t>(sampler_.largest_batch()));
  slot.other_labels.assign(slot.labels.rbegin(), slot.labels.rend());
  slot.batch.other_labels = slot.other_labels;
}

void Loader::make_image(Index n, Slot& slot) const {
  const Index sample = slot.samples[static_cast<std::size_t>(n)];
  std::vector<std::uint8_t> shown;
  if (set_.photos) shown = show_photo(sample);
  const std::span<const std::uint8_t> pixels = set_.photos ? shown : set_.pixels_of(sample);
  const Shape& seen = preprocessor_.seen();
  const Placement placement = options_.view ? *options_.view : draw(options_.augment, set_.image, seen, options_.seed, epoch_, sample);
  preprocessor_(pixels, placement, slot.batch.images.data() + n * seen.size());
  for (std::size_t i = 0; i < companions_.size(); ++i) {
    companions_[i](pixels, placement, slot.batch.companion_images[i].data() + n * companions_[i].seen().size());
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
