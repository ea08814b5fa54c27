#include "core/ops/attention.h"

#include <cmath>
#include <cstring>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/attention.h"

namespace temper {
namespace {

// The features of all heads of one operand within the rows of a tensor: all of them, or a third or half.
struct Operand {
  ConstView view;
  Index offset = 0;

  HeadRows<const float> of(Index sequence, Index first_feature) const {
    const Index stride = view.shape[2];
    return {view.data + sequence * view.shape[1] * stride + offset + first_feature, stride};
  }
};
struct Operands {
  Operand query, key, value;
};
struct OperandGradient {
  GradientView view;
  Index offset = 0;

  HeadGradient of(Index sequence, Index first_feature) const {
    if (!view) return {};
    const Index stride = view.shape[2];
    return {{view.data + sequence * view.shape[1] * stride + offset + first_feature, stride}, view.add};
  }
};
struct OperandGradients {
  OperandGradient query, key, value;
};

struct KeyRange {
  std::int32_t begin, end;
};

// What the three ops share. The spans of the options are the caller's and read by forward alone: backward gets a copy of the ranges.
struct AttentionBase {
  AttentionOptions options;
  bool recording;

 protected:
  Shape checked(const char* op, const Shape& query, const Shape& key, const Shape& value, Index query_parts, Index key_parts) const {
    TEMPER_CHECK(query.rank() == 3 && key.rank() == 3 && query[0] == key[0] && key == value &&
                     query[2] * key_parts == key[2] * query_parts && query[2] % query_parts == 0,
                 op, ": a query ", query, " does not fit a key ", key, " and a value ", value, "; give (N,L,D) and (N,S,D)");
    const Index D = query[2] / query_parts;
    TEMPER_CHECK(options.heads >= 1 && D >= 1 && D % options.heads == 0, op, ": ", D, " features cannot be shared among ", options.heads,
                 " heads; give a number of heads that divides them");
    TEMPER_CHECK(!options.causal || query[1] == key[1], op, ": causal with ", query[1], " queries and ", key[1],
                 " keys; it needs as many of both");
    TEMPER_CHECK(options.dropout >= 0 && options.dropout <= 1, op, ": a dropout of ", options.dropout, " is not in 0..1");
    check_ranges(op, key[0], key[1]);
    return {query[0], query[1], D};
  }
  std::array<Shape, 2> saved_for(const Shape& query) const { return {Shape{query[0], options.heads, query[1]}, Shape{query[0], 2}}; }

  void forward_heads(const Operands& in, const View& y, const View& log_sums, const View& kept_ranges) const {
    Workspace scratch;
    KeyRange* const ranges = scratch.take<KeyRange>(y.shape[0]);
    for (Index n = 0; n < y.shape[0]; ++n) ranges[n] = range(n, in.key.view.shape[1]);
    if (kept_ranges && y.shape[0] > 0)
      std::memcpy(kept_ranges.data, ranges, sizeof(KeyRange) * static_cast<std::size_t>(y.shape[0]));  // integers in floats' memory
    const DropoutMask mask(options.dropout, options.random);
    for_each_head(y.shape, in.key.view.shape[1], [&](Index n, Index h) {
      const Index d = y.shape[2] / options.heads, D = y.shape[2], L = y.shape[1];
      attend(head(in, n, h, ranges[n], y.shape, mask), {y.data + n * L * D + h * d, D},
             log_sums ? log_sums.data + (n * options.heads + h) * L : nullptr);
    });
  }

  void backward_heads(const Operands& in, const View& y, const ConstView& dy, const View& log_sums, const View& kept_ranges,
                      const OperandGradients& gradients) const {
    const DropoutMask mask(options.dropout, options.random);
    for_each_head(y.shape, in.key.view.shape[1], [&](Index n, Index h) {
      const Index d = y.shape[2] / options.heads, D = y.shape[2], L = y.shape[1];
      KeyRange keys{};
      std::memcpy(&keys, kept_ranges.data + 2 * n, sizeof keys);
      attention_gradients(head(in, n, h, keys, y.shape, mask), {y.data + n * L * D + h * d, D}, {dy.data + n * L * D + h * d, D},
                          log_sums.data + (n * options.heads + h) * L,
                          {.query = gradients.query.of(n, h * d),
                           .key = gradients.key.of(n, h * d),
                           .value = gradients.value.of(n, h * d),
                           .keys = in.key.view.shape[1]});
    });
  }

 private:
  static std::int32_t at(std::span<const std::int32_t> list, Index n) { return list[static_cast<std::size_t>(n)]; }
  KeyRange range(Index n, Index S) const {
    const std::int32_t begin = options.first_keys.empty() ? 0 : at(options.first_keys, n);
    return {begin, options.key_lengths.empty() ? static_cast<std::int32_t>(S) : begin + at(options.key_lengths, n)};
  }

