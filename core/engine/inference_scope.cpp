#include "core/engine/inference_scope.h"

#include <unordered_map>

#include "core/engine/parameters.h"

namespace temper {

struct InferenceScope::Store {
  // By store, then by the serial of the parameter: a store that takes a dead one's address has other serials.
  std::unordered_map<const ParameterStore*, std::unordered_map<std::uint64_t, std::shared_ptr<const void>>> derived;
};

InferenceScope::Store*& InferenceScope::current() {
  thread_local Store* store = nullptr;
  return store;
}

InferenceScope::InferenceScope() {
  if (current()) return;
  store_ = std::make_unique<Store>();
  current() = store_.get();
}

InferenceScope::~InferenceScope() {
  if (store_) current() = nullptr;
}

std::shared_ptr<const void>* InferenceScope::find_place(const Parameter& parameter) {
  return current() ? &current()->derived[parameter.store][parameter.serial] : nullptr;
}

void InferenceScope::invalidate(const ParameterStore& store) {
  if (current()) current()->derived.erase(&store);
}

}  // namespace temper
