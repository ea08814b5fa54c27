// Ranks that are threads of one process, for tests of what runs on many.
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <tuple>

#include "optim/distributed/communicator.h"

namespace temper::optim {

class ThreadRanks {
 public:
  // Runs body(communicator) as each of the ranks; the first exception reaches the caller when all have ended.
  static void run(int count, const std::function<void(Communicator&)>& body) {
    Post post;
    std::vector<std::thread> threads;
    std::exception_ptr error;
    std::mutex error_mutex;
    for (int rank = 0; rank < count; ++rank) {
      threads.emplace_back([&, rank] {
        try {
          Rank self(post, rank, count);
          body(self);
        } catch (...) {
          const std::lock_guard lock(error_mutex);
          if (!error) error = std::current_exception();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    if (error) std::rethrow_exception(error);
  }

 private:
  // Messages on their way, by (sender, receiver, tag).
  struct Post {
    std::mutex mutex;
    std::map<std::tuple<int, int, int>, std::deque<std::vector<std::byte>>> boxes;
  };

  class Letters final : public Exchange {
   public:
    Letters(Post& post, int self, int tag, std::vector<Message> sent, std::vector<Message> received)
        : post_(post), self_(self), tag_(tag), sent_(std::move(sent)), received_(std::move(received)) {}

    void start() override {
      const std::lock_guard lock(post_.mutex);
      for (const Message& m : sent_) post_.boxes[{self_, m.rank, tag_}].emplace_back(m.bytes.begin(), m.bytes.end());
      missing_ = received_;
    }
    bool done() override {
      const std::lock_guard lock(post_.mutex);
      std::erase_if(missing_, [&](const Message& m) {
        auto& box = post_.boxes[{m.rank, self_, tag_}];
        if (box.empty()) return false;
        if (box.front().size() != m.bytes.size()) std::abort();
        std::memcpy(m.bytes.data(), box.front().data(), m.bytes.size());
        box.pop_front();
        return true;
      });
      return missing_.empty();
    }
    std::vector<int> awaited() const override {
      std::vector<int> ranks;
      for (const Message& m : missing_) ranks.push_back(m.rank);
      return ranks;
    }

   private:
    Post& post_;
    int self_, tag_;
    std::vector<Message> sent_, received_, missing_;
  };

  class Rank final : public Communicator {
   public:
    Rank(Post& post, int rank, int size) : post_(post), rank_(rank), size_(size) {}
    int rank() const override { return rank_; }
    int size() const override { return size_; }
    const std::string& host(int) const override { return host_; }
    std::unique_ptr<Exchange> exchange(int tag, const std::vector<Message>& sent, const std::vector<Message>& received) override {
      return std::make_unique<Letters>(post_, rank_, tag, sent, received);
    }

   private:
    Post& post_;
    int rank_, size_;
    std::string host_ = "thread";
  };
};

}  // namespace temper::optim
