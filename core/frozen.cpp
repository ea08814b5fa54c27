#include "core/frozen.h"

#include <unordered_map>

namespace temper {

struct Frozen::Store {
  std::unordered_map<std::uint64_t, std::shared_ptr<const void>> derived;
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

std::shared_ptr<const void>* Frozen::place_of(std::uint64_t serial) { return current() ? &current()->derived[serial] : nullptr; }

void Frozen::forget() {
  if (current()) current()->derived.clear();
}

}  // namespace temper
