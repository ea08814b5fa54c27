#include "core/kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/engine/buffer.h"
#include "core/kernels/block_product.h"
#include "core/kernels/softmax.h"

namespace temper {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr Index kQueryBlock = 32, kKeyBlock = 128;  // a block of scores fits into the first-level cache
constexpr Index kLanes = 16;                        // a row of scores is whole vectors: what is not visible is -inf, whose exponential is 0

// (count,size) as (count,padded size): the padding is 0.
float* pack_rows(const HeadRows<const float>& rows, Index first, Index count, Index size, Workspace& scratch) {
  const Index padded = padded_columns(size);
  float* const packed = scratch.take(count * padded);
  for (Index i = 0; i < count; ++i) {
    std::copy_n(rows[first + i], size, packed + i * padded);
    std::fill(packed + i * padded + size, packed + (i + 1) * padded, 0.0f);
  }
  return packed;
}

// (count,size) turned: (size,width), the columns beyond count 0. Some rows at a time, so that both sides stay within a few cache lines.
void pack_turned(const HeadRows<const float>& rows, Index first, Index count, Index size, Index width, float* packed) {
  constexpr Index kRows = 8;
  Index j = 0;
  for (; j + kRows <= count; j += kRows) {
    const float* row[kRows];
    for (Index r = 0; r < kRows; ++r) row[r] = rows[first + j + r];
    for (Index c = 0; c < size; ++c) {
      for (Index r = 0; r < kRows; ++r) packed[c * width + j + r] = row[r][c];
    }
  }
  for (Index c = 0; c < size; ++c) {
    for (Index rest = j; rest < count; ++rest) packed[c * width + rest] = rows[first + rest][c];
    std::fill(packed + c * width + count, packed + (c + 1) * width, 0.0f);
  }
}

float* zeros(Index count, Workspace& scratch) {
  float* const memory = scratch.take(count);
  std::fill_n(memory, count, 0.0f);
  return memory;
}

// Some neighbouring queries and keys.
struct Block {
  Index query, queries;  // first and number
  Index key, keys;       // counted from key_begin
  Index width;           // of a row of scores

  Block(const AttentionHead& head, Index first_query, Index first_key)
      : query(first_query),
        queries(std::min(kQueryBlock, head.queries - first_query)),
        key(first_key),
        keys(std::min(kKeyBlock, head.key_end - head.key_begin - first_key)),
        width((keys + kLanes - 1) / kLanes * kLanes) {}

  // How many of the keys, from the first on, query `i` of the block sees.
  Index visible(const AttentionHead& head, Index i) const {
    return head.causal ? std::clamp(query + i + 1 - head.key_begin - key, Index{0}, keys) : keys;
  }
  bool any_visible(const AttentionHead& head) const { return visible(head, queries - 1) > 0; }
  Index first_word(const AttentionHead& head, Index i) const { return head.first_word + (query + i) * head.words_of_row + key; }
};

// c(queries,width) = a(queries,size) turned(size,width).
void products_with_turned(const Block& block, const HeadRows<const float>& a, const float* turned, Index size, float* c) {
  block_product({.a = a[block.query],
                 .a_row = a.stride,
                 .a_run = 0,
                 .a_step = 1,
                 .b = turned,
                 .b_row = block.width,
                 .c = c,
                 .c_row = block.width,
                 .rows = block.queries,
                 .columns = block.width,
                 .run = size});
}

// The weights of a block as a matrix (rows,run), in either direction; how far apart its neighbours lie in a column and in a row.
struct WeightMatrix {
  const float* data;
  Index rows, run;
  Index row_step, run_step;
};

WeightMatrix weights_by_query(const Block& block, const float* weights) { return {weights, block.queries, block.keys, block.width, 1}; }
WeightMatrix weights_by_key(const Block& block, const float* weights) { return {weights, block.keys, block.queries, 1, block.width}; }

// sums(rows,columns) += weights(rows,run) values(run,columns).
void add_weighted(const WeightMatrix& weights, const float* values, Index columns, float* sums) {
  block_product({.a = weights.data,
                 .a_row = weights.row_step,
                 .a_run = 0,
                 .a_step = weights.run_step,
                 .b = values,
                 .b_row = columns,
                 .c = sums,
                 .c_row = columns,
                 .start = sums,
                 .start_row = columns,
                 .rows = weights.rows,
                 .columns = columns,
                 .run = weights.run});
}

// The softmax of a block's queries so far, and what they have summed with it.
struct RunningSoftmax {
  float maximum[kQueryBlock];
  double sum[kQueryBlock];
  float* output;  // (queries,columns), not yet divided by the sum
  Index columns;

