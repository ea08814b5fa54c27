// One head of attention over one sequence, in the calling thread. core/ops/attention.h defines what is computed.
//
// As FlashAttention (Dao et al., NeurIPS 2022): blocks of scores are computed, used and discarded. Forward keeps the running maximum and
// sum of each query's softmax and rescales the sum when the maximum grows; backward recomputes the blocks from the logarithm of the sum.
#pragma once

#include "core/base/shape.h"
#include "core/kernels/dropout.h"

namespace temper {

// One head's columns of a larger matrix: row i begins at data + i stride.
template <class T> struct HeadRows {
  T* data = nullptr;
  Index stride = 0;
  T* operator[](Index i) const { return data + i * stride; }
};

struct AttentionHead {
  HeadRows<const float> query, key, value;
  Index queries, size;         // rows of query; values of a row that belong to the head
  Index key_begin, key_end;    // the visible keys; others are not read
  bool causal;                 // query i sees keys up to i
  float scale;                 // of the scores
  const DropoutMask* dropout;  // of weights; null: none
  Index first_word;            // weight (i, j) has the random word first_word + i words_of_row + j - key_begin; both multiples of 4
  Index words_of_row;
};

// y_i = sum_j w_ij value_j, w_i = softmax over the visible keys j of scale query_i . key_j; 0 where none is visible. log_sums(queries), for
// backward, may be null: log sum_j exp(scale query_i . key_j) / scale, +inf where no key is visible.
void attend(const AttentionHead& head, const HeadRows<float>& y, float* log_sums);

// Null: not requested.
struct HeadGradient : HeadRows<float> {
  bool add = false;
};
struct AttentionGradients {
  HeadGradient query, key, value;
  Index keys;  // rows of the last two, including those that no query saw, whose gradient is 0
};
void attention_gradients(const AttentionHead& head, const HeadRows<const float>& y, const HeadRows<const float>& dy, const float* log_sums,
                         const AttentionGradients& gradients);

}  // namespace temper
