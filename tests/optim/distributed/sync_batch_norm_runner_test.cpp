#include "optim/distributed/sync_batch_norm_runner.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "core/ops/batch_norm.h"
#include "core/ops/elementwise.h"
#include "core/ops/linear.h"
#include "core/ops/mean.h"
#include "optim/distributed/gradient_sync.h"
#include "tests/optim/distributed/thread_ranks.h"

namespace temper::optim {
namespace {

// A normalisation of C channels, the batch of all shards, and what came out of it.
struct TwiceNormalised {
  ParameterStore store;
  Parameter *weight, *gamma, *beta, *mean, *variance;

  explicit TwiceNormalised(Index C) {
    const auto declare = [&](const char* name, float value, Parameter::Kind kind) {
      const auto fill = [value](const View& v, const Random&) { std::fill_n(v.data, v.size(), value); };
      return &store.root().declare({.name = name, .shape = Shape{C}, .initialize = fill, .kind = kind});
    };
    const auto slope = [](const View& v, const Random&) {
      for (Index i = 0; i < v.size(); ++i) v[i] = 0.5f - 0.375f * static_cast<float>(i);
    };
    weight = &store.root().declare({.name = "weight", .shape = Shape{C, C}, .initialize = slope});
    gamma = declare("gamma", 1.5f, Parameter::Kind::norm);
    beta = declare("beta", 0.25f, Parameter::Kind::norm);
    mean = declare("mean", 0, Parameter::Kind::buffer);
    variance = declare("variance", 1, Parameter::Kind::buffer);
    store.commit({});
  }

