// The threads behind parallel_for.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/function_ref.h"
#include "core/shape.h"

namespace temper {

// A caller and size() - 1 workers that share the chunks of one loop at a time. A step of a network is a train of loops, many of them a few
// microseconds long, while waking a thread that sleeps takes as long as they do: a worker therefore stays awake for a moment after each
// loop, and a caller never waits for one that has not joined in yet.
class Team {
 public:
  // Returns when the workers are there and have the first of their scratch memory. Throws Error when the system has not so many threads.
  explicit Team(int size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  // run(0), ..., run(chunks - 1), each once, on any of the threads, and returns when all are done. Where the team is busy, with another
  // thread's loop or with one that this is nested in, the caller does all the work. The first exception reaches the caller.
  void run(Index chunks, FunctionRef<void(Index)> run);

 private:
  void work();
  void dismiss();
  template <class Next> void take_chunks(Next next);

  std::atomic<bool> busy_{false};
  // The loop: open while state_ is odd. A worker joins, and then looks whether it is still open.
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
