#include "optim/distributed/sync_batch_norm_runner.h"

#include <algorithm>
#include <exception>
#include <semaphore>
#include <thread>

#include "core/base/check.h"

namespace temper::optim {
namespace {

constexpr int kMeetingTag = 4;
constexpr Index kHead = 2;  // numbers of a block before those of its channels

Index most_channels(const ParameterStore& store) {
  Index most = 0;
  for (const Parameter& parameter : store.parameters()) {
    if (parameter.kind == Parameter::Kind::buffer) most = std::max(most, parameter.shape.size());
  }
  return most;
}

struct Cancelled {};

}  // namespace

class SyncBatchNormRunner::ShardThread final : public BatchStatisticsExchange {
 public:
  ShardThread(SyncBatchNormRunner& runner, std::size_t gradients)
      : block(static_cast<std::size_t>(runner.block_size_)), gradients(gradients), runner_(runner), thread_([this] { live(); }) {}
  ~ShardThread() override {
    quit_ = true;
    go_.release();
    thread_.join();
  }

  void begin(Index its_shard, const FunctionRef<void(Index)>& its_pass, bool is_first) {
    shard_ = its_shard;
    pass_ = &its_pass;
    first_ = is_first;
    arrived = false;
    error = nullptr;
    gradient_is_stale.assign(runner_.store_.parameters().size(), true);
  }
  // On to the next meeting, or to the end.
  void go() {
    go_.release();
    back_.acquire();
  }
  void cancel() {
    cancelled_ = true;
    go();
    cancelled_ = false;
  }

  std::span<const Contribution> all_gather(const Contribution& own, Index C) override {
    TEMPER_CHECK(C <= runner_.channels_, "batch normalisation: ", C, " channels without running statistics in the store");
    block[0] = static_cast<double>(C);
    block[1] = own.rows;
    std::copy_n(own.first, C, block.begin() + kHead);
    std::copy_n(own.second, C, block.begin() + kHead + C);
    back_.release();
    go_.acquire();
    if (cancelled_) throw Cancelled();
    return runner_.parts_;
  }
  bool updates_running_statistics() const override { return first_; }

  bool arrived = true;  // at the end of its pass
  std::exception_ptr error;
  std::vector<double> block;  // what it brings to the meeting
  std::vector<float> gradients;
  std::vector<bool> gradient_is_stale;  // by parameter, see Parameter

 private:
  void live() {
    for (;;) {
      go_.acquire();
      if (quit_) return;
      try {
        const BatchStatisticsExchange::Scope scope(this);
        (*pass_)(shard_);
      } catch (const Cancelled&) {
      } catch (...) {
        error = std::current_exception();
      }
      arrived = true;
      back_.release();
    }
  }

  SyncBatchNormRunner& runner_;
  Index shard_ = 0;
  const FunctionRef<void(Index)>* pass_ = nullptr;
  bool first_ = false, cancelled_ = false, quit_ = false;
  std::binary_semaphore go_{0}, back_{0};
  std::thread thread_;  // last: it uses the others
};

SyncBatchNormRunner::SyncBatchNormRunner(ParameterStore& store, Communicator& communicator, Index shards)
    : store_(store),
      communicator_(communicator),
      shards_(shards),
      own_(cut_range(shards, communicator.rank(), communicator.size())),
      channels_(most_channels(store)),
      block_size_(kHead + 2 * channels_),
      blocks_(static_cast<std::size_t>(shards * block_size_)),
      state_(state().size()),
      moved_state_(state().size()) {
  parts_.reserve(static_cast<std::size_t>(shards));
  exchange_ = exchange_blocks(communicator, kMeetingTag, [&](int rank) {
    const Range theirs = cut_range(shards, rank, communicator.size());
    return std::as_writable_bytes(std::span(block(theirs.begin), static_cast<std::size_t>(theirs.size() * block_size_)));
  });
  for (Index shard = own_.begin; shard < own_.end; ++shard)
    shard_threads_.push_back(std::make_unique<ShardThread>(*this, store.gradients().size()));
}

SyncBatchNormRunner::~SyncBatchNormRunner() = default;

// While a walker is awake, the gradients of the store's parameters are its own.
void SyncBatchNormRunner::advance(ShardThread& thread) {
  float* const shared = store_.gradients().data();
  const auto own = [&](const Parameter& p) { return thread.gradients.data() + (p.gradient.data - shared); };
  std::size_t i = 0;
  for (Parameter& parameter : store_.parameters()) {
    if (parameter.gradient) parameter.gradient.data = own(parameter);
    parameter.gradient_is_stale = thread.gradient_is_stale[i++];
  }
  thread.go();
  i = 0;
  for (Parameter& parameter : store_.parameters()) {
    if (parameter.gradient) parameter.gradient.data = shared + (parameter.gradient.data - thread.gradients.data());
    thread.gradient_is_stale[i++] = parameter.gradient_is_stale;
  }
}

void SyncBatchNormRunner::exchange_shard_blocks(std::span<const Index> own_shards) {
  for (Index shard = own_.begin; shard < own_.end; ++shard) block(shard)[0] = 0;
  for (const Index shard : own_shards) {
    if (!shard_thread(shard).arrived) std::ranges::copy(shard_thread(shard).block, block(shard));
  }
  exchange_->start();
  communicator_.wait(*exchange_);
  parts_.clear();
  for (Index shard = 0; shard < shards_; ++shard) {
    const double* const b = block(shard);
    if (b[0] != 0) parts_.push_back({b[1], b + kHead, b + kHead + static_cast<Index>(b[0])});
  }
}

void SyncBatchNormRunner::cancel(std::span<const Index> own_shards) {
  for (const Index shard : own_shards) {
    if (!shard_thread(shard).arrived) shard_thread(shard).cancel();
  }
}

void SyncBatchNormRunner::run(std::span<const Index> own_shards, FunctionRef<void(Index shard)> pass) {
  std::ranges::copy(state(), state_.begin());
  for (const Index shard : own_shards) shard_thread(shard).begin(shard, pass, shard == own_shards.front());
  do {
    for (const Index shard : own_shards) {
      if (!shard_thread(shard).arrived) advance(shard_thread(shard));
      if (!shard_thread(shard).error) continue;
      cancel(own_shards);
      std::rethrow_exception(shard_thread(shard).error);
    }
    exchange_shard_blocks(own_shards);
  } while (!parts_.empty());
  std::ranges::copy(state(), moved_state_.begin());
  std::ranges::copy(state_, state().begin());
  for (Parameter& parameter : store_.parameters()) parameter.gradient_is_stale = true;
}

void SyncBatchNormRunner::restore(Index shard) {
  ShardThread& from = shard_thread(shard);
  std::ranges::copy(from.gradients, store_.gradients().begin());
  std::ranges::copy(moved_state_, state().begin());
  std::size_t i = 0;
  for (Parameter& parameter : store_.parameters()) parameter.gradient_is_stale = from.gradient_is_stale[i++];
}

}  // namespace temper::optim
