#include "data/sampler.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

std::vector<Index> batch_sizes(Index count, const SamplerOptions& options) {
  const Sampler sampler(count, options);
  std::vector<Index> sizes;
  for (Index b = 0; b < sampler.batches(); ++b) sizes.push_back(sampler.batch_begin(b + 1) - sampler.batch_begin(b));
  CHECK(sampler.batch_begin(0) == 0);
  CHECK(*std::ranges::max_element(sizes) == sampler.largest_batch());
  return sizes;
}

std::vector<Index> order(Index count, std::uint64_t seed, Index epoch, bool shuffle = true) {
  std::vector<Index> samples(static_cast<std::size_t>(count), -1);
  Sampler(count, {.shuffle = shuffle, .seed = seed}).order(epoch, samples);
  return samples;
}

using Sizes = std::vector<Index>;

}  // namespace

TEST_CASE("data: case 15, a single sample left over joins the batch before it when training") {
  CHECK(batch_sizes(129, {.batch = 128, .shuffle = true}) == Sizes{129});
  CHECK(batch_sizes(9, {.batch = 4, .shuffle = true}) == Sizes{4, 5});
  CHECK(batch_sizes(10, {.batch = 4, .shuffle = true}) == Sizes{4, 4, 2});
  CHECK(batch_sizes(8, {.batch = 4, .shuffle = true}) == Sizes{4, 4});
  CHECK(batch_sizes(1, {.batch = 4, .shuffle = true}) == Sizes{1});
  CHECK(batch_sizes(3, {.batch = 1, .shuffle = true}) == Sizes{1, 1, 1});
  CHECK(batch_sizes(129, {.batch = 128}) == Sizes{128, 1});
  CHECK(batch_sizes(129, {.batch = 128, .shuffle = true, .drop_last = true}) == Sizes{128});
  CHECK(batch_sizes(10, {.batch = 4, .drop_last = true}) == Sizes{4, 4});
  CHECK(batch_sizes(8, {.batch = 4, .drop_last = true}) == Sizes{4, 4});
  CHECK(batch_sizes(5, {.batch = std::numeric_limits<Index>::max(), .shuffle = true}) == Sizes{5});
}

TEST_CASE("data: every sample once an epoch, in an order of seed and epoch") {
  for (const Index count : {1, 2, 3, 64, 1000}) {
    std::vector<Index> sorted = order(count, 1, 0), identity = order(count, 1, 0, false);
    CHECK(order(count, 1, 0) == sorted);
    std::ranges::sort(sorted);
    CHECK(sorted == identity);
  }
  CHECK(order(64, 1, 0) != order(64, 1, 1));
  CHECK(order(64, 1, 0) != order(64, 2, 0));
  CHECK(order(64, 1, 5, false) == order(64, 2, 0, false));
}

TEST_CASE("data: all orders are equally likely") {
  std::vector<int> count(6);
  for (Index epoch = 0; epoch < 6000; ++epoch) {
    const std::vector<Index> o = order(3, 7, epoch);
    ++count[static_cast<std::size_t>(2 * o[0] + (o[1] > o[2]))];
  }
  for (const int n : count) CHECK(std::abs(n - 1000) < 5 * 29);  // deviation sqrt(6000 * 1/6 * 5/6) = 28.9
}

TEST_CASE("data: the sampler refuses what gives no batch") {
  const auto sampler_error = [](Index count, const SamplerOptions& options) { return error_of([&] { Sampler(count, options); }); };
  CHECK(holds(sampler_error(10, {.batch = 0}), {"--batch", "at least 1"}));
  CHECK(holds(sampler_error(10, {.batch = -3}), {"--batch", "-3"}));
  CHECK(holds(sampler_error(0, {}), {"no samples"}));
  CHECK(holds(sampler_error(7, {.batch = 8, .drop_last = true}), {"7 samples", "batch of 8", "at most 7"}));
  CHECK(holds(error_of([] { order(3, 1, -1); }), {"epoch -1"}));
}

}  // namespace temper::data
