// Frozen: the promise that no parameter changes for a while.
#pragma once

#include <memory>

namespace temper {

struct Parameter;
class ParameterStore;

// While one lives, this thread evaluates with parameters that stay as they are, and layers keep what they derive from them, such as kernels
// with a batch normalisation folded in, instead of deriving it anew in every call. For a whole data set, or for one image at a time:
//   const Frozen frozen;
//   for (const Tensor& image : images) show(network(image));
// The results are the same bits with it and without. What is kept of a network is forgotten when this thread changes parameters of its
// store: by an optimizer's step, an average of weights, a file, statistics that are learned. Other stores' stays: a teacher keeps its
// kernels while its student learns. Do not write into Parameter::value by hand while one lives.
class Frozen {
 public:
  Frozen();
  ~Frozen();
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

  // For layers: what `make` derives from this parameter and others of its store. Kept where a Frozen lives, else made in `local`.
  // requires: one type T for each parameter.
  template <class T, class Make> static const T& derive(const Parameter& parameter, T& local, Make make) {
    std::shared_ptr<const void>* const place = place_of(parameter);
    if (!place) return local = make();
    if (!*place) *place = std::make_shared<const T>(make());
    return *static_cast<const T*>(place->get());
  }

  // Called where parameters of a store change.
  static void forget(const ParameterStore& store);

 private:
  struct Store;
  static Store*& current();
  static std::shared_ptr<const void>* place_of(const Parameter& parameter);  // null: none lives

  std::unique_ptr<Store> store_;  // null: nested in another one, whose store serves both
};

}  // namespace temper
