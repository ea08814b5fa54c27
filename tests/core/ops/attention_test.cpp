#include "core/ops/attention.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "core/kernels/simd_targets.h"
#include "core/ops/elementwise.h"
#include "core/ops/mean.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;
using Integers = std::vector<std::int32_t>;

// The documented rule for weight (i, j) of a head, in plain words.
bool dropped(const AttentionOptions& options, Index head, Index i, Index j, Index L, Index S, Index first_key) {
  const Index words = (S + 3) / 4 * 4, word = head * L * words + i * words + j - first_key;
  const std::uint32_t bits = options.random.block(static_cast<std::uint64_t>(word / 4))[static_cast<std::size_t>(word % 4)];
  return static_cast<double>(bits) < static_cast<double>(options.dropout) * 4294967296.0;
}

Array reference_attention(const Array& q, const Array& k, const Array& v, const AttentionOptions& options) {
  const Index N = q.shape[0], L = q.shape[1], D = q.shape[2], S = k.shape[1], d = D / options.heads;
  const auto of = [](std::span<const std::int32_t> list, Index n, Index otherwise) {
    return list.empty() ? otherwise : list[static_cast<std::size_t>(n)];
  };
  Array y(q.shape);
  std::vector<double> weight(static_cast<std::size_t>(S));
  for (Index n = 0; n < N; ++n) {
    const Index first = of(options.first_keys, n, 0), end = options.key_lengths.empty() ? S : first + of(options.key_lengths, n, S);
    for (Index h = 0; h < options.heads; ++h) {
      for (Index i = 0; i < L; ++i) {
        const Index last = options.causal ? std::min(end, i + 1) : end;
        double sum = 0;
        for (Index j = first; j < last; ++j) {
          double score = 0;
          for (Index c = h * d; c < (h + 1) * d; ++c) score += q[(n * L + i) * D + c] * k[(n * S + j) * D + c];
          sum += weight[static_cast<std::size_t>(j)] = std::exp(score / std::sqrt(static_cast<double>(d)));
        }
        for (Index j = first; j < last; ++j) {
          if (options.dropout > 0 && dropped(options, n * options.heads + h, i, j, L, S, first)) continue;
          const double kept = weight[static_cast<std::size_t>(j)] / sum / (1 - static_cast<double>(options.dropout));
          for (Index c = h * d; c < (h + 1) * d; ++c) y[(n * L + i) * D + c] += kept * v[(n * S + j) * D + c];
        }
      }
    }
  }
  return y;
}

// Columns [first, first + D) of a (N,L,parts D).
Array part(const Array& x, Index first, Index D) {
  Array y({x.shape[0], x.shape[1], D});
  for (Index i = 0; i < y.size(); ++i) y[i] = x[i / D * x.shape[2] + first + i % D];
  return y;
}

// On a tape, whether or not one is there already.
template <class Op> Tensor train(Op op) {
  if (Tape::recording()) return op();
  const Tape tape;
  return op();
}

struct AttentionCase {
  Index N, L, S, D;
  AttentionOptions options;
};

// All three forms.
void check_attention(const AttentionCase& c) {
  CAPTURE(c.L);
  CAPTURE(c.S);
  CAPTURE(c.D);
  const AttentionOptions& o = c.options;
  const Shape q{c.N, c.L, c.D}, k{c.N, c.S, c.D};
  check_op({.inputs = {q, k, k},
            .op = [&](auto x) { return train([&] { return attention(std::move(x[0]), std::move(x[1]), std::move(x[2]), o); }); },
            .reference = [&](auto x) { return reference_attention(x[0], x[1], x[2], o); },
            .tolerance = 3e-6});
  check_op({.inputs = {q, {c.N, c.S, 2 * c.D}},
            .op = [&](auto x) { return train([&] { return cross_attention(std::move(x[0]), std::move(x[1]), o); }); },
            .reference = [&](auto x) { return reference_attention(x[0], part(x[1], 0, c.D), part(x[1], c.D, c.D), o); },
            .tolerance = 3e-6});
  if (c.L != c.S) return;
  check_op({.inputs = {{c.N, c.L, 3 * c.D}},
            .op = [&](auto x) { return train([&] { return self_attention(std::move(x[0]), o); }); },
            .reference = [&](auto x) { return reference_attention(part(x[0], 0, c.D), part(x[0], c.D, c.D), part(x[0], 2 * c.D, c.D), o); },
            .tolerance = 3e-6});
}

