#include "core/engine/thread_pool.h"

#include <chrono>
#include <system_error>
#include <utility>

#include "core/engine/buffer.h"

namespace temper {
namespace {

// Tells the processor that this thread waits.
void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits awake until done() or, if the time is up, returns. After a few microseconds other threads of a crowded machine go first.
template <class Done> bool wait_awake(Done done, std::chrono::microseconds patience) {
  using Clock = std::chrono::steady_clock;
  constexpr int kGlances = 256;
  const Clock::time_point end = Clock::now() + patience;
  for (bool first = true;; first = false) {
    for (int i = 0; i < kGlances; ++i) {
      if (done()) return true;
      pause();
    }
    if (Clock::now() >= end) return done();
    if (!first) std::this_thread::yield();
  }
}

constexpr std::chrono::microseconds kAwake{100};  // of a worker without work
constexpr std::chrono::hours kForever{24};

}  // namespace

ThreadPool::ThreadPool(int size) {
  try {
    for (int i = 1; i < size; ++i) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    const std::size_t begun = workers_.size() + 1;
    dismiss();
    throw Error(str_cat("threads: the system gives ", begun, " and not ", size, "; use fewer --threads"));
  }
  while (!wait_awake([this] { return begun_ == workers_.size(); }, kForever)) {}
}

ThreadPool::~ThreadPool() { dismiss(); }

void ThreadPool::dismiss() {
  stop_ = true;
  state_ += 2;  // a change, and no open loop
  state_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run(Index chunks, FunctionRef<void(Index)> run) {
  if (workers_.empty() || busy_.exchange(true)) {
    for (Index chunk = 0; chunk < chunks; ++chunk) run(chunk);
    return;
  }
  run_ = &run;
  chunks_ = chunks;
  taken_ = 0;
  last_ = chunks;
  ++state_;
  state_.notify_all();
  take_chunks([first = Index{0}]() mutable { return first++; });
  ++state_;
  while (!wait_awake([&] { return joined_ == 0; }, kForever)) {}
  const std::exception_ptr error = std::exchange(error_, nullptr);
  busy_ = false;
  if (error) std::rethrow_exception(error);
}

// The caller takes chunks from the front and the workers from the back: neighbours, which share cache lines and pages, stay together.
template <class Next> void ThreadPool::take_chunks(Next next) {
  try {
    while (taken_++ < chunks_) (*run_)(next());
  } catch (...) {
    const std::lock_guard lock(error_mutex_);
    if (!error_) error_ = std::current_exception();
    taken_ = chunks_;
  }
}

void ThreadPool::work() {
  Workspace().take(1);
  std::uint32_t seen = 0;
  ++begun_;
  while (true) {
    if (!wait_awake([&] { return state_ != seen; }, kAwake)) state_.wait(seen);
    seen = state_;
    if (stop_) return;  // after the look at state_: the last change of it comes with stop_
    if (seen % 2 == 0) continue;
    ++joined_;
    if (state_ == seen) take_chunks([this] { return --last_; });
    --joined_;
  }
}

}  // namespace temper
