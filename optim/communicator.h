// The processes that train one model together, and how they talk. A rank is one of them, 0 the one that writes files.
//
// communicator_mpi.h has the one that MPI starts; a process alone is Alone, below.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/function_ref.h"

namespace temper::optim {

// Memory that another rank fills or reads.
struct Message {
  int rank;
  std::span<std::byte> bytes;
};

// Messages between the same places, to be sent many times. Whoever sends must have a partner that receives as many bytes under the same
// tag; between two ranks an exchange has at most one message each way.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void start() = 0;
  // Moves messages on. Once true, what was received is there, and the exchange may start again.
  virtual bool done() = 0;
  // The ranks that have not sent or taken all of it. For errors.
  virtual std::vector<int> awaited() const = 0;
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual const std::string& host(int rank) const = 0;
  virtual std::unique_ptr<Exchange> exchange(int tag, const std::vector<Message>& sent, const std::vector<Message>& received) = 0;

  // Until it is done. Throws Error, naming the ranks that are silent, after timeout seconds in which this process itself was awake.
  void wait(Exchange& exchange) const;
  // The same for whatever is done in the end, and meanwhile waits for an exchange.
  void wait(FunctionRef<bool()> done, FunctionRef<const Exchange&()> awaited) const;
  double timeout = 300;
  // Called every half second in which it waits.
  std::function<void(const std::vector<int>& silent)> on_silence = [](const std::vector<int>&) {};
};

// An exchange with all other ranks: each gets the block of this one and fills its own. Those without bytes take no part.
std::unique_ptr<Exchange> exchange_blocks(Communicator& communicator, int tag, FunctionRef<std::span<std::byte>(int rank)> block);

// What every rank says, by rank. All must call it, in the same order; for small things at the beginning.
std::vector<std::string> gather(Communicator& communicator, const std::string& words);

// The first rank that says something else than rank 0; nothing when all say the same. All must call it.
struct Disagreement {
  int rank = 0;
  std::string theirs, first;  // what it says, and what rank 0 says
};
std::optional<Disagreement> disagreement(Communicator& communicator, const std::string& words);

// Throws Error, naming the first rank that says something else than rank 0, unless all say the same. `what` begins the message.
void check_agreement(Communicator& communicator, const std::string& what, const std::string& words);

class Alone final : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  const std::string& host(int) const override { return host_; }
  std::unique_ptr<Exchange> exchange(int tag, const std::vector<Message>& sent, const std::vector<Message>& received) override;

 private:
  std::string host_ = "this machine";
};

}  // namespace temper::optim
