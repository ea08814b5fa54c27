#include "models/networks/transformer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/engine/dry_run.h"
#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/random_scope.h"
#include "tests/allocation_counter.h"

namespace temper::models {
namespace {

using Integers = std::vector<std::int32_t>;

constexpr TransformerSpec kSmall{
    .vocabulary = 23, .width = 16, .feed_forward = 20, .heads = 2, .encoder_layers = 2, .decoder_layers = 2, .dropout = 0.2f};

struct Net {
  ParameterStore store;
  Transformer transformer;
  explicit Net(const TransformerSpec& spec) : transformer(store.root(), spec) { store.commit({.seed = 4}); }
};

// Sentence n of a made-up language, padded with `padding` to `length`.
struct Sentences {
  Integers lengths, ids;
  Index length;
  Sentences(const Integers& numbers, const Integers& l, Index to, std::int32_t padding) : lengths(l), length(to) {
    for (std::size_t n = 0; n < l.size(); ++n) {
      for (Index i = 0; i < to; ++i) ids.push_back(i < l[n] ? (numbers[n] * 7 + static_cast<std::int32_t>(i * i) * 3) % 23 : padding);
    }
  }
  operator data::Sequences() const { return {ids, lengths, static_cast<Index>(lengths.size()), length}; }  // NOLINT
};

TEST_CASE("transformer: the parameters that papers count, and PyTorch's names") {
  const DryRun dry_run;  // no memory is touched
  for (const Index V : {Index{1}, Index{33'000}}) {
    ParameterStore base, small;
    const Transformer base_net(base.root(), transformer_base(V)), small_net(small.root(), transformer_small(V));
    base.commit({});
    small.commit({});
    // Six encoder layers of 3,150,336 (4 512^2 without biases, 2 512 2048 + 2560, two normalisations), six decoder layers of 4,199,936, two
    // last normalisations.
    CHECK(base.learned_size() == 44'103'680 + 512 * V);
    CHECK(small.learned_size() == 1'319'424 + 128 * V);
    CHECK(base.parameters().front().name == "embedding.weight");
    CHECK(base.parameters().back().name == "decoder.norm.bias");
    CHECK(std::any_of(base.parameters().begin(), base.parameters().end(),
                      [](const Parameter& p) { return p.name == "decoder.layers.5.multihead_attn.in_proj_weight"; }));
  }
}

TEST_CASE("transformer: a batch gives what its sentences give alone, whatever the padding") {
  Net net(kSmall);
  const Integers source_lengths = {3, 7, 1}, target_lengths = {4, 2, 5}, numbers = {1, 2, 3};
  const Sentences source(numbers, source_lengths, 9, 5), target(numbers, target_lengths, 6, 8);
  const Tensor batch = net.transformer(source, target);
  for (std::size_t n = 0; n < 3; ++n) {
    const Sentences one_source({numbers[n]}, {source_lengths[n]}, source_lengths[n], 0),
        one_target({numbers[n]}, {target_lengths[n]}, target_lengths[n], 0);
    const Tensor alone = net.transformer(one_source, one_target);
    REQUIRE(alone.shape() == Shape{target_lengths[n], 23});
    for (Index i = 0; i < alone.size(); ++i)
      CHECK(alone.data()[i] == doctest::Approx(batch.data()[static_cast<Index>(n) * 6 * 23 + i]).epsilon(1e-6).scale(1));
  }
}

TEST_CASE("transformer: padding never changes a loss or a gradient") {
  const auto step = [](Index source_length, Index target_length, std::int32_t padding) {
    TransformerSpec spec = kSmall;
    spec.dropout = 0;
    Net net(spec);
    const Sentences source({1, 2}, {5, 3}, source_length, padding), target({1, 2}, {2, 4}, target_length, padding);
    Integers labels;
    for (Index i = 0; i < 2 * target_length; ++i)
      labels.push_back(i % target_length < target.lengths[static_cast<std::size_t>(i / target_length)]
                           ? static_cast<std::int32_t>(i % target_length)
                           : -100);
    Tape tape;
    const Tensor loss = softmax_cross_entropy(net.transformer(source, target), labels, {.smoothing = 0.1f});
    tape.backward(loss);
    std::vector<float> result(net.store.gradients().begin(), net.store.gradients().end());
    result.push_back(loss.item());
    return result;
  };
  const std::vector<float> bare = step(5, 4, 0), padded = step(11, 9, 17);
  for (std::size_t i = 0; i < bare.size(); ++i) CHECK(padded[i] == doctest::Approx(bare[i]).epsilon(1e-5).scale(0.1));
}

TEST_CASE("transformer: the rows that are words, alone, have the loss and the gradients of all rows with padding ignored") {
  const auto step = [](bool words_alone) {
    TransformerSpec spec = kSmall;
    spec.dropout = 0;
    Net net(spec);
    const Sentences source({1, 2}, {5, 3}, 5, 0), target({1, 2}, {2, 4}, 4, 0);
    const Integers rows = {0, 1, 4, 5, 6, 7}, word_labels = {3, 1, 2, 0, 3, 5}, labels = {3, 1, -100, -100, 2, 0, 3, 5};
    Tape tape;
    const Tensor loss = words_alone ? softmax_cross_entropy(net.transformer(source, target, rows), word_labels, {.smoothing = 0.1f})
                                    : softmax_cross_entropy(net.transformer(source, target), labels, {.smoothing = 0.1f});
    tape.backward(loss);
    std::vector<float> result(net.store.gradients().begin(), net.store.gradients().end());
    result.push_back(loss.item());
    return result;
  };
  const std::vector<float> alone = step(true), all = step(false);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(alone[i] == doctest::Approx(all[i]).epsilon(1e-5).scale(0.1));
}

TEST_CASE("transformer: a word does not see those behind it") {
  Net net(kSmall);
  const Sentences source({1}, {4}, 4, 0), target({1}, {6}, 6, 0);
  Sentences other = target;
  other.ids[4] = (other.ids[4] + 1) % 23;
  const Tensor a = net.transformer(source, target), b = net.transformer(source, other);
  CHECK(std::equal(a.data(), a.data() + 4 * 23, b.data()));
  CHECK(!std::equal(a.data() + 4 * 23, a.data() + 5 * 23, b.data() + 4 * 23));
}

TEST_CASE("transformer: word by word gives what the whole target gives") {
  Net net(kSmall);
  const Transformer& transformer = net.transformer;
  const Sentences source({1, 2}, {4, 2}, 5, 0), target({3, 4}, {6, 6}, 6, 0);
  const Tensor whole = transformer(source, target), memory = transformer.encode(source);
  std::vector<Tensor> past, of_memory;
  for (const DecoderLayer& layer : transformer.decoder_layers()) {
    past.emplace_back(Shape{2, 6, 2 * kSmall.width});
    std::fill_n(past.back().data(), past.back().size(), std::numeric_limits<float>::quiet_NaN());  // what is not there yet is not read
    of_memory.push_back(layer.project_memory(memory));
  }
  for (Index position = 0; position < 6; ++position) {
    const Integers words = {target.ids[static_cast<std::size_t>(position)], target.ids[static_cast<std::size_t>(6 + position)]};
    Tensor x = transformer.embed(words, 2, 1, position);
    for (std::size_t l = 0; l < past.size(); ++l)
      x = transformer.decoder_layers()[l].next(std::move(x), position, past[l], of_memory[l], source.lengths);
    const Tensor logits = transformer.logits(x);
    for (Index n = 0; n < 2; ++n) {
      for (Index v = 0; v < 23; ++v)
        CHECK(logits.data()[n * 23 + v] == doctest::Approx(whole.data()[(n * 6 + position) * 23 + v]).epsilon(1e-5).scale(1));
    }
  }
}

TEST_CASE("transformer: a training step with dropout is the same bits on any number of threads, and learns every parameter") {
  const auto step = [](int count) {
    const int before = threads();
    set_threads(count);
    Net net(kSmall);
    const Sentences source({1, 2, 3}, {9, 30, 17}, 30, 0), target({1, 2, 3}, {20, 11, 29}, 29, 0);
    const Integers labels(3 * 29, 2);
    Tape tape;
    const layers::RandomScope random_scope(Random(1, {2}));
    tape.backward(softmax_cross_entropy(net.transformer(source, target), labels, {.smoothing = 0.1f}));
    CHECK(net.store.zero_unwritten_gradients().empty());
    set_threads(before);
    return std::vector<float>(net.store.gradients().begin(), net.store.gradients().end());
  };
  const std::vector<float> one = step(1);
  CHECK(step(2) == one);
  CHECK(step(3) == one);
}

TEST_CASE("transformer: after its first steps a training loop allocates nothing") {
  Net net(kSmall);
  const Sentences source({1, 2}, {9, 7}, 9, 0), target({1, 2}, {8, 8}, 8, 0);
  const Integers labels(16, 2);
  const auto step = [&](std::uint64_t number) {
    Tape tape;
    const layers::RandomScope random_scope(Random(1, {number}));
    tape.backward(softmax_cross_entropy(net.transformer(source, target), labels, {.smoothing = 0.1f}));
    net.store.mark_gradients_stale();
  };
  for (std::uint64_t i = 0; i < 3; ++i) step(i);
  const long before = allocations();
  const std::size_t requests = MemoryPool::shared().stats().system_requests;
  for (std::uint64_t i = 3; i < 6; ++i) step(i);
  CHECK(allocations() == before);
  CHECK(MemoryPool::shared().stats().system_requests == requests);
}

TEST_CASE("transformer: a batch that contradicts itself, a vocabulary that is left, heads that do not divide") {
  Net net(kSmall);
  const Sentences source({1}, {3}, 3, 0);
  Sentences bad = source;
  bad.lengths[0] = 4;
  CHECK_THROWS_WITH_AS(net.transformer(bad, source), "source: a sequence of 4 tokens in a batch of length 3; pad to the longest", Error);
  bad = source;
  bad.ids[1] = 23;
  CHECK_THROWS_AS(net.transformer(source, bad), Error);
  ParameterStore store;
  CHECK_THROWS_AS(Transformer(store.root(), {.vocabulary = 5, .width = 10, .heads = 3}), Error);
}

}  // namespace
}  // namespace temper::models
