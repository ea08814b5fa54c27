#include "core/engine/batch_pool.h"

#include <utility>

namespace temper {
namespace {

thread_local BatchPool* current_pool = nullptr;

}  // namespace

BatchPool* BatchPool::current() { return current_pool; }

BatchPool::Scope::Scope(BatchPool* pool) : outer_(std::exchange(current_pool, pool)) {}
BatchPool::Scope::~Scope() { current_pool = outer_; }

}  // namespace temper