  void begin(Index queries) {
    std::fill_n(maximum, queries, -kInfinity);
    std::fill_n(sum, queries, 0.0);
    std::fill_n(output, queries * columns, 0.0f);
  }

  // Turns scores into weights relative to the maximum, the new one.
  void weigh(const AttentionHead& head, const Block& block, Index i, float* scores) {
    const Index visible = block.visible(head, i);
    std::fill(scores + visible, scores + block.width, visible == 0 ? 0 : -kInfinity);
    if (visible == 0) return;
    const float before = maximum[i], most = std::max(before, temper::maximum(scores, block.width));
    const ExponentialSums sums = exponentials(scores, block.width, head.scale, most, scores);
    if (before != -kInfinity && before != most) {
      const float shrink = std::exp(head.scale * (before - most));
      for (Index c = 0; c < columns; ++c) output[i * columns + c] *= shrink;
      sum[i] *= shrink;
    }
    sum[i] += std::isnan(sums.shifted) ? std::numeric_limits<double>::quiet_NaN() : sums.sum;
    maximum[i] = most;
    if (head.dropout) temper::apply_dropout(*head.dropout, block.first_word(head, i), visible, scores, nullptr, scores);
  }

  void finish(const AttentionHead& head, Index i, float* y, float* log_sum) const {
    const auto divisor = static_cast<float>(sum[i] == 0 ? 1 : 1 / sum[i]);
    for (Index c = 0; c < head.size; ++c) y[c] = output[i * columns + c] * divisor;
    if (log_sum) *log_sum = sum[i] == 0 ? kInfinity : static_cast<float>(maximum[i] + std::log(sum[i]) / head.scale);
  }
};

// Scores of a block become the weights that were used, d loss / d weights becomes d loss / d (query . key).
void softmax_gradient(const AttentionHead& head, const Block& block, const float* log_sums, const float* dot, float* scores,
                      float* gradient) {
  for (Index i = 0; i < block.queries; ++i, scores += block.width, gradient += block.width) {
    const Index visible = block.visible(head, i);
    std::fill(scores + visible, scores + block.width, -kInfinity);
    std::fill(gradient + visible, gradient + block.width, 0.0f);
    exponentials(scores, block.width, head.scale, log_sums[block.query + i], scores);
    const Index word = block.first_word(head, i);
    if (head.dropout) apply_dropout(*head.dropout, word, visible, gradient, nullptr, gradient);
    for (Index j = 0; j < visible; ++j) gradient[j] = head.scale * scores[j] * (gradient[j] - dot[block.query + i]);
    if (head.dropout) apply_dropout(*head.dropout, word, visible, scores, nullptr, scores);
  }
}

// Writes `sums`, null for zeros, to rows [begin, end) of a gradient.
void store(const HeadGradient& gradient, Index begin, Index end, Index size, const float* sums) {
  if (!gradient.data) return;
  for (Index i = begin; i < end; ++i) {
    const float* const row = sums ? sums + (i - begin) * padded_columns(size) : nullptr;
    for (Index c = 0; c < size; ++c) {
      const float value = row ? row[c] : 0;
      gradient[i][c] = gradient.add ? gradient[i][c] + value : value;
    }
  }
}

}  // namespace

