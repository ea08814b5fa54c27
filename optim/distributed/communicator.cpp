#include "optim/distributed/communicator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <thread>
#include <utility>

#include "core/base/check.h"

namespace temper::optim {
namespace {

template <class T> std::span<std::byte> writable_bytes(T& values) { return std::as_writable_bytes(std::span(values)); }

struct Nothing final : Exchange {
  void start() override {}
  bool done() override { return true; }
  std::vector<int> awaited() const override { return {}; }
};

constexpr int kLengthTag = 1, kWordsTag = 2;

using Clock = std::chrono::steady_clock;

std::string silence(const Communicator& communicator, const std::vector<int>& silent) {
  std::string ranks;
  for (const int rank : silent) ranks += str_cat(ranks.empty() ? "rank " : ", ", rank, " (", communicator.host(rank), ")");
  return str_cat("ranks: for ", communicator.timeout, " s nothing was heard of ", ranks.empty() ? "the others" : ranks,
                 "; check that machine and its network, then continue with --resume");
}

// The first lines in which two texts differ.
std::pair<std::string, std::string> first_difference(const std::string& a, const std::string& b) {
  std::istringstream lines_a(a), lines_b(b);
  for (std::string line_a, line_b;;) {
    const bool more_a = static_cast<bool>(std::getline(lines_a, line_a)), more_b = static_cast<bool>(std::getline(lines_b, line_b));
    if (!more_a || !more_b || line_a != line_b) return {more_a ? line_a : "less", more_b ? line_b : "less"};
  }
}

}  // namespace

void Communicator::wait(FunctionRef<bool()> done, FunctionRef<const Exchange&()> awaited) const {
  constexpr double kRound = 0.5;  // seconds
  double waited = 0, told = 0;
  for (auto before = Clock::now(); !done();) {
    // A process that was suspended itself must not blame the others for the time that it slept.
    waited += std::min(std::chrono::duration<double>(Clock::now() - before).count(), kRound);
    before = Clock::now();
    if (waited > timeout) throw Error(silence(*this, awaited().awaited()));
    if (waited > told + kRound) {
      told = waited;
      on_silence(awaited().awaited());
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

std::vector<std::string> all_gather(Communicator& communicator, const std::string& value) {
  const auto share = [&](int tag, auto& blocks) {
    const auto exchange =
        exchange_blocks(communicator, tag, [&](int rank) { return writable_bytes(blocks[static_cast<std::size_t>(rank)]); });
    exchange->start();
    communicator.wait(*exchange);
  };
  const auto ranks = static_cast<std::size_t>(communicator.size()), own = static_cast<std::size_t>(communicator.rank());
  std::vector<std::array<std::uint64_t, 1>> lengths(ranks);
  lengths[own][0] = value.size();
  share(kLengthTag, lengths);
  std::vector<std::string> all(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) all[rank].resize(lengths[rank][0]);
  all[own] = value;
  share(kWordsTag, all);
  return all;
}

std::optional<Disagreement> find_disagreement(Communicator& communicator, const std::string& value) {
  const std::vector<std::string> all = all_gather(communicator, value);
  const auto other = std::ranges::find_if(all, [&](const std::string& theirs) { return theirs != all[0]; });
  if (other == all.end()) return std::nullopt;
  return Disagreement{static_cast<int>(other - all.begin()), *other, all[0]};
}

void check_agreement(Communicator& communicator, const std::string& what, const std::string& value) {
  const std::optional<Disagreement> found = find_disagreement(communicator, value);
  if (!found) return;
  const auto [here, there] = first_difference(found->expected, found->value);
  throw Error(str_cat(what, ": rank ", found->rank, " on ", communicator.host(found->rank), " has ", there, ", rank 0 on ",
                      communicator.host(0), " has ", here, "; start all ranks with the same command, program and data"));
}

std::unique_ptr<Exchange> SingleProcess::exchange(int, const std::vector<Message>&, const std::vector<Message>&) {
  return std::make_unique<Nothing>();
}

}  // namespace temper::optim
