#include "core/engine/parameters.h"

#include <algorithm>
#include <atomic>
#include <tuple>

#include "core/base/fingerprint.h"
#include "core/engine/dry_run.h"
#include "core/engine/inference_scope.h"

namespace temper {
namespace {

Index padded(Index size) { return (size + 15) / 16 * 16; }  // whole cache lines

// FNV-1a: a parameter's random stream is named by its path, so a new layer does not change how the others start.
std::uint64_t hash(const std::string& text) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return value;
}

}  // namespace

ParameterStore::ParameterStore() : derived_(std::make_unique<DerivedValues>()) {}
ParameterStore::~ParameterStore() = default;

Parameter& ParameterStore::Scope::declare(Parameter parameter) const {
  parameter.name = path_.empty() ? parameter.name : path_ + "." + parameter.name;
  TEMPER_CHECK(!store_->arena_, "parameter ", parameter.name, ": the store is committed already; build all layers before commit");
  TEMPER_CHECK(parameter.initialize, "parameter ", parameter.name, ": it has no initializer");
  for (const Parameter& other : store_->parameters_) {
    TEMPER_CHECK(other.name != parameter.name, "parameter ", parameter.name, ": the name is taken; give each layer a scope of its own");
  }
  static std::atomic<std::uint64_t> declared{0};
  parameter.serial = ++declared;
  parameter.store = store_;
  return store_->parameters_.emplace_back(std::move(parameter));
}

void ParameterStore::commit(const CommitOptions& options) {
  TEMPER_CHECK(!arena_, "parameters: committed already; a store is committed once");
  std::vector<Parameter*> order;
  for (Parameter& parameter : parameters_) order.push_back(&parameter);
  const auto group_key = [](const Parameter* p) {
    return std::tuple(p->kind, -p->decay_factor, -p->learning_rate_factor);
  };  // state, the last kind, comes last
  std::stable_sort(order.begin(), order.end(), [&](const Parameter* a, const Parameter* b) { return group_key(a) < group_key(b); });

  for (const Parameter* parameter : order) {
    const Index extent = padded(parameter->shape.size());
    if (parameter->kind != Parameter::Kind::buffer) learned_extent_ += extent;
    extent_ += extent;
  }

  memory_ = Buffer(static_cast<std::size_t>(extent_ + learned_extent_) * sizeof(float));
  arena_ = static_cast<float*>(memory_.data());
  gradient_arena_ = arena_ + extent_;
  const bool rehearsing = DryRun::current() != nullptr;
  if (!rehearsing) std::fill_n(arena_, extent_ + learned_extent_, 0.0f);

  Index offset = 0;
  for (Parameter* parameter : order) {
    parameter->value = {arena_ + offset, parameter->shape};
    if (parameter->kind != Parameter::Kind::buffer) parameter->gradient = {gradient_arena_ + offset, parameter->shape};
    if (!rehearsing) parameter->initialize(parameter->value, Random(options.seed, {hash(parameter->name)}));
    offset += padded(parameter->shape.size());
  }
  regroup();
}

std::string ParameterStore::fingerprint() const { return Fingerprint().add(all_values()).hex(); }

void ParameterStore::regroup() {
  std::vector<const Parameter*> learned;
  for (const Parameter& parameter : parameters_) {
    if (parameter.kind != Parameter::Kind::buffer) learned.push_back(&parameter);
  }
  std::sort(learned.begin(), learned.end(), [](const Parameter* a, const Parameter* b) { return a->value.data < b->value.data; });
  groups_.clear();
  for (const Parameter* p : learned) {
    const auto begin = static_cast<Index>(p->value.data - arena_);
    const bool joins = !groups_.empty() && groups_.back().kind == p->kind && groups_.back().decay_factor == p->decay_factor &&
                       groups_.back().learning_rate_factor == p->learning_rate_factor;
    if (!joins) groups_.push_back({p->kind, p->decay_factor, p->learning_rate_factor, begin, begin});
    groups_.back().end = begin + padded(p->shape.size());
  }
}

Index ParameterStore::learned_size() const {
  Index size = 0;
  for (const Parameter& parameter : parameters_) size += parameter.kind == Parameter::Kind::buffer ? 0 : parameter.shape.size();
  return size;
}

std::vector<std::string> ParameterStore::zero_unwritten_gradients() {
  std::vector<std::string> untouched;
  for (Parameter& parameter : parameters_) {
    if (!parameter.gradient_is_stale || !parameter.gradient) continue;
    std::fill_n(parameter.gradient.data, parameter.gradient.size(), 0.0f);
    untouched.push_back(parameter.name);
  }
  return untouched;
}

void ParameterStore::mark_gradients_stale() {
  InferenceScope::invalidate(*this);
  for (Parameter& parameter : parameters_) parameter.gradient_is_stale = true;
}

}  // namespace temper
