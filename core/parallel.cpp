#include "core/parallel.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/denormals.h"

namespace temper {
namespace {

// The arena of a given number of threads. set_threads replaces it; loops that run in the old one keep it alive until they end.
struct Scheduler {
  explicit Scheduler(int threads)
      : count(threads), allowed(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)), arena(threads) {}
  int count;
  tbb::global_control allowed;
  tbb::task_arena arena;
};

std::mutex& scheduler_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::shared_ptr<Scheduler>& scheduler() {
  static auto* const current = new std::shared_ptr<Scheduler>(std::make_shared<Scheduler>(tbb::info::default_concurrency()));
  return *current;
}

std::shared_ptr<Scheduler> current_scheduler() {
  const std::lock_guard lock(scheduler_mutex());
  return scheduler();
}

// run(0), ..., run(chunks - 1) on all threads of the scheduler.
#if !defined(__SANITIZE_THREAD__)
void run_all(Scheduler& scheduler, Index chunks, FunctionRef<void(Index)> run) {
  scheduler.arena.execute([&] { tbb::parallel_for(Index{0}, chunks, [&](Index chunk) { run(chunk); }); });
}
#else
// The thread sanitizer does not see how TBB, which is not built with it, hands work over, and takes every hand-over for a race. A build
// with it, which is for finding races of ours, runs loops on threads that it sees.
void run_all(Scheduler& scheduler, Index chunks, FunctionRef<void(Index)> run) {
  std::atomic<Index> next{0};
  std::mutex mutex;
  std::exception_ptr first_error;
  const auto work = [&] {
    try {
      for (Index chunk = next++; chunk < chunks; chunk = next++) run(chunk);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first_error) first_error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < scheduler.count; ++i) others.emplace_back(work);
    work();
  }
  if (first_error) std::rethrow_exception(first_error);
}
#endif

}  // namespace

int threads() { return current_scheduler()->count; }

void set_threads(int count) {
  TEMPER_CHECK(count >= 1 && count <= 1024, "threads: ", count, " is not in 1..1024; give a number of threads, best the number of cores");
  const std::lock_guard lock(scheduler_mutex());
  if (scheduler()->count == count) return;
  scheduler().reset();  // before the new one: of several global_controls the smallest counts
  scheduler() = std::make_shared<Scheduler>(count);
}

void parallel_for(Index count, Index grain, FunctionRef<void(Index begin, Index end)> body) {
  if (count <= 0) return;
  const Index chunks = (count + grain - 1) / grain;
  const auto run = [&](Index chunk) {
    const FlushDenormals flush;
    body(chunk * grain, std::min(count, (chunk + 1) * grain));
  };
  const auto in_order = [&] {
    for (Index chunk = 0; chunk < chunks; ++chunk) run(chunk);
  };
  if (chunks == 1) return in_order();
  const std::shared_ptr<Scheduler> scheduler = current_scheduler();
  if (scheduler->count == 1) return in_order();
  run_all(*scheduler, chunks, run);
}

}  // namespace temper
