#include "optim/communicator.h"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>

#include "core/check.h"

namespace temper::optim {
namespace {

std::span<std::byte> bytes_of(std::string& text) { return std::as_writable_bytes(std::span(text)); }

// Sends the same to all others, and gets `received[rank]` from each.
void send_to_all(Communicator& communicator, int tag, std::string& sent, std::vector<std::string>& received) {
  std::vector<Message> out, in;
  for (int rank = 0; rank < communicator.size(); ++rank) {
    if (rank == communicator.rank()) continue;
    out.push_back({rank, bytes_of(sent)});
    in.push_back({rank, bytes_of(received[static_cast<std::size_t>(rank)])});
  }
  const auto exchange = communicator.exchange(tag, out, in);
  exchange->start();
  communicator.wait(*exchange);
}

struct Nothing final : Exchange {
  void start() override {}
  bool done() override { return true; }
  std::vector<int> awaited() const override { return {}; }
};

constexpr int kSizeTag = 1, kWordsTag = 2;

}  // namespace

void Communicator::wait(Exchange& exchange) const {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  while (!exchange.done()) {
    if (std::chrono::duration<double>(Clock::now() - start).count() > timeout) silent(exchange);
    std::this_thread::yield();
  }
}

void Communicator::silent(const Exchange& exchange) const {
  std::string ranks;
  for (const int rank : exchange.awaited()) ranks += concat(ranks.empty() ? "" : ", ", rank, " (", host(rank), ")");
  throw Error(concat("rank ", rank(), ": for ", timeout, " s nothing was heard of rank ", ranks.empty() ? "any" : ranks,
                     "; look at that machine and its network, then go on with --resume"));
}

std::vector<std::string> gather(Communicator& communicator, const std::string& words) {
  const auto ranks = static_cast<std::size_t>(communicator.size()), own = static_cast<std::size_t>(communicator.rank());
  const std::uint64_t length = words.size();
  std::string size(sizeof length, '\0'), said = words;
  std::memcpy(size.data(), &length, sizeof length);
  std::vector<std::string> sizes(ranks, size), all(ranks);
  send_to_all(communicator, kSizeTag, size, sizes);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    std::uint64_t count = 0;
    std::memcpy(&count, sizes[rank].data(), sizeof count);
    all[rank].resize(count);
  }
  send_to_all(communicator, kWordsTag, said, all);
  all[own] = words;
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