  // The loss of some rows: a mean whose gradient goes through two normalisations, down to a parameter in front of both.
  Tensor loss(const Tensor& rows, std::vector<float>* normalised) {
    const RunningStatistics running{mean->value, variance->value};
    Tensor x = linear(rows, Tensor(*weight), {});
    Tensor y = batch_norm(x, Tensor(*gamma), Tensor(*beta), running, {.momentum = 1});
    if (normalised) normalised->assign(y.data(), y.data() + y.size());
    Tensor z = batch_norm(multiply(y, y), Tensor(*gamma), Tensor(*beta), running, {.momentum = 1});
    return temper::mean(multiply(z, multiply(z, rows)));
  }
};

Tensor rows_of(const std::vector<float>& values, Index C) {
  Tensor x(Shape{static_cast<Index>(values.size()) / C, C});
  std::ranges::copy(values, x.data());
  return x;
}

struct LockstepOutcome {
  std::vector<float> gradients, state;
  std::map<Index, std::vector<float>> normalised;
};

// A step of own shards.
LockstepOutcome outcome(Communicator& communicator, const std::vector<std::vector<float>>& shards, Index C) {
  TwiceNormalised net(C);
  const auto count = static_cast<Index>(shards.size());
  GradientSync sync(net.store, communicator, {.shards = count});
  SyncBatchNormRunner runner(net.store, communicator, count);
  std::size_t all = 0;
  for (const auto& shard : shards) all += shard.size();
  LockstepOutcome result;
  const auto rows = [&](Index shard) -> const std::vector<float>& { return shards[static_cast<std::size_t>(shard)]; };
  const auto share = [&](Index shard) { return static_cast<double>(rows(shard).size()) / static_cast<double>(all); };
  std::vector<Index> present;
  for (Index shard = sync.own().begin; shard < sync.own().end; ++shard) {
    if (!rows(shard).empty()) present.push_back(shard);
  }
  runner.run(present, [&](Index shard) {
    Tape tape;
    tape.backward(scale(net.loss(rows_of(rows(shard), C), &result.normalised[shard]), static_cast<float>(share(shard))));
  });
  for (Index shard = sync.own().begin; shard < sync.own().end; ++shard) {
    if (!rows(shard).empty()) {
      const GradientSync::Pass pass(sync, shard);
      runner.restore(shard);
    }
    sync.take(shard, share(shard), {});
  }
  sync.finish(false);
  result.gradients.assign(net.store.gradients().begin(), net.store.gradients().end());
  result.state.assign(net.store.all_values().begin() + static_cast<std::ptrdiff_t>(net.store.values().size()),
                      net.store.all_values().end());
  return result;
}

TEST_CASE("sync batch norm: which exchange the shards of a batch use is a matter of scopes, which nest") {
  struct Lonely final : BatchStatisticsExchange {
    std::span<const Contribution> all_gather(const Contribution&, Index) override { return {}; }
    bool updates_running_statistics() const override { return true; }
  };
  Lonely exchange;
  CHECK(BatchStatisticsExchange::current() == nullptr);
  {
    const BatchStatisticsExchange::Scope scope(&exchange);
    CHECK(BatchStatisticsExchange::current() == &exchange);
    {
      const BatchStatisticsExchange::Scope whole(nullptr);
      CHECK(BatchStatisticsExchange::current() == nullptr);
    }
    CHECK(BatchStatisticsExchange::current() == &exchange);
  }
  CHECK(BatchStatisticsExchange::current() == nullptr);
}

// Case 16: {0,0,0} on rank 0 and {4} on rank 1 have mean 1, variance 3, unbiased 4, on both.
TEST_CASE("lockstep: statistics are those of the whole batch, weighted by counts, and the same on every rank") {
  ThreadRanks::run(2, [](Communicator& communicator) {
    TwiceNormalised net(1);
    SyncBatchNormRunner runner(net.store, communicator, 2);
    const Index shard = communicator.rank();
    const Tensor x = rows_of(shard == 0 ? std::vector<float>{0, 0, 0} : std::vector<float>{4}, 1);
    float y = 0;
    runner.run({&shard, 1}, [&](Index) {
      const Tape tape;
      y = *batch_norm(x, Tensor(*net.gamma), Tensor(*net.beta), {net.mean->value, net.variance->value}, {.momentum = 1}).data();
    });
    CHECK(net.variance->value[0] == 1);  // not before it is put back
    runner.restore(shard);
    CHECK(net.mean->value[0] == doctest::Approx(1));
    CHECK(net.variance->value[0] == doctest::Approx(4));
    CHECK(y == doctest::Approx(0.25 + 1.5 * (shard == 0 ? -1 : 3) / std::sqrt(3 + 1e-5)).epsilon(1e-6));
  });
}

TEST_CASE("lockstep: running statistics move once for a batch, not once for each of its shards") {
  SingleProcess single_process;
  TwiceNormalised net(1);
  SyncBatchNormRunner runner(net.store, single_process, 2);
  const std::vector<Index> all = {0, 1};
  runner.run(all, [&](Index shard) {
    const Tensor x = rows_of(shard == 0 ? std::vector<float>{0, 0, 0} : std::vector<float>{4}, 1);
    const Tape tape;
    static_cast<void>(batch_norm(x, Tensor(*net.gamma), Tensor(*net.beta), {net.mean->value, net.variance->value}, {.momentum = 0.25f}));
  });
  for (const Index shard : all) runner.restore(shard);
  CHECK(net.mean->value[0] == doctest::Approx(0.25 * 1));
  CHECK(net.variance->value[0] == doctest::Approx(0.75 * 1 + 0.25 * 4));
}

const std::vector<std::vector<float>> kShards = {
    {0.1f, 2, -0.4f, 1, 1.5f, 0.3f}, {}, {3, -2.5f}, {0.7f, 0.9f, -1.1f, 0.2f}, {1.3f, 100.5f}};

TEST_CASE("lockstep: outputs, gradients and statistics are those of a batch in one piece") {
  SingleProcess single_process;
  const LockstepOutcome parts = outcome(single_process, kShards, 2);
  std::vector<float> whole, normalised;
  for (const auto& shard : kShards) whole.insert(whole.end(), shard.begin(), shard.end());
  TwiceNormalised net(2);
  {
    Tape tape;
    tape.backward(net.loss(rows_of(whole, 2), &normalised));
  }
  std::vector<float> joined;
  for (const auto& [shard, y] : parts.normalised) joined.insert(joined.end(), y.begin(), y.end());
  REQUIRE(joined.size() == normalised.size());
  for (std::size_t i = 0; i < joined.size(); ++i) CHECK(joined[i] == doctest::Approx(normalised[i]).epsilon(1e-6));
  for (const Parameter* parameter : {net.weight, net.gamma, net.beta}) {
    CAPTURE(parameter->name);
    const auto at = parameter->gradient.data - net.store.gradients().data();
    for (Index i = 0; i < parameter->gradient.size(); ++i) {
      CHECK(parts.gradients[static_cast<std::size_t>(at + i)] == doctest::Approx(parameter->gradient[i]).epsilon(1e-4));
    }
  }
  const auto state = net.store.all_values().subspan(net.store.values().size());
  for (std::size_t i = 0; i < state.size(); ++i) CHECK(parts.state[i] == doctest::Approx(state[i]).epsilon(1e-5));
}

TEST_CASE("lockstep: a second batch begins with new gradients") {
  SingleProcess single_process;
  TwiceNormalised net(2);
  SyncBatchNormRunner runner(net.store, single_process, 2);
  const std::vector<Index> all = {0, 1};
  const auto gradients_of = [&](Index shard) {
    runner.restore(shard);
    return std::vector<float>(net.store.gradients().begin(), net.store.gradients().end());
  };
  const auto batch = [&] {
    runner.run(all, [&](Index shard) {
      Tape tape;
      tape.backward(net.loss(rows_of(kShards[shard == 0 ? 0 : 3], 2), nullptr));
    });
  };
  batch();
  const std::vector<float> first = gradients_of(0);
  batch();
  CHECK(gradients_of(0) == first);
}

TEST_CASE("lockstep: the same bits on 1 to 5 ranks, one of them without rows") {
  SingleProcess single_process;
  const LockstepOutcome one = outcome(single_process, kShards, 2);
  for (const int ranks : {2, 3, 5}) {
    ThreadRanks::run(ranks, [&](Communicator& communicator) {
      const LockstepOutcome mine = outcome(communicator, kShards, 2);
      CHECK(mine.gradients == one.gradients);
      CHECK(mine.state == one.state);
      for (const auto& [shard, y] : mine.normalised) CHECK(y == one.normalised.at(shard));
    });
  }
}

TEST_CASE("lockstep: an error of one shard ends the others' passes and reaches the caller") {
  SingleProcess single_process;
  TwiceNormalised net(2);
  SyncBatchNormRunner runner(net.store, single_process, 3);
  const std::vector<Index> all = {0, 1, 2};
  const auto pass = [&](Index shard) {
    Tape tape;
    const Tensor loss = net.loss(rows_of(kShards[0], 2), nullptr);
    if (shard == 1) throw Error("of shard 1");
    tape.backward(loss);
  };
  CHECK_THROWS_WITH_AS(runner.run(all, pass), "of shard 1", Error);
}

}  // namespace
}  // namespace temper::optim
