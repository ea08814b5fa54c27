// A scope in which no parameter changes, so that layers cache what they derive from their parameters.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace temper {

struct Parameter;
class ParameterStore;

// While one lives, the parameters that this thread evaluates with do not change, and layers cache what they derive from them, such as
// kernels packed with a batch normalisation folded in, instead of deriving it in every call. For a whole data set, or one image at a time:
//   const InferenceScope inference_scope;
//   for (const Tensor& image : images) show(network(image));
// The results are bit-identical with it and without. The cache of a store is cleared when this thread changes the store's parameters: by an
// optimizer's step, an average of weights, loading a file, or updating running statistics. The caches of other stores stay valid: a teacher
// keeps its packed kernels while its student learns. What is cached belongs to the store and dies with it, in all threads: a server may
// keep a scope in each thread for good and load one model after the other. Do not write into Parameter::value by hand while one lives.
class InferenceScope {
 public:
  InferenceScope();
  ~InferenceScope();
  InferenceScope(const InferenceScope&) = delete;
  InferenceScope& operator=(const InferenceScope&) = delete;

  // For layers: returns what `make` derives from this parameter and others of its store, cached where an InferenceScope lives, else stored
  // in `local`. requires: one type T for each parameter.
  template <class T, class Make> static const T& derive(const Parameter& parameter, T& local, Make make) {
    std::shared_ptr<const void>* const place = find_place(parameter);
    if (!place) return local = make();
    if (!*place) *place = std::make_shared<const T>(make());
    return *static_cast<const T*>(place->get());
  }

  // Clears the cache of a store. Called wherever its parameters change.
  static void invalidate(const ParameterStore& store);

 private:
  struct Caches;
  static Caches*& current();
  static std::shared_ptr<const void>* find_place(const Parameter& parameter);  // null: none lives

  std::unique_ptr<Caches> caches_;  // by store; null: nested in another scope, whose caches both use
};

// What the scopes of all threads derived from the parameters of one store, which owns it.
class DerivedValues {
 public:
  struct Cache;  // of one scope

  std::shared_ptr<Cache> add();  // and forgets those of scopes that are over

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Cache>> caches_;
};

}  // namespace temper
