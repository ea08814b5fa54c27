#include "core/engine/parallel.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "core/engine/denormals.h"
#include "core/engine/machine.h"
#include "core/engine/thread_pool.h"

namespace temper {
namespace {

std::mutex& team_mutex() {
  static std::mutex mutex;
  return mutex;
}

// set_threads replaces it; loops that run in the old one keep it alive until they end. Never destroyed: a thread may outlive main().
std::shared_ptr<ThreadPool>& team() {
  static auto* const current = new std::shared_ptr<ThreadPool>(std::make_shared<ThreadPool>(usable_cores()));
  return *current;
}

std::shared_ptr<ThreadPool> current_team() {
  const std::lock_guard lock(team_mutex());
  return team();
}

// Of the ForcedGrain that lives, 0 if there is none; and what it counts.
std::atomic<Index> forced_grain{0};
std::mutex counts_mutex;
ForcedGrain::Counts forced_counts;

void count_loop(const Chunks& chunks) {
  const std::lock_guard lock(counts_mutex);
  const Index number = chunks.number();
  ++forced_counts.loops;
  if (number > 1) ++forced_counts.cut;
  const bool ragged = number > 1 && chunks.end(number - 1) < chunks.begin(number);
  if (ragged) forced_counts.most_ragged = std::max(forced_counts.most_ragged, number);
}

}  // namespace

int threads() { return current_team()->size(); }

void set_threads(int count) {
  TEMPER_CHECK(count >= 1 && count <= 1024, "threads: ", count, " is not in 1..1024; give a number of threads, best the number of cores");
  const std::lock_guard lock(team_mutex());
  if (team()->size() != count) team() = std::make_shared<ThreadPool>(count);
}

Chunks::Chunks(Index count, Index grain, Index multiple) : count_(std::max<Index>(0, count)), grain_(grain) {
  TEMPER_CHECK(multiple >= 1 && grain >= 1 && grain % multiple == 0, "parallel loop: a grain of ", grain, " is no multiple of ", multiple,
               "; give one of at least 1");
  if (const Index forced = forced_grain.load(std::memory_order_relaxed); forced > 0)
    grain_ = std::min(grain, (forced + multiple - 1) / multiple * multiple);
}

void parallel_for(const Chunks& chunks, ChunkBody body) {
  if (chunks.count() == 0) return;
  if (forced_grain.load(std::memory_order_relaxed) > 0) count_loop(chunks);
  const auto run = [&](Index chunk) {
    const FlushDenormals flush;
    body(chunks.begin(chunk), chunks.end(chunk));
  };
  if (chunks.number() == 1) return run(0);
  current_team()->run(chunks.number(), run);
}

ForcedGrain::ForcedGrain(Index grain) {
  TEMPER_CHECK(grain >= 1, "forced grain: ", grain, " elements are no chunk; give at least 1");
  const std::lock_guard lock(counts_mutex);
  before_ = forced_grain.exchange(grain);
  counts_before_ = std::exchange(forced_counts, {});
}

ForcedGrain::~ForcedGrain() {
  const std::lock_guard lock(counts_mutex);
  forced_grain = before_;
  forced_counts = counts_before_;
}

ForcedGrain::Counts ForcedGrain::counts() const {
  const std::lock_guard lock(counts_mutex);
  return forced_counts;
}

}  // namespace temper
