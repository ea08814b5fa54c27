// Communication between the processes that train one model together. Each of them is a rank; rank 0 writes files.
//
// communicator_mpi.h implements it with MPI; SingleProcess, below, is for a single process.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/function_ref.h"

namespace temper::optim {

// Memory that is received from another rank, or sent to it.
struct Message {
  int rank;
  std::span<std::byte> bytes;
};

// A fixed set of messages that can be sent many times. Every sender needs a partner that receives as many bytes with the same tag; between
// two ranks an exchange has at most one message each way.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void start() = 0;
  // Progresses the messages. Returns true once all are received and sent; the exchange may then start again.
  virtual bool done() = 0;
  // The ranks that have not sent or received everything. For errors.
  virtual std::vector<int> awaited() const = 0;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual const std::string& host(int rank) const = 0;
  virtual std::unique_ptr<Exchange> exchange(int tag, const std::vector<Message>& sent, const std::vector<Message>& received) = 0;

  // Waits until the exchange is done. Throws Error naming the silent ranks after `timeout` seconds in which this process itself was
  // running.
  void wait(Exchange& exchange) const;
  // The same for any condition; `awaited` is the exchange that it waits for at the moment.
  void wait(FunctionRef<bool()> done, FunctionRef<const Exchange&()> awaited) const;
  double timeout = 300;
  // Called every half second while it waits.
  std::function<void(const std::vector<int>& silent)> on_silence = [](const std::vector<int>&) {};
};

// An exchange with all other ranks: each receives the block of this rank and sends its own. Ranks with empty blocks take no part.
std::unique_ptr<Exchange> exchange_blocks(Communicator& communicator, int tag, FunctionRef<std::span<std::byte>(int rank)> block);

// All-gathers a string: returns the value of every rank, in rank order. All ranks must call it, in the same order; for small values at the
// start.
std::vector<std::string> all_gather(Communicator& communicator, const std::string& value);

// The first rank whose value differs from that of rank 0; nothing when all are equal. All ranks must call it.
struct Disagreement {
  int rank = 0;
  std::string value, expected;  // its value, and that of rank 0
};
std::optional<Disagreement> find_disagreement(Communicator& communicator, const std::string& value);

// Throws Error, naming the first rank whose value differs from that of rank 0, unless all are equal. `what` begins the message.
void check_agreement(Communicator& communicator, const std::string& what, const std::string& value);

class SingleProcess final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  const std::string& host(int) const override { return host_; }
  std::unique_ptr<Exchange> exchange(int tag, const std::vector<Message>& sent, const std::vector<Message>& received) override;

 private:
  std::string host_ = "this machine";
};

}  // namespace temper::optim
