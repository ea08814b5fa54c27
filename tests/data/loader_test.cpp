#include "data/loader.h"

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

Dataset pattern(Index count, const Shape& image = {6, 5, 3}) {
  Dataset set{.name = "pattern", .image = image, .pixels = {}, .labels = {}, .class_names = {"a", "b", "c"}};
  for (Index i = 0; i < count; ++i) {
    set.labels.push_back(static_cast<std::int32_t>(i % 3));
    for (Index j = 0; j < image.size(); ++j) set.pixels.push_back(static_cast<std::uint8_t>(17 * i + 3 * j + i * j % 11));
  }
  return set;
}

struct Seen {
  std::vector<Index> samples;
  std::vector<std::int32_t> labels;
  std::map<Index, std::vector<float>> images;  // by sample
  bool operator==(const Seen&) const = default;
};

void add(Seen& seen, const Batch& batch) {
  const Index count = batch.images.shape()[0], size = batch.images.size() / count;
  REQUIRE(static_cast<Index>(batch.samples.size()) == count);
  REQUIRE(static_cast<Index>(batch.labels.size()) == count);
  for (Index i = 0; i < count; ++i) {
    const Index sample = batch.samples[static_cast<std::size_t>(i)];
    seen.samples.push_back(sample);
    seen.labels.push_back(batch.labels[static_cast<std::size_t>(i)]);
    seen.images[sample].assign(batch.images.data() + i * size, batch.images.data() + (i + 1) * size);
  }
}

Seen see(Loader& loader, Index epoch, Index first_batch = 0) {
  Seen seen;
  for (const Batch& batch : loader.epoch(epoch, first_batch)) add(seen, batch);
  return seen;
}

}  // namespace

TEST_CASE("data: without shuffling, the loader gives the set as it is, normalised") {
  const Dataset set = pattern(10);
  const Normalization normalization{.mean = {0.1, 0.2, 0.3}, .std = {0.5, 0.25, 2}};
  Loader loader(set, normalization, {.batch = 4});
  CHECK(loader.batches() == 3);
  Index first = 0;
  for (const Batch& batch : loader.epoch(7)) {
    const Index count = std::min<Index>(4, 10 - first);
    CHECK(batch.images.shape() == Shape{count, 6, 5, 3});
    for (Index i = 0; i < count; ++i) {
      CHECK(batch.samples[static_cast<std::size_t>(i)] == first + i);
      CHECK(batch.labels[static_cast<std::size_t>(i)] == (first + i) % 3);
      const auto pixels = set.pixel_span(first + i);
      for (Index j = 0; j < set.image.size(); ++j) {
        const auto c = static_cast<std::size_t>(j % 3);
        const double expected = (pixels[static_cast<std::size_t>(j)] / 255.0 - normalization.mean[c]) / normalization.std[c];
        REQUIRE(batch.images.data()[i * set.image.size() + j] == static_cast<float>(expected));
      }
    }
    first += count;
  }
  CHECK(first == 10);
}

TEST_CASE("data: every sample once an epoch, in another order the next") {
  const Dataset set = pattern(64);
  Loader loader(set, Normalization::measure(set), {.batch = 10, .shuffle = true, .seed = 1});
  const Seen first = see(loader, 0), second = see(loader, 1);
  for (const Seen& seen : {first, second}) {
    CHECK(seen.samples.size() == 64);
    CHECK(std::set(seen.samples.begin(), seen.samples.end()).size() == 64);
    for (std::size_t i = 0; i < 64; ++i) CHECK(seen.labels[i] == seen.samples[i] % 3);
  }
  CHECK(first.samples != second.samples);
  CHECK(first.images == second.images);  // no augmentation
  CHECK(see(loader, 0) == first);
}