TEST_CASE("attention: heads, causal, key lengths, both, and sequences of odd sizes") {
  check_attention({1, 1, 1, 1, {}});
  check_attention({2, 3, 5, 4, {.heads = 2}});
  check_attention({2, 4, 4, 6, {.heads = 3, .causal = true}});
  check_attention({1, 2, 7, 9, {.heads = 1}});
  check_attention({7, 2, 2, 4, {.heads = 2}});  // more heads in all than chunks of a loop
  const Integers lengths = {3, 5, 1}, firsts = {2, 0, 4};
  check_attention({3, 5, 5, 8, {.heads = 1, .key_lengths = lengths}});
  check_attention({3, 5, 5, 4, {.heads = 2, .causal = true, .key_lengths = lengths}});
  check_attention({3, 5, 5, 4, {.heads = 4, .causal = true, .key_lengths = lengths, .first_keys = firsts}});
}

TEST_CASE("attention: several blocks of queries and keys, and rows of which the later hold the maximum") {
  const Integers lengths = {130}, first = {3};
  const auto check_one = [](const AttentionCase& c, bool keys) {
    check_op({.inputs = {{c.N, c.L, c.D}, {c.N, c.S, c.D}, {c.N, c.S, c.D}},
              .op = [&](auto x) { return attention(std::move(x[0]), std::move(x[1]), std::move(x[2]), c.options); },
              .reference = [&](auto x) { return reference_attention(x[0], x[1], x[2], c.options); },
              .tolerance = 5e-6,
              .low = -6,
              .high = 6,
              .differentiable = {!keys, keys, keys}});
  };
  check_one({1, 3, 300, 2, {}}, false);
  check_one({1, 70, 140, 1, {.key_lengths = lengths, .first_keys = first}}, true);
  check_one({1, 140, 140, 1, {.causal = true}}, true);
  check_one({1, 140, 140, 1, {.causal = true, .key_lengths = lengths, .first_keys = first}}, false);
}

TEST_CASE("attention: dropout of weights follows its rule in forward and backward") {
  const Integers lengths = {5, 2}, firsts = {1, 3};
  check_attention({2, 6, 6, 4, {.heads = 2, .causal = true, .dropout = 0.4f, .random = Random(5, {1})}});
  check_attention({2, 3, 6, 4, {.heads = 1, .key_lengths = lengths, .first_keys = firsts, .dropout = 0.4f, .random = Random(5, {2})}});
}

TEST_CASE("attention: one tensor as query, key and value") {
  check_op({.inputs = {{2, 3, 4}},
            .op = [](auto x) { return attention(x[0], x[0], x[0], {.heads = 2}); },
            .reference = [](auto x) { return reference_attention(x[0], x[0], x[0], {.heads = 2}); },
            .tolerance = 3e-6});
}

std::vector<float> normal_noise(Index count, std::uint64_t stream) {
  const Random random(3, {stream});
  std::vector<float> values;
  for (Index i = 0; i < count; ++i) values.push_back(static_cast<float>(random.normal(static_cast<std::uint64_t>(i))));
  return values;
}

struct FullStep {
  std::vector<float> y, gradient;
};

// Output and gradient of mean(y y) for self-attention on the given values (N,L,3D).
FullStep step(const Shape& shape, const std::vector<float>& values, const AttentionOptions& options) {
  ParameterStore store;
  Parameter& x = store.root().declare({.name = "x", .shape = shape, .initialize = [&](const View& value, const Random&) {
                                         std::copy(values.begin(), values.end(), value.data);
                                       }});
  store.commit({});
  Tape tape;
  const Tensor y = self_attention(x, options);
  tape.backward(mean(multiply(y, y)));
  return {{y.values().begin(), y.values().end()}, {x.gradient.data, x.gradient.data + x.gradient.size()}};
}

TEST_CASE("attention: queries that see no key give zeros and finite gradients; what padding holds reaches nothing") {
  constexpr Index N = 3, L = 4, D = 8;
  std::vector<float> values = normal_noise(N * L * 3 * D, 1);
  const auto spoil = [&](Index n, Index l) {  // key and value
    std::fill_n(values.begin() + (n * L + l) * 3 * D + D, 2 * D, std::numeric_limits<float>::quiet_NaN());
  };
  // Sequence 1 has no keys, sequence 2 two on the right: its queries 0 and 1 see nothing.
  for (Index l = 0; l < L; ++l) spoil(1, l);
  for (Index l = 0; l < 2; ++l) spoil(2, l);
  const Integers lengths = {4, 0, 2}, firsts = {0, 0, 2};
  const FullStep batch = step({N, L, 3 * D}, values, {.heads = 2, .causal = true, .key_lengths = lengths, .first_keys = firsts});
  for (Index i = 0; i < N * L * D; ++i) {
    const bool hidden = i / D / L == 1 || (i / D / L == 2 && i / D % L < 2);
    CHECK((batch.y[static_cast<std::size_t>(i)] == 0) == hidden);
  }
  for (const float value : batch.gradient) CHECK(std::isfinite(value));
  // The first sequence alone.
  values.resize(L * 3 * D);
  const FullStep alone = step({1, L, 3 * D}, values, {.heads = 2, .causal = true});
  CHECK(std::equal(alone.y.begin(), alone.y.end(), batch.y.begin()));
  for (std::size_t i = 0; i < alone.gradient.size(); ++i)
    CHECK(alone.gradient[i] == doctest::Approx(N * batch.gradient[i]).epsilon(1e-5));  // the mean is over N times as many
}

