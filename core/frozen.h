// Frozen: the promise that no parameter changes for a while.
#pragma once

#include <cstdint>
#include <memory>

namespace temper {

// While one lives, this thread evaluates with parameters that stay as they are, and layers keep what they derive from them, such as kernels
// with a batch normalisation folded in, instead of deriving it anew in every call. For a whole data set, or for one image at a time:
//   const Frozen frozen;
//   for (const Tensor& image : images) show(network(image));
// The results are the same bits with it and without. What is kept is forgotten when this thread changes parameters: by an optimizer's step,
// an average of weights, a file, statistics that are learned. Do not write into Parameter::value by hand while one lives.
class Frozen {
 public:
  Frozen();
  ~Frozen();
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

  // For layers: what `make` derives from the parameter with this serial and those beside it. Kept where a Frozen lives, else made in
  // `local`. requires: one type T for each serial.
  template <class T, class Make> static const T& derive(std::uint64_t serial, T& local, Make make) {
    std::shared_ptr<const void>* const place = place_of(serial);
    if (!place) return local = make();
    if (!*place) *place = std::make_shared<const T>(make());
    return *static_cast<const T*>(place->get());
  }

  // Called where parameters change.
  static void forget();

 private:
  struct Store;
  static Store*& current();
  static std::shared_ptr<const void>* place_of(std::uint64_t serial);  // null: none lives

  std::unique_ptr<Store> store_;  // null: nested in another one, whose store serves both
};

}  // namespace temper
