#include "core/engine/inference_scope.h"

#include <atomic>
#include <unordered_map>

#include "core/engine/parameters.h"

namespace temper {

struct DerivedValues::Cache {
  std::unordered_map<std::uint64_t, std::shared_ptr<const void>> values;  // by the serial of the parameter; only its scope's thread
  std::atomic<bool> over = false;                                         // its scope
};

std::shared_ptr<DerivedValues::Cache> DerivedValues::add() {
  const std::lock_guard lock(mutex_);
  std::erase_if(caches_, [](const std::shared_ptr<Cache>& cache) { return cache->over.load(); });
  return caches_.emplace_back(std::make_shared<Cache>());
}

struct InferenceScope::Caches {
  // A store that takes a dead one's address finds that the cache is gone.
  std::unordered_map<const ParameterStore*, std::weak_ptr<DerivedValues::Cache>> by_store;
};

InferenceScope::Caches*& InferenceScope::current() {
  thread_local Caches* caches = nullptr;
  return caches;
}

InferenceScope::InferenceScope() {
  if (current()) return;
  caches_ = std::make_unique<Caches>();
  current() = caches_.get();
}

InferenceScope::~InferenceScope() {
  if (!caches_) return;
  current() = nullptr;
  for (const auto& [store, weak] : caches_->by_store) {
    const std::shared_ptr<DerivedValues::Cache> cache = weak.lock();
    if (!cache) continue;
    cache->values.clear();
    cache->over = true;
  }
}

std::shared_ptr<const void>* InferenceScope::find_place(const Parameter& parameter) {
  if (!current()) return nullptr;
  auto& by_store = current()->by_store;
  std::weak_ptr<DerivedValues::Cache>& weak = by_store[parameter.store];
  std::shared_ptr<DerivedValues::Cache> cache = weak.lock();
  if (!cache) {
    weak = cache = parameter.store->derived().add();
    std::erase_if(by_store, [](const auto& entry) { return entry.second.expired(); });
  }
  return &cache->values[parameter.serial];  // which the store keeps
}

void InferenceScope::invalidate(const ParameterStore& store) {
  if (!current()) return;
  const auto found = current()->by_store.find(&store);
  if (found == current()->by_store.end()) return;
  if (const std::shared_ptr<DerivedValues::Cache> cache = found->second.lock()) cache->values.clear();
}

}  // namespace temper