TEST_CASE("attention: how much padding follows a sequence does not change a bit of it") {
  constexpr Index D = 16, kReal = 37;
  const Integers length = {kReal};
  const std::vector<float> values = normal_noise(kReal * 3 * D, 4);
  const FullStep bare = step({1, kReal, 3 * D}, values, {.heads = 2});
  for (const Index padded : {kReal + 1, Index{64}, Index{200}}) {
    std::vector<float> longer = values;
    longer.resize(static_cast<std::size_t>(padded * 3 * D), 1.0f);
    const FullStep with = step({1, padded, 3 * D}, longer, {.heads = 2, .key_lengths = length});
    CHECK(std::equal(bare.y.begin(), bare.y.end(), with.y.begin()));
  }
}

TEST_CASE("attention: the same on every instruction set, up to rounding") {
  const Shape shape{2, 150, 3 * 24};
  const std::vector<float> values = normal_noise(shape.size(), 5);
  const FullStep best = step(shape, values, {.heads = 3, .causal = true});
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced(target);
    const FullStep other = step(shape, values, {.heads = 3, .causal = true});
    double worst = 0, worst_gradient = 0;
    for (std::size_t i = 0; i < best.y.size(); ++i) worst = std::max<double>(worst, std::fabs(best.y[i] - other.y[i]));
    for (std::size_t i = 0; i < best.gradient.size(); ++i)
      worst_gradient = std::max<double>(worst_gradient, std::fabs(best.gradient[i] - other.gradient[i]));
    CHECK(worst < 2e-6);
    CHECK(worst_gradient < 1e-8);  // of gradients up to 1e-3
  }
}

TEST_CASE("attention: nothing of the size of queries times keys is kept") {
  constexpr Index L = 1024, D = 16;
  const std::vector<float> values = normal_noise(L * 3 * D, 6);
  MemoryPool::shared().trim();
  const std::size_t before = MemoryPool::shared().stats().bytes_in_use;
  MemoryPool::shared().forget_peak();
  step({1, L, 3 * D}, values, {.heads = 4});
  CHECK(MemoryPool::shared().stats().peak_bytes_in_use - before < sizeof(float) * L * L);  // a quarter of the scores of four heads
}

TEST_CASE("attention: scores beyond what exp can hold, and NaN") {
  const std::vector<float> large = {200, 0}, value = {1, 5};
  const Tensor y =
      attention(Tensor(Shape{1, 1, 1}, std::vector<float>{1000}), Tensor(Shape{1, 2, 1}, large), Tensor(Shape{1, 2, 1}, value));
  CHECK(y.item() == 1);
  const std::vector<float> bad = {std::numeric_limits<float>::quiet_NaN(), 0};
  const Tensor nan = attention(Tensor(Shape{1, 1, 1}, std::vector<float>{1}), Tensor(Shape{1, 2, 1}, bad), Tensor(Shape{1, 2, 1}, value));
  CHECK(std::isnan(nan.item()));
}

TEST_CASE("attention: what does not fit is refused, with the shapes") {
  const Tensor q(Shape{2, 3, 4}), k(Shape{2, 5, 4});
  const Integers two = {5, 5}, three = {5, 5, 5}, beyond = {5, 6}, negative = {-1, 2};
  CHECK_THROWS_WITH_AS(attention(q, k, Tensor(Shape{2, 4, 4})),
                       "attention: a query (2,3,4) does not fit a key (2,5,4) and a value (2,4,4); give (N,L,D) and (N,S,D)", Error);
  CHECK_THROWS_AS(attention(q, Tensor(Shape{1, 5, 4}), Tensor(Shape{1, 5, 4})), Error);
  CHECK_THROWS_AS(self_attention(q), Error);
  CHECK_THROWS_AS(cross_attention(q, k), Error);
  CHECK_THROWS_AS(attention(q, k, k, {.heads = 3}), Error);
  CHECK_THROWS_AS(attention(q, k, k, {.causal = true}), Error);
  CHECK_THROWS_AS(attention(q, k, k, {.key_lengths = three}), Error);
  CHECK_THROWS_AS(attention(q, k, k, {.key_lengths = beyond}), Error);
  CHECK_THROWS_AS(attention(q, k, k, {.key_lengths = negative}), Error);
  CHECK_THROWS_AS(attention(q, k, k, {.key_lengths = two, .first_keys = two}), Error);
  CHECK_THROWS_AS(attention(q, k, k, {.dropout = 1.5f}), Error);
}

}  // namespace
}  // namespace temper
