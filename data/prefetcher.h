// Produces the next items on another thread while the current one is used.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/shape.h"

namespace temper::data {

// A ring of kItems items: the consumer holds one, the others are ahead of it. Items are produced one after another, in order, into memory
// that is reused: after the first round nothing is allocated here. start, next and stop are for one thread, the consumer.
template <class Item, std::size_t kItems = 3> class Prefetcher {
 public:
  // produce(i, item) overwrites the memory with item i. It runs on the other thread, never concurrently with itself and never after stop()
  // has returned.
  explicit Prefetcher(std::function<void(Index i, Item& item)> produce) : produce_(std::move(produce)), thread_([this] { run(); }) {}
  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      quit_ = true;
    }
    wanted_.notify_one();
    thread_.join();
  }
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Stops the current run and starts to produce the items first..last-1.
  void start(Index first, Index last) {
    stop();
    {
      const std::lock_guard lock(mutex_);
      made_ = current_ = first;
      last_ = last;
      begun_ = false;
    }
    wanted_.notify_one();
  }

  // Returns the next item, or null after the last. The item before it goes back into the ring. An exception of produce is rethrown here in
  // place of its item, and ends the run.
  Item* next() {
    std::unique_lock lock(mutex_);
    if (std::exchange(begun_, true) && current_ < last_) ++current_;
    wanted_.notify_one();
    ready_.wait(lock, [&] { return current_ < made_ || current_ >= last_ || (error_ && !busy_); });
    if (current_ < made_) return &place(current_);
    last_ = current_;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return nullptr;
  }

  // Ends the run: when it returns, produce is not running.
  void stop() {
    std::unique_lock lock(mutex_);
    last_ = made_ = current_;
    ready_.wait(lock, [&] { return !busy_; });
    made_ = current_;
    error_ = nullptr;
  }

 private:
  Item& place(Index i) { return ring_[static_cast<std::size_t>(i) % kItems]; }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wanted_.wait(lock, [&] { return quit_ || (!error_ && made_ < last_ && made_ - current_ < static_cast<Index>(kItems)); });
      if (quit_) return;
      const Index i = made_;
      busy_ = true;
      lock.unlock();
      std::exception_ptr error;
      try {
        produce_(i, place(i));
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      busy_ = false;
      error_ = error;
      if (!error) ++made_;
      ready_.notify_one();
    }
  }

  const std::function<void(Index, Item&)> produce_;
  std::array<Item, kItems> ring_;
  std::mutex mutex_;  // guards all below
  std::condition_variable wanted_, ready_;
  Index current_ = 0, made_ = 0, last_ = 0;  // with the consumer; the next to make; the end
  bool begun_ = false;                       // the consumer has asked for `current_`
  bool busy_ = false;
  bool quit_ = false;
  std::exception_ptr error_;
  std::thread thread_;  // last: it starts when all above is there
};

}  // namespace temper::data
