#include "optim/distributed/gradient_sync.h"

#include <algorithm>

namespace temper::optim {
namespace {

constexpr Index kSumsOfShard = 3;
constexpr int kSumsTag = 3;

// Where a rank's sums begin: those of the shards before, and one word of each rank before.
Index sums_begin(Index shards, int rank, int ranks) { return kSumsOfShard * cut_range(shards, rank, ranks).begin + rank; }

}  // namespace

GradientSync::GradientSync(ParameterStore& store, Communicator& communicator, const SyncOptions& options)
    : store_(store),
      communicator_(communicator),
      options_(options),
      own_(cut_range(options.shards, communicator.rank(), communicator.size())) {
  TEMPER_CHECK(options.shards >= communicator.size(), "--shards: ", options.shards, " shards for ", communicator.size(),
               " ranks; give at least one to each");
  const auto learned = static_cast<Index>(store.values().size()), all = static_cast<Index>(store.all_values().size());
  stack_.assign(static_cast<std::size_t>(GradientBucket::stack_size(own_)), std::vector<float>(static_cast<std::size_t>(all)));
  state_.resize(static_cast<std::size_t>(all - learned));
  state_change_.resize(state_.size());

  const auto add_bucket = [&](std::span<float> values, Index begin) {
    std::vector<float*> rows;
    for (std::vector<float>& sum : stack_) rows.push_back(sum.data() + begin);
    buckets_.push_back(
        std::make_unique<GradientBucket>(communicator, static_cast<int>(buckets_.size()), options.shards, values, std::move(rows)));
  };
  for (Parameter& parameter : store.parameters()) {
    if (parameter.gradient) gradients_.push_back({.parameter = &parameter, .bucket = nullptr});
  }
  std::ranges::sort(gradients_, {}, [](const Gradient& g) { return g.parameter->gradient.data; });
  // Buckets end where parameters do.
  const Index bucket_floats = options.bucket_floats > 0 ? options.bucket_floats : usual_bucket(communicator.size());
  std::size_t first = 0;
  Index begin = 0;
  for (std::size_t i = 0; i < gradients_.size(); ++i) {
    const bool last = i + 1 == gradients_.size();
    const Index end = last ? learned : gradients_[i + 1].parameter->gradient.data - store.gradients().data();
    if (!last && end - begin < bucket_floats) continue;
    add_bucket(store.gradients().subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)), begin);
    for (; first <= i; ++first) gradients_[first].bucket = buckets_.back().get();
    begin = end;
  }
  if (!state_.empty()) add_bucket(state_change_, learned);

  sums_.resize(static_cast<std::size_t>(sums_begin(options.shards, communicator.size(), communicator.size())));
  const auto block = [&](int rank) {
    const Index from = sums_begin(options.shards, rank, communicator.size()),
                to = sums_begin(options.shards, rank + 1, communicator.size());
    return std::as_writable_bytes(std::span(sums_).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)));
  };
  sums_exchange_ = exchange_blocks(communicator, kSumsTag, block);
}

std::span<float> GradientSync::state() const { return store_.all_values().subspan(store_.values().size()); }

GradientSync::Pass::Pass(GradientSync& sync, Index shard) : sync_(sync), last_(shard + 1 == sync.own_.end) {
  if (shard == sync.own_.begin) std::ranges::copy(sync.state(), sync.state_.begin());
  if (last_) sync.begin_last_pass();
}

void GradientSync::Pass::after(Tape::Hook::Pass pass, const AnyOp&, const OpCall& call) {
  if (!last_) return;
  if (pass == Tape::Hook::Pass::backward) {
    for (const GradientView& gradient : call.input_gradients) sync_.wrote(gradient.data);
  }
  sync_.poll();
}

void GradientSync::begin_last_pass() {
  for (const auto& bucket : buckets_) bucket->incomplete = 0;
  for (Gradient& gradient : gradients_) {
    gradient.left = std::max(gradient.writes, 0);
    gradient.bucket->incomplete += gradient.writes != 0 ? 1 : 0;
  }
}

void GradientSync::wrote(const float* data) {
  const auto found =
      std::ranges::lower_bound(gradients_, data, {}, [](const Gradient& g) -> const float* { return g.parameter->gradient.data; });
  if (!data || found == gradients_.end() || found->parameter->gradient.data != data) return;
  --found->left;  // below 0 while the first pass counts
  if (found->writes <= 0 || found->left != 0) return;
  GradientBucket& bucket = *found->bucket;
  if (--bucket.incomplete > 0 || !options_.overlap) return;
  bucket.fold(own_.size() - 1);
  bucket.start();
}

void GradientSync::poll() {
  for (const auto& bucket : buckets_) {
    if (bucket->started()) bucket->done();
  }
}

void GradientSync::take_state(double share) {
  const std::span<float> state = this->state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    state_change_[i] = static_cast<float>(share) * (state[i] - state_[i]);
    state[i] = state_[i];  // the next shard starts from the same
  }
}

void GradientSync::take(Index shard, double share, const BatchSums& sums) {
  const auto at = static_cast<std::size_t>(sums_begin(options_.shards, communicator_.rank(), communicator_.size()) +
                                           kSumsOfShard * (shard - own_.begin));
  sums_[at] = sums.loss;
  sums_[at + 1] = sums.correct;
  sums_[at + 2] = sums.samples;
  if (share == 0 && shard == own_.begin) std::ranges::copy(state(), state_.begin());
  const bool last = shard + 1 == own_.end;
  for (Gradient& gradient : gradients_) {
    Parameter& parameter = *gradient.parameter;
    if (parameter.gradient_is_stale && !gradient.bucket->started()) std::fill_n(parameter.gradient.data, parameter.gradient.size(), 0.0f);
    parameter.gradient_is_stale = !last;  // the next shard's gradient assigns; the last one's is what the optimizer takes
    if (last && share > 0 && gradient.writes < 0) gradient.writes = -gradient.left;
  }
  take_state(share);
  for (const auto& bucket : buckets_) {
    if (bucket->started()) continue;
    bucket->fold(shard - own_.begin);
    if (last) bucket->start();
  }
}

BatchSums GradientSync::finish(bool stop) {
  sums_[static_cast<std::size_t>(sums_begin(options_.shards, communicator_.rank() + 1, communicator_.size()) - 1)] = stop ? 1 : 0;
  sums_exchange_->start();
  for (const auto& bucket : buckets_) {
    const auto done = [&] {
      poll();
      return bucket->done();
    };
    communicator_.wait(done, [&]() -> const Exchange& { return bucket->awaited(); });
  }
  communicator_.wait(*sums_exchange_);
  for (const auto& bucket : buckets_) bucket->reset();
  const std::span<float> state = this->state();
  for (std::size_t i = 0; i < state.size(); ++i) state[i] = state_[i] + state_change_[i];
  return add_sums();
}

BatchSums GradientSync::add_sums() const {
  BatchSums all;
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    const Index begin = sums_begin(options_.shards, rank, communicator_.size());
    const Index end = sums_begin(options_.shards, rank + 1, communicator_.size()) - 1;
    for (Index i = begin; i < end; i += kSumsOfShard) {
      const double* const shard = sums_.data() + i;
      all.loss += shard[0];
      all.correct += shard[1];
      all.samples += shard[2];
    }
    all.stop = all.stop || sums_[static_cast<std::size_t>(end)] != 0;
  }
  return all;
}

}  // namespace temper::optim
