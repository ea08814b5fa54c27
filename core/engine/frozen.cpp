#include "core/engine/frozen.h"

#include <unordered_map>

#include "core/engine/parameters.h"

namespace temper {

struct Frozen::Store {
  // By store, then by the serial of the parameter: a store that takes a dead one's address has other serials.
  std::unordered_map<const ParameterStore*, std::unordered_map<std::uint64_t, std::shared_ptr<const void>>> derived;
};

Frozen::Store*& Frozen::current() {
  thread_local Store* store = nullptr;
  return store;
}

Frozen::Frozen() {
  if (current()) return;
  store_ = std::make_unique<Store>();
  current() = store_.get();
}

Frozen::~Frozen() {
  if (store_) current() = nullptr;
}

std::shared_ptr<const void>* Frozen::place_of(const Parameter& parameter) {
  return current() ? &current()->derived[parameter.store][parameter.serial] : nullptr;
}

void Frozen::forget(const ParameterStore& store) {
  if (current()) current()->derived.erase(&store);
}

}  // namespace temper