TEST_CASE("data: case 24, the augmented samples are the same bits for every batch size, order and start") {
  const Dataset set = pattern(64);
  const Normalization normalization = Normalization::measure(set);
  const LoaderOptions options{.batch = 64, .shuffle = true, .augment = crop_flip(2), .seed = 1};
  Loader whole(set, normalization, options);
  const Seen first = see(whole, 0), second = see(whole, 1);
  CHECK(first.images != second.images);
  std::set<std::vector<float>> placements;
  for (const auto& [sample, image] : first.images) placements.insert(image);
  CHECK(placements.size() == 64);

  for (const Index batch : {1, 7, 21, 63, 1000}) {
    LoaderOptions other = options;
    other.batch = batch;
    Loader loader(set, normalization, other);
    CHECK(see(loader, 1) == second);  // also when epoch 0 was never made
    CHECK(see(loader, 0) == first);
  }
  LoaderOptions in_order = options;
  in_order.shuffle = false;
  Loader sequential(set, normalization, in_order);
  CHECK(see(sequential, 0).images == first.images);
  LoaderOptions other_seed = options;
  other_seed.seed = 2;
  Loader seeded(set, normalization, other_seed);
  CHECK(see(seeded, 0).images != first.images);
}

TEST_CASE("data: S12, an epoch can be left and resumed at a batch") {
  const Dataset set = pattern(64);
  Loader loader(set, Normalization::measure(set), {.batch = 5, .shuffle = true, .augment = crop_flip(2), .seed = 3});
  const Seen whole = see(loader, 2);
  for (Index stop = 0; stop <= loader.batches(); ++stop) {
    Seen pieces;
    Index done = 0;
    for (const Batch& batch : loader.epoch(2)) {
      if (done == stop) break;
      add(pieces, batch);
      ++done;
    }
    for (const Batch& batch : loader.epoch(2, done)) add(pieces, batch);
    CHECK(pieces == whole);
  }
}

TEST_CASE("data: shards of batches are parts of them, and an epoch is resumed at a batch of them too") {
  const Dataset set = pattern(64);
  const Normalization normalization = Normalization::measure(set);
  const LoaderOptions options{.batch = 10, .shuffle = true, .seed = 3};
  Loader whole(set, normalization, options);
  std::vector<std::vector<Index>> batches;
  for (const Batch& batch : whole.epoch(2)) batches.push_back(batch.samples);
  LoaderOptions of_rank = options;
  of_rank.shards = 4;
  of_rank.own_shards = {1, 3};
  Loader loader(set, normalization, of_rank);
  for (const Index first : {0, 2, 6, 7}) {
    std::size_t b = static_cast<std::size_t>(first);
    Index shard = 1;
    for (const Batch& batch : loader.epoch(2, first)) {
      const auto size = static_cast<Index>(batches[b].size());
      CHECK(batch.shard == shard);
      CHECK(batch.batch_size == size);
      CHECK(batch.samples == std::vector<Index>(batches[b].begin() + size * shard / 4, batches[b].begin() + size * (shard + 1) / 4));
      if (++shard == 3) shard = 1, ++b;
    }
    CHECK(b == batches.size());
  }
}

TEST_CASE("data: case 15, 129 samples in batches of 128") {
  const Dataset set = pattern(129, {2, 2, 1});
  const Normalization normalization = Normalization::measure(set);
  Loader training(set, normalization, {.batch = 128, .shuffle = true});
  CHECK(training.batches() == 1);
  for (const Batch& batch : training.epoch(0)) CHECK(batch.images.shape()[0] == 129);
  Loader evaluation(set, normalization, {.batch = 128});
  CHECK(evaluation.batches() == 2);
  CHECK(see(evaluation, 0).samples.size() == 129);
}

TEST_CASE("data: a tensor that is kept is not written over") {
  const Dataset set = pattern(40);
  Loader loader(set, Normalization::measure(set), {.batch = 4, .shuffle = true, .augment = crop_flip(2)});
  std::vector<Tensor> kept;
  std::vector<std::vector<float>> copies;
  for (Index epoch = 0; epoch < 2; ++epoch) {
    for (const Batch& batch : loader.epoch(epoch)) {
      kept.push_back(batch.images);
      copies.emplace_back(batch.images.values().begin(), batch.images.values().end());
    }
  }
  for (std::size_t i = 0; i < kept.size(); ++i) CHECK(std::ranges::equal(kept[i].values(), copies[i]));
}

