#include "optim/distributed/communicator_mpi.h"

#include <mpi.h>

#include <algorithm>
#include <climits>

#include "core/base/check.h"

namespace temper::optim {
namespace {

// Messages are set up once and started again and again (MPI's persistent requests). One larger than an int counts goes in pieces.
class MpiExchange final : public Exchange {
 public:
  MpiExchange(int tag, const std::vector<Message>& sent, const std::vector<Message>& received) {
    for (const Message& message : received)
      add(message, [&](void* data, int count) {
        MPI_Recv_init(data, count, MPI_BYTE, message.rank, tag, MPI_COMM_WORLD, &requests_.emplace_back());
      });
    for (const Message& message : sent)
      add(message, [&](void* data, int count) {
        MPI_Send_init(data, count, MPI_BYTE, message.rank, tag, MPI_COMM_WORLD, &requests_.emplace_back());
      });
  }
  ~MpiExchange() override {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized) return;
    for (MPI_Request& request : requests_) MPI_Request_free(&request);
  }

  void start() override {
    if (!requests_.empty()) MPI_Startall(static_cast<int>(requests_.size()), requests_.data());  // which refuses none at all
  }
  bool done() override {
    int done = 0;
    MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
    return done != 0;
  }
  std::vector<int> awaited() const override {
    std::vector<int> ranks;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      int done = 0;
      MPI_Request_get_status(requests_[i], &done, MPI_STATUS_IGNORE);
      if (!done) ranks.push_back(partners_[i]);
    }
    std::sort(ranks.begin(), ranks.end());
    ranks.erase(std::unique(ranks.begin(), ranks.end()), ranks.end());
    return ranks;
  }

 private:
  template <class Init> void add(const Message& message, Init init) {
    constexpr std::size_t kMost = std::size_t{1} << 30;
    for (std::size_t begin = 0; begin < message.bytes.size(); begin += kMost) {
      init(message.bytes.data() + begin, static_cast<int>(std::min(kMost, message.bytes.size() - begin)));
      partners_.push_back(message.rank);
    }
  }

  std::vector<MPI_Request> requests_;
  std::vector<int> partners_;
};

class MpiRanks final : public Communicator {
 public:
  MpiRanks() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    TEMPER_CHECK(provided >= MPI_THREAD_FUNNELED, "MPI: this library does not allow threads; build Open MPI with them");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    learn_hosts();
  }
  ~MpiRanks() override { MPI_Finalize(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::string& host(int rank) const override { return hosts_[static_cast<std::size_t>(rank)]; }
  std::unique_ptr<Exchange> exchange(int tag, const std::vector<Message>& sent, const std::vector<Message>& received) override {
    return std::make_unique<MpiExchange>(tag, sent, received);
  }

 private:
  void learn_hosts() {
    std::vector<char> names(static_cast<std::size_t>(size_) * MPI_MAX_PROCESSOR_NAME);
    char own[MPI_MAX_PROCESSOR_NAME] = {};
    int length = 0;
    MPI_Get_processor_name(own, &length);
    MPI_Allgather(own, MPI_MAX_PROCESSOR_NAME, MPI_CHAR, names.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR, MPI_COMM_WORLD);
    for (int rank = 0; rank < size_; ++rank) hosts_.emplace_back(names.data() + static_cast<std::ptrdiff_t>(rank) * MPI_MAX_PROCESSOR_NAME);
  }

  int rank_ = 0, size_ = 1;
  std::vector<std::string> hosts_;
};

}  // namespace

std::unique_ptr<Communicator> join_mpi_ranks() { return std::make_unique<MpiRanks>(); }

void abort_mpi_ranks(int exit_code) {
  int begun = 0, ended = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&ended);
  if (begun && !ended) MPI_Abort(MPI_COMM_WORLD, exit_code);
}

}  // namespace temper::optim
