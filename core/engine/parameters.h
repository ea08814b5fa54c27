// Parameters: named tensors that a network learns. All values lie in one flat arena and all gradients in another, so that an optimizer, a
// clip or an all-reduce is one loop. Layers declare their parameters in a Scope; commit() allocates and initialises them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/engine/tensor.h"

namespace temper {

class DerivedValues;
class ParameterStore;

// Fills a fresh parameter. Every value must be a function of (shape, random) alone.
using Initializer = std::function<void(const View& value, const Random& random)>;

struct Parameter {
  // Its role, which determines weight decay. `buffer` is not learned and has no gradient: running statistics.
  enum class Kind { weight, bias, norm, buffer };
  // Its axis order in files, which follow PyTorch: a kernel (K,R,S,C) is written as (K,C,R,S), and weights on a flattened image (K,H,W,C)
  // as (K, C*H*W).
  enum class FileLayout { same, kernel, flattened_image };

  std::string name;  // "block1.conv2.weight"
  Shape shape;
  Initializer initialize;
  Kind kind = Kind::weight;
  FileLayout file_layout = FileLayout::same;
  float decay_factor = 1;          // multiplies the optimizer's weight decay
  float learning_rate_factor = 1;  // multiplies its learning rate; 0: frozen

  // Set by declare:
  std::uint64_t serial = 0;  // unique in the process
  const ParameterStore* store = nullptr;

  // From commit() on:
  View value = {};
  View gradient = {};             // null for buffers
  bool gradient_is_stale = true;  // the next gradient assigns, later ones add; set by the optimizer's step
};

class ParameterStore {
 public:
  // A place in the tree of names: scope / "conv1".
  class Scope {
   public:
    Scope operator/(const std::string& name) const { return {*store_, path_.empty() ? name : path_ + "." + name}; }
    // Declares a parameter. Only name, shape, initialize, kind, file_layout and the factors of the argument are used. Throws when the name
    // is taken or the store is committed. The reference is valid as long as the store.
    Parameter& declare(Parameter parameter) const;

   private:
    friend class ParameterStore;
    Scope(ParameterStore& store, std::string path) : store_(&store), path_(std::move(path)) {}
    ParameterStore* store_;
    std::string path_;
  };

  // Adjacent parameters of one kind with equal factors: [begin, end) of the flat arenas.
  struct Group {
    Parameter::Kind kind;
    float decay_factor, learning_rate_factor;
    Index begin, end;
  };

  struct CommitOptions {
    std::uint64_t seed = 0;
  };

  ParameterStore();
  ~ParameterStore();
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;

  Scope root() { return {*this, ""}; }
  // Allocates the arenas and initialises the values: each is a function of (seed, name, position) alone.
  void commit(const CommitOptions& options);

  const std::deque<Parameter>& parameters() const { return parameters_; }
  std::deque<Parameter>& parameters() { return parameters_; }
  Index learned_size() const;  // the number of learned values, which papers report as the number of parameters

  // The flat arenas of the learned parameters; their padding is zero.
  std::span<float> values() const { return {arena_, static_cast<std::size_t>(learned_extent_)}; }
  std::span<float> gradients() const { return {gradient_arena_, static_cast<std::size_t>(learned_extent_)}; }
  // The values of all parameters, learned and buffers, for copies and comparisons bit for bit.
  std::span<float> all_values() const { return {arena_, static_cast<std::size_t>(extent_)}; }
  std::string fingerprint() const;  // of all values, 16 digits
  const std::vector<Group>& groups() const { return groups_; }
  // Recomputes the groups. Call it after changing factors of parameters in a committed store. Values keep their places.
  void regroup();

  // Called before an optimizer reads the gradients: sets those that no backward pass has written since the last step to 0. Returns the
  // names of their parameters.
  std::vector<std::string> zero_unwritten_gradients();
  // Called after the step: the next gradient of every parameter assigns.
  void mark_gradients_stale();

  DerivedValues& derived() const { return *derived_; }  // for InferenceScope

 private:
  std::deque<Parameter> parameters_;  // a deque: layers hold references
  std::vector<Group> groups_;
  Buffer memory_;
  float* arena_ = nullptr;           // learned parameters by group, then buffers
  float* gradient_arena_ = nullptr;  // as the learned part of it
  Index learned_extent_ = 0, extent_ = 0;
  const std::unique_ptr<DerivedValues> derived_;
};

}  // namespace temper
