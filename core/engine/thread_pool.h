// The threads behind parallel_for.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/function_ref.h"
#include "core/base/shape.h"

namespace temper {

// A caller and size() - 1 workers that share the chunks of one loop at a time. A training step is a sequence of loops, many of them only a
// few microseconds long, which is also what waking a sleeping thread costs: a worker therefore spins for a moment after each loop, and the
// caller never waits for a worker that has not joined yet.
class ThreadPool {
 public:
  // Returns when the workers run and have their first scratch memory. Throws Error when the system cannot create so many threads.
  explicit ThreadPool(int size);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls run(0), ..., run(chunks - 1), each once, on any of the threads, and returns when all are done. While the pool is busy, with
  // another thread's loop or with a loop that this one is nested in, the caller does all the work. Rethrows the first exception.
  void run(Index chunks, FunctionRef<void(Index)> run);

 private:
  void work();
  void dismiss();
  template <class Next> void take_chunks(Next next);

  std::atomic<bool> busy_{false};
  // The loop is open while state_ is odd. A worker joins and then checks that it is still open.
  std::atomic<std::uint32_t> state_{0};
  std::atomic<int> joined_{0};
  std::atomic<bool> stop_{false};
  const FunctionRef<void(Index)>* run_ = nullptr;
  Index chunks_ = 0;
  std::atomic<Index> taken_{0}, last_{0};  // of the chunks: how many are taken, and the first of those that workers took
  std::mutex error_mutex_;
  std::exception_ptr error_;
  std::atomic<std::size_t> begun_{0};
  std::vector<std::thread> workers_;  // the last member: they use the others
};

}  // namespace temper