TEST_CASE("data: after the first epochs the loader asks the system for no memory") {
  const Dataset set = pattern(67);
  Loader loader(set, Normalization::measure(set), {.batch = 8, .shuffle = true, .augment = crop_flip(2)});
  for (Index epoch = 0; epoch < 3; ++epoch) see(loader, epoch);
  const std::size_t requests = MemoryPool::shared().stats().system_requests;
  for (Index epoch = 3; epoch < 20; ++epoch) see(loader, epoch);
  CHECK(MemoryPool::shared().stats().system_requests == requests);
}

TEST_CASE("data: leaving an epoch early, by break or by an exception, is clean") {
  const Dataset set = pattern(64);
  Loader loader(set, Normalization::measure(set), {.batch = 2, .shuffle = true});
  const Seen whole = see(loader, 0);
  for (int round = 0; round < 50; ++round) {
    try {
      int count = 0;
      for (const Batch& batch : loader.epoch(round)) {
        REQUIRE(batch.images.shape()[0] == 2);
        if (count++ == round % 5) throw Error("enough");
      }
    } catch (const Error&) {}
  }
  CHECK(see(loader, 0) == whole);
  { const auto never_begun = loader.epoch(0); }
  Loader unused(set, Normalization::measure(set));
}

TEST_CASE("data: an epoch can be read again; an older one is refused") {
  const Dataset set = pattern(20);
  Loader loader(set, Normalization::measure(set), {.batch = 6, .shuffle = true});
  auto epoch = loader.epoch(1);
  Seen once, again;
  for (const Batch& batch : epoch) add(once, batch);
  for (const Batch& batch : epoch) add(again, batch);
  CHECK(once == again);

  auto older = epoch.begin();
  see(loader, 2);
  CHECK(holds(error_of([&] { ++older; }), {"epoch 1", "newer one"}));
}

TEST_CASE("data: what goes wrong while a batch is made reaches the loop") {
  Dataset set = pattern(20);
  Loader loader(set, Normalization::measure(set), {.batch = 4});
  const Dataset before = set;
  set = set.subset(std::vector<Index>{0, 1, 2, 3, 4, 5, 6, 7, 8}, "shrunk");  // against the contract
  Seen seen;
  CHECK(holds(error_of([&] {
                for (const Batch& batch : loader.epoch(0)) add(seen, batch);
              }),
              {"shrunk", "sample 9"}));
  CHECK(seen.samples.size() == 8);
  set = before;
  CHECK(see(loader, 0).samples.size() == 20);
}

TEST_CASE("data: the loader refuses sets and options that make no sense") {
  const Dataset set = pattern(20);
  const Normalization normalization = Normalization::measure(set);
  const auto loader_error = [&](const Dataset& s, const Normalization& n, const LoaderOptions& options) {
    return error_of([&] { Loader(s, n, options); });
  };
  CHECK(loader_error(set, normalization, {}).empty());
  CHECK(holds(loader_error(set, normalization, {.batch = 0}), {"--batch"}));
  CHECK(holds(loader_error(set, normalization, {.batch = 21, .drop_last = true}), {"20 samples"}));
  CHECK(holds(loader_error(set, normalization, {.augment = shift(5)}), {"augment", "0-4"}));
  CHECK(holds(loader_error(set, {.mean = {0}, .std = {1}}, {}), {"pattern", "3 channels", "has 1"}));
  CHECK(holds(loader_error(set, {.mean = {0, 0, 0}, .std = {1, 0, 1}}, {}), {"channel 1"}));
  CHECK(holds(loader_error(set.subset({}, "nothing"), normalization, {}), {"nothing", "no samples"}));
  Dataset bad = set;
  bad.labels[2] = 3;
  CHECK(holds(loader_error(bad, normalization, {}), {"label 3 at sample 2"}));
  Loader loader(set, normalization);
  CHECK(holds(error_of([&] { (void)loader.epoch(-1); }), {"epoch -1"}));
  CHECK(holds(error_of([&] { (void)loader.epoch(0, 2); }), {"batch 2", "0-1"}));
}

}  // namespace temper::data