void attend(const AttentionHead& head, const HeadRows<float>& y, float* log_sums) {
  Workspace scratch;
  const Index keys = std::max<Index>(0, head.key_end - head.key_begin), columns = padded_columns(head.size);
  float* const values = pack_rows(head.value, head.key_begin, keys, head.size, scratch);
  float* const turned_keys = scratch.take((keys + kKeyBlock) * head.size);
  for (Index key = 0; key < keys; key += kKeyBlock) {
    const Block block(head, 0, key);
    pack_turned(head.key, head.key_begin + key, block.keys, head.size, block.width, turned_keys + key * head.size);
  }
  float* const scores = scratch.take(kQueryBlock * kKeyBlock);
  RunningSoftmax softmax;
  softmax.output = scratch.take(kQueryBlock * columns);
  softmax.columns = columns;
  for (Index query = 0; query < head.queries; query += kQueryBlock) {
    const Index queries = std::min(kQueryBlock, head.queries - query);
    softmax.begin(queries);
    for (Index key = 0; key < keys; key += kKeyBlock) {
      const Block block(head, query, key);
      if (!block.any_visible(head)) break;
      products_with_turned(block, head.query, turned_keys + key * head.size, head.size, scores);
      for (Index i = 0; i < queries; ++i) softmax.weigh(head, block, i, scores + i * block.width);
      add_weighted(weights_by_query(block, scores), values + key * columns, columns, softmax.output);
    }
    for (Index i = 0; i < queries; ++i) softmax.finish(head, i, y[query + i], log_sums ? log_sums + query + i : nullptr);
  }
}

void attention_gradients(const AttentionHead& head, const HeadRows<const float>& y, const HeadRows<const float>& dy, const float* log_sums,
                         const AttentionGradients& gradients) {
  Workspace scratch;
  const Index keys = std::max<Index>(0, head.key_end - head.key_begin), size = head.size, columns = padded_columns(size);
  const float* const queries = pack_rows(head.query, 0, head.queries, size, scratch);
  const float* const output_gradients = pack_rows(dy, 0, head.queries, size, scratch);
  const float* const key_rows = pack_rows(head.key, head.key_begin, keys, size, scratch);
  float* const dot = scratch.take(head.queries);  // of each query's output and its gradient: what softmax's gradient subtracts
  for (Index i = 0; i < head.queries; ++i) {
    float sum = 0;
    for (Index c = 0; c < size; ++c) sum += y[i][c] * dy[i][c];
    dot[i] = sum;
  }
  float* const dquery = zeros(head.queries * columns, scratch);
  float* const dkey = zeros(keys * columns, scratch);
  float* const dvalue = zeros(keys * columns, scratch);
  float* const turned_keys = scratch.take(size * kKeyBlock);
  float* const turned_values = scratch.take(size * kKeyBlock);
  float* const scores = scratch.take(kQueryBlock * kKeyBlock);
  float* const gradient = scratch.take(kQueryBlock * kKeyBlock);
  for (Index key = 0; key < keys; key += kKeyBlock) {
    const Block first(head, 0, key);
    pack_turned(head.key, head.key_begin + key, first.keys, size, first.width, turned_keys);
    pack_turned(head.value, head.key_begin + key, first.keys, size, first.width, turned_values);
    for (Index query = 0; query < head.queries; query += kQueryBlock) {
      const Block block(head, query, key);
      if (!block.any_visible(head)) continue;
      products_with_turned(block, head.query, turned_keys, size, scores);
      products_with_turned(block, dy, turned_values, size, gradient);
      softmax_gradient(head, block, log_sums, dot, scores, gradient);
      add_weighted(weights_by_key(block, scores), output_gradients + query * columns, columns, dvalue + key * columns);
      add_weighted(weights_by_query(block, gradient), key_rows + key * columns, columns, dquery + query * columns);
      add_weighted(weights_by_key(block, gradient), queries + query * columns, columns, dkey + key * columns);
    }
  }
  store(gradients.query, 0, head.queries, size, dquery);
  const Index begin = std::min(head.key_begin, gradients.keys), end = begin + keys;
  for (const auto& [rows, sums] : {std::pair(gradients.key, dkey), std::pair(gradients.value, dvalue)}) {
    store(rows, 0, begin, size, nullptr);
    store(rows, begin, end, size, sums);
    store(rows, end, gradients.keys, size, nullptr);
  }
}

}  // namespace temper
