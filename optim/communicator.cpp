#include "optim/communicator.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <thread>

#include "core/check.h"

namespace temper::optim {
namespace {

template <class T> std::span<std::byte> bytes_of(T& values) { return std::as_writable_bytes(std::span(values)); }

struct Nothing final : Exchange {
  void start() override {}
  bool done() override { return true; }
  std::vector<int> awaited() const override { return {}; }
};

constexpr int kLengthTag = 1, kWordsTag = 2;

}  // namespace

void Communicator::wait(FunctionRef<bool()> done, FunctionRef<const Exchange&()> awaited) const {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  while (!done()) {
    if (std::chrono::duration<double>(Clock::now() - start).count() > timeout) {
      std::string ranks;
      for (const int rank : awaited().awaited()) ranks += concat(ranks.empty() ? "" : ", ", rank, " (", host(rank), ")");
      throw Error(concat("rank ", rank(), ": for ", timeout, " s nothing was heard of rank ", ranks.empty() ? "any" : ranks,
                         "; look at that machine and its network, then go on with --resume"));
    }
    std::this_thread::yield();
  }
}

void Communicator::wait(Exchange& exchange) const {
  wait([&] { return exchange.done(); }, [&]() -> const Exchange& { return exchange; });
}

std::unique_ptr<Exchange> exchange_blocks(Communicator& communicator, int tag, FunctionRef<std::span<std::byte>(int rank)> block) {
  const std::span<std::byte> own = block(communicator.rank());
  std::vector<Message> sent, received;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    if (rank == communicator.rank()) continue;
    if (!own.empty()) sent.push_back({rank, own});
    if (const std::span<std::byte> theirs = block(rank); !theirs.empty()) received.push_back({rank, theirs});
  }
  return communicator.exchange(tag, sent, received);
}

std::vector<std::string> gather(Communicator& communicator, const std::string& words) {
  const auto share = [&](int tag, auto& blocks) {
    const auto exchange = exchange_blocks(communicator, tag, [&](int rank) { return bytes_of(blocks[static_cast<std::size_t>(rank)]); });
    exchange->start();
    communicator.wait(*exchange);
  };
  const auto ranks = static_cast<std::size_t>(communicator.size()), own = static_cast<std::size_t>(communicator.rank());
  std::vector<std::array<std::uint64_t, 1>> lengths(ranks);
  lengths[own][0] = words.size();
  share(kLengthTag, lengths);
  std::vector<std::string> all(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) all[rank].resize(lengths[rank][0]);
  all[own] = words;
  share(kWordsTag, all);
  return all;
}

void check_agreement(Communicator& communicator, const std::string& what, const std::string& words) {
  constexpr std::size_t kShort = 80;
  const std::vector<std::string> all = gather(communicator, words);
  for (int rank = 1; rank < communicator.size(); ++rank) {
    const std::string& theirs = all[static_cast<std::size_t>(rank)];
    if (theirs == all[0]) continue;
    const bool shown = theirs.size() <= kShort && all[0].size() <= kShort;
    throw Error(concat(what, ": rank ", rank, " on ", communicator.host(rank), " has ", shown ? theirs : "another", ", rank 0 on ",
                       communicator.host(0), " has ", shown ? all[0] : "its own",
                       "; start all ranks with the same command, program and data"));
  }
}

std::unique_ptr<Exchange> Alone::exchange(int, const std::vector<Message>&, const std::vector<Message>&) {
  return std::make_unique<Nothing>();
}

}  // namespace temper::optim
