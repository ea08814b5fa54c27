#include "layers/multihead_attention.h"

#include <cmath>

#include "core/engine/tape.h"
#include "core/ops/attention.h"
#include "core/ops/linear.h"
#include "core/ops/slice.h"
#include "layers/init.h"
#include "layers/random_scope.h"

namespace temper::layers {
namespace {

Parameter& declare_weight(const ParameterStore::Scope& scope, const std::string& name, Index parts, const MultiheadAttentionSpec& spec) {
  const Index D = spec.features;
  TEMPER_CHECK(D >= 1 && spec.heads >= 1 && D % spec.heads == 0, "attention layer: ", D, " features cannot be shared among ", spec.heads,
               " heads; give a number of heads that divides them");
  TEMPER_CHECK(spec.dropout >= 0 && spec.dropout < 1, "attention layer: a dropout of ", spec.dropout, " is not in [0, 1)");
  const double bound = std::sqrt(3 / static_cast<double>(D));  // sqrt(6 / (fan in + fan out)) of one part
  return scope.declare({.name = name, .shape = {parts * D, D}, .initialize = uniform(-bound, bound)});
}

Parameter* declare_bias(const ParameterStore::Scope& scope, const std::string& name, Index parts, const MultiheadAttentionSpec& spec) {
  if (!spec.bias) return nullptr;
  return &scope.declare({.name = name, .shape = {parts * spec.features}, .initialize = constant(0), .kind = Parameter::Kind::bias});
}

// linear of every row of x(N,L,D).
Tensor project_rows(const Tensor& x, Tensor weight, Tensor bias) {
  const Shape& s = x.shape();
  const Index outputs = weight.shape()[0];
  return linear(x.reshape({s[0] * s[1], s[2]}), std::move(weight), std::move(bias)).reshape({s[0], s[1], outputs});
}

Tensor optional(Parameter* parameter) { return parameter ? Tensor(*parameter) : Tensor(); }

}  // namespace

MultiheadAttention::MultiheadAttention(const ParameterStore::Scope& scope, const MultiheadAttentionSpec& spec)
    : in_weight_(declare_weight(scope, "in_proj_weight", 3, spec)),
      in_bias_(declare_bias(scope, "in_proj_bias", 3, spec)),
      out_weight_(declare_weight(scope / "out_proj", "weight", 1, spec)),
      out_bias_(declare_bias(scope / "out_proj", "bias", 1, spec)),
      features_(spec.features),
      heads_(spec.heads),
      dropout_(spec.dropout) {}

Tensor MultiheadAttention::operator()(const Tensor& x, const AttentionMask& mask) const {
  AttentionOptions options{.heads = heads_, .causal = mask.causal, .key_lengths = mask.key_lengths, .dropout = dropout_};
  if (Tape::recording() && dropout_ > 0) options.random = RandomScope::next();
  return output(self_attention(project(x, 0, 3), options));
}

Tensor MultiheadAttention::operator()(const Tensor& x, const Tensor& key_value, const AttentionMask& mask) const {
  AttentionOptions options{.heads = heads_, .causal = mask.causal, .key_lengths = mask.key_lengths, .dropout = dropout_};
  if (Tape::recording() && dropout_ > 0) options.random = RandomScope::next();
  return output(cross_attention(project(x, 0, 1), key_value, options));
}

Tensor MultiheadAttention::key_value(const Tensor& memory) const { return project(memory, 1, 2); }

// By `parts` of the three projections, from number `first` on.
Tensor MultiheadAttention::project(const Tensor& x, Index first, Index parts) const {
  TEMPER_CHECK(x.shape().rank() == 3 && x.shape()[2] == features_, in_weight_.name, ": an input ", x.shape(), " does not fit ", features_,
               " features; give it as (N,L,D)");
  Tensor weight = in_weight_, bias = optional(in_bias_);
  if (parts < 3) {
    const Index begin = first * features_, end = (first + parts) * features_;
    weight = slice(weight, begin, end);
    if (bias) bias = slice(bias, begin, end);
  }
  return project_rows(x, std::move(weight), std::move(bias));
}

Tensor MultiheadAttention::output(const Tensor& heads) const { return project_rows(heads, out_weight_, optional(out_bias_)); }

}  // namespace temper::layers