  void check_ranges(const char* op, Index N, Index S) const {
    for (const std::span list : {options.key_lengths, options.first_keys}) {
      TEMPER_CHECK(list.empty() || static_cast<Index>(list.size()) == N, op, ": key ranges of ", list.size(), " sequences for a batch of ",
                   N, "; give one for each");
    }
    for (Index n = 0; n < N; ++n) {
      const KeyRange keys = range(n, S);
      TEMPER_CHECK(keys.begin >= 0 && keys.begin <= keys.end && keys.end <= S, op, ": sequence ", n, " has its keys in [", keys.begin, ", ",
                   keys.end, "); the tensor has ", S, ", check its length");
    }
  }

  AttentionHead head(const Operands& in, Index n, Index h, const KeyRange& keys, const Shape& y, const DropoutMask& mask) const {
    const Index d = y[2] / options.heads, words = (in.key.view.shape[1] + 3) / 4 * 4;
    return {.query = in.query.of(n, h * d),
            .key = in.key.of(n, h * d),
            .value = in.value.of(n, h * d),
            .queries = y[1],
            .size = d,
            .key_begin = keys.begin,
            .key_end = keys.end,
            .causal = options.causal,
            .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(d))),
            .dropout = recording && options.dropout > 0 ? &mask : nullptr,
            .first_word = (n * options.heads + h) * y[1] * words,
            .words_of_row = words};
  }

  // body(n, h) for every sequence and head, on all threads.
  template <class Body> void for_each_head(const Shape& y, Index S, Body body) const {
    constexpr Index kWork = 1 << 18;  // multiply-adds a chunk
    const Index work = std::max<Index>(1, y[1] * S * y[2] / options.heads);
    parallel_for(y[0] * options.heads, std::max<Index>(1, kWork / work), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) body(i / options.heads, i % options.heads);
    });
  }
};

struct Attention : AttentionBase {
  static constexpr auto name = "attention";
  Shape shape(const Shape& q, const Shape& k, const Shape& v) const { return checked(name, q, k, v, 1, 1); }
  std::array<Shape, 2> saved(const Shape& q, const Shape&, const Shape&) const { return saved_for(q); }

  void forward(In<0> q, In<1> k, In<2> v, Out y, SavedOnTape<0> log_sums, SavedOnTape<1> ranges) const {
    forward_heads({{q}, {k}, {v}}, y, log_sums, ranges);
  }
  void backward(In<0> q, In<1> k, In<2> v, Out y, Grad dy, SavedOnTape<0> log_sums, SavedOnTape<1> ranges, Into<0> dq, Into<1> dk,
                Into<2> dv) const {
    backward_heads({{q}, {k}, {v}}, y, dy, log_sums, ranges, {{dq}, {dk}, {dv}});
  }
};

struct SelfAttention : AttentionBase {
  static constexpr auto name = "self_attention";
  Shape shape(const Shape& x) const { return checked(name, x, x, x, 3, 3); }
  std::array<Shape, 2> saved(const Shape& x) const { return saved_for(x); }

  void forward(In<0> x, Out y, SavedOnTape<0> log_sums, SavedOnTape<1> ranges) const {
    forward_heads(parts(x, y.shape[2]), y, log_sums, ranges);
  }
  void backward(In<0> x, Out y, Grad dy, SavedOnTape<0> log_sums, SavedOnTape<1> ranges, Into<0> dx) const {
    const Index D = y.shape[2];
    backward_heads(parts(x, D), y, dy, log_sums, ranges, {{dx}, {dx, D}, {dx, 2 * D}});
  }

 private:
  static Operands parts(const ConstView& x, Index D) { return {{x}, {x, D}, {x, 2 * D}}; }
};

struct CrossAttention : AttentionBase {
  static constexpr auto name = "cross_attention";
  Shape shape(const Shape& q, const Shape& kv) const { return checked(name, q, kv, kv, 1, 2); }
  std::array<Shape, 2> saved(const Shape& q, const Shape&) const { return saved_for(q); }

  void forward(In<0> q, In<1> kv, Out y, SavedOnTape<0> log_sums, SavedOnTape<1> ranges) const {
    forward_heads({{q}, {kv}, {kv, y.shape[2]}}, y, log_sums, ranges);
  }
  void backward(In<0> q, In<1> kv, Out y, Grad dy, SavedOnTape<0> log_sums, SavedOnTape<1> ranges, Into<0> dq, Into<1> dkv) const {
    const Index D = y.shape[2];
    backward_heads({{q}, {kv}, {kv, D}}, y, dy, log_sums, ranges, {{dq}, {dkv}, {dkv, D}});
  }
};

AttentionBase base(const AttentionOptions& options) { return {options, Tape::recording()}; }

}  // namespace

Tensor attention(Tensor query, Tensor key, Tensor value, const AttentionOptions& options) {
  return Tape::apply(Attention{base(options)}, std::move(query), std::move(key), std::move(value));
}
Tensor self_attention(Tensor query_key_value, const AttentionOptions& options) {
  return Tape::apply(SelfAttention{base(options)}, std::move(query_key_value));
}
Tensor cross_attention(Tensor query, Tensor key_value, const AttentionOptions& options) {
  return Tape::apply(CrossAttention{base(options)}, std::move(query), std::move(key_value));
}

}  // namespace temper
