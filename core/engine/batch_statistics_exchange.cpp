#include "core/engine/batch_statistics_exchange.h"

#include <utility>

namespace temper {
namespace {

thread_local BatchStatisticsExchange* current_exchange = nullptr;

}  // namespace

BatchStatisticsExchange* BatchStatisticsExchange::current() { return current_exchange; }

BatchStatisticsExchange::Scope::Scope(BatchStatisticsExchange* exchange) : outer_(std::exchange(current_exchange, exchange)) {}
BatchStatisticsExchange::Scope::~Scope() { current_exchange = outer_; }

}  // namespace temper
