// Batches of a data set, ready for the network: shuffled, augmented, normalised and prefetched by a thread.
//
//   Loader loader(splits.train, Normalization::measure(splits.train), {.batch = 128, .shuffle = true, .augment = crop_flip(4)});
//   for (Index e = 0; e < 30; ++e)
//     for (const Batch& batch : loader.epoch(e)) ...
#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <vector>

#include "core/base/range.h"
#include "core/engine/tensor.h"
#include "data/augment.h"
#include "data/dataset.h"
#include "data/normalization.h"
#include "data/prefetcher.h"
#include "data/preprocessing.h"
#include "data/sampler.h"

namespace temper::data {

// A batch, or a shard of one. It owns what it holds: a copy stays what it is.
struct Batch {
  Tensor images = {};                     // (N,h,w,C) as the network sees them
  std::vector<Tensor> extra_images = {};  // each (N,h,w,C): the same as each of LoaderOptions::extra_preprocessing sees them
  std::vector<std::int32_t> labels = {};  // (N)
  // With mixup, image n is mixup_lambda of itself and the rest of image N-1-n, whose label is mixed_labels[n]; else empty.
  float mixup_lambda = 1;
  std::vector<std::int32_t> mixed_labels = {};
  std::vector<Index> samples = {};  // (N) where in the data set they come from
  Index shard = 0;                  // which shard of its batch this is, see LoaderOptions
  Index batch_size = 0;             // images in all shards of the batch
};

struct LoaderOptions {
  Index batch = 128;
  bool shuffle = false;  // for training; a single sample left over then joins the batch before it, see Sampler
  Augment augment = {};
  std::uint64_t seed = 0;
  bool drop_last = false;
  std::optional<CropFlip> view = {};  // instead of what `augment` draws: this for every image
  // How other networks, teachers, see images: they get the same placements, each in its own crop and standardisation.
  std::vector<Preprocessing> extra_preprocessing = {};
  // Each batch is cut into this many shards, as equal as can be; this loader makes those in own_shards, one after the other. A shard of a
  // small batch may be empty. Mixup mixes the images of a shard with each other.
  Index shards = 1;
  Range own_shards = {0, 1};
  float mixup = 0;  // the alpha of Beta(alpha, alpha) that shares are drawn from, see data/mixup.h; 0: none
};

// The batches of an epoch are the same bits whenever and wherever they are made: the order is a function of (seed, epoch), the augmentation
// of (seed, epoch, sample). After the first epoch no batch allocates memory, as long as no more tensors are kept than before; photos do,
// and are made on all cores.
class Loader {
 public:
  class Epoch;

  // Keeps a reference to `set`, which must not change while an epoch runs. Throws Error for a set that does not agree with itself, is empty
  // or has other channels than the normalisation, and for invalid options.
  Loader(const Dataset& set, const Preprocessing& preprocessing, const LoaderOptions& options = {});
  Loader(const Dataset& set, const Normalization& normalization, const LoaderOptions& options = {})
      : Loader(set, Preprocessing{.normalization = normalization}, options) {}
  Loader(Dataset&&, const Preprocessing&, const LoaderOptions& = {}) = delete;  // it would dangle
  Loader(Dataset&&, const Normalization&, const LoaderOptions& = {}) = delete;

  Index batches() const { return sampler_.batches(); }
  Index size() const { return set_.size(); }

  // The batches first_batch, first_batch + 1, ... of an epoch, each as its own shards, for a range-for. With first_batch > 0 a run that was
  // stopped in the middle of an epoch resumes where it was. A loader runs one epoch at a time; an older one throws when it is used again.
  // Leaving the loop early, by break or by an exception, is fine. What goes wrong while a batch is made is thrown where the loop asks for
  // it.
  Epoch epoch(Index epoch, Index first_batch = 0) &;

  // The same without a range: begin_epoch(), then next() until it returns null. A batch is valid until the next call of either; copy it to
  // keep it longer.
  void begin_epoch(Index epoch, Index first_batch = 0);
  const Batch* next() { return prefetcher_.next(); }

 private:
  void check_epoch(Index epoch, Index first_batch) const;
  void make(Index item, Batch& batch) const;
  void mix_pairs(Index b, Batch& batch) const;
  // Writes image n of the batch.
  void make_image(Index n, Batch& batch) const;
  std::vector<std::uint8_t> show_photo(Index sample) const;  // (H,W,C), as options_.augment.photo draws it

  const Dataset& set_;
  const LoaderOptions options_;
  const Sampler sampler_;
  const Preprocessor preprocessor_;
  const std::vector<Preprocessor> extra_preprocessors_;
  std::vector<Index> order_;  // (N), of the epoch that runs
  Index epoch_ = 0;
  std::uint64_t run_ = 0;  // counts the epochs that have begun
  Prefetcher<Batch> prefetcher_;
};

// A range that is read once, front to back; begin() starts it, also again.
class Loader::Epoch {
 public:
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    const Batch& operator*() const { return *batch_; }
    const Batch* operator->() const { return batch_; }
    Iterator& operator++() {
      batch_ = epoch_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return batch_ == nullptr; }

   private:
    friend class Epoch;
    explicit Iterator(Epoch* epoch) : epoch_(epoch), batch_(epoch->next()) {}
    Epoch* epoch_;
    const Batch* batch_;
  };

  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;
  ~Epoch();

  Iterator begin();
  std::default_sentinel_t end() const { return {}; }

 private:
  friend class Loader;
  Epoch(Loader& loader, Index epoch, Index first_batch) : loader_(loader), epoch_(epoch), first_batch_(first_batch) {}
  const Batch* next();

  Loader& loader_;
  Index epoch_, first_batch_;
  std::uint64_t run_ = 0;  // the run of the loader that this is; 0: not begun
};

}  // namespace temper::data
