#include "optim/distributed/gradient_sync.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include "core/base/random.h"
#include "core/ops/elementwise.h"
#include "core/ops/mean.h"
#include "tests/optim/distributed/thread_ranks.h"

namespace temper::optim {
namespace {

TEST_CASE("shards: parts are as equal as can be and cover everything") {
  for (const Index count : {0, 1, 7, 8, 100}) {
    for (const Index parts : {1, 3, 8}) {
      Index end = 0;
      for (Index part = 0; part < parts; ++part) {
        const Range range = cut_range(count, part, parts);
        CHECK(range.begin == end);
        CHECK(range.size() >= count / parts);
        CHECK(range.size() <= count / parts + 1);
        end = range.end;
      }
      CHECK(end == count);
    }
  }
}

// The sum of leaves that print as themselves: the text shows the order.
std::string order(const std::vector<TreeNode>& nodes, std::vector<std::string> rows) {
  for (const TreeStep& step : join_all(nodes).steps) {
    std::string& to = rows[static_cast<std::size_t>(step.to)];
    to = "(" + to + "+" + rows[static_cast<std::size_t>(step.from)] + ")";
  }
  return rows[0];
}

// The same, when each of the ranks first joins its own.
std::string order_on(Index shards, int ranks) {
  std::vector<TreeNode> nodes;
  std::vector<std::string> rows;
  for (int rank = 0; rank < ranks; ++rank) {
    const Range own = cut_range(shards, rank, ranks);
    std::vector<TreeNode> leaves;
    std::vector<std::string> texts;
    for (Index s = own.begin; s < own.end; ++s) {
      leaves.push_back({s, 0});
      texts.push_back(std::to_string(s));
    }
    const TreePlan plan = join_halves(leaves);
    for (const TreeStep& step : plan.steps) {
      std::string& to = texts[static_cast<std::size_t>(step.to)];
      to = "(" + to + "+" + texts[static_cast<std::size_t>(step.from)] + ")";
    }
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      nodes.push_back(plan.nodes[i]);
      rows.push_back(texts[static_cast<std::size_t>(plan.places[i])]);
    }
  }
  return order(nodes, rows);
}

TEST_CASE("shards: the order of the sum is one tree, however many ranks there are") {
  CHECK(order_on(8, 1) == "(((0+1)+(2+3))+((4+5)+(6+7)))");
  CHECK(order_on(6, 1) == "(((0+1)+(2+3))+(4+5))");
  CHECK(order_on(7, 1) == "(((0+1)+(2+3))+((4+5)+6))");
  for (Index shards = 1; shards <= 17; ++shards) {
    for (int ranks = 1; ranks <= shards; ++ranks) CHECK(order_on(shards, ranks) == order_on(shards, 1));
  }
}

// Two weights and a running statistic; the gradient of shard s is drawn at random, and the statistic moves by the shard's number.
struct TwoWeights {
  ParameterStore store;
  Parameter *first, *second, *unused, *mean;

  TwoWeights() {
    const auto random = [](const View& value, const Random& draws) {
      for (Index i = 0; i < value.size(); ++i) value.data[i] = static_cast<float>(draws.normal(static_cast<std::uint64_t>(i)));
    };
    first = &store.root().declare({.name = "first", .shape = Shape{37}, .initialize = random});
    second = &store.root().declare({.name = "second", .shape = Shape{150}, .initialize = random});
    unused = &store.root().declare({.name = "unused", .shape = Shape{20}, .initialize = random});
    mean = &store.root().declare({.name = "mean", .shape = Shape{3}, .initialize = random, .kind = Parameter::Kind::buffer});
    store.commit({});
  }

  void pass(Index step, Index shard, double share) {
    const auto draw = [&](Parameter& p, std::uint64_t stream) {
      Tensor x(p.shape);
      const Random draws(7, {static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(shard), stream});
      for (Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(draws.normal(static_cast<std::uint64_t>(i)));
      return temper::mean(multiply(Tensor(p), std::move(x)));
    };
    Tape tape;
    // `first` is used twice: its gradient is complete with the second write.
    Tensor loss = add(add(draw(*first, 1), draw(*second, 2)), draw(*first, 3));
    tape.backward(scale(std::move(loss), static_cast<float>(share)));
    for (Index i = 0; i < 3; ++i) mean->value.data[i] += static_cast<float>(shard + i);
  }
};

struct SyncOutcome {
  std::vector<float> gradients, values;
  BatchSums sums;
};

// Three steps; shard s has s images, shard 0 none.
SyncOutcome outcome(Communicator& communicator, Index shards, Index bucket_floats, bool overlap) {
  TwoWeights net;
  GradientSync sync(net.store, communicator, {.shards = shards, .bucket_floats = bucket_floats, .overlap = overlap});
  const double images = static_cast<double>(shards * (shards - 1) / 2);
  SyncOutcome result;
  std::fill_n(net.unused->gradient.data, net.unused->gradient.size(), 5.0f);  // whatever is there at first
  for (Index step = 0; step < 3; ++step) {
    for (Index shard = sync.own().begin; shard < sync.own().end; ++shard) {
      const double own = static_cast<double>(shard);
      if (shard > 0) {
        const GradientSync::Pass pass(sync, shard);
        net.pass(step, shard, own / images);
      }
      sync.take(shard, own / images, {.loss = own * 0.1, .correct = 1, .samples = own});
    }
    result.sums = sync.finish(step == 2 && sync.own().begin == 0);
    CHECK_FALSE(net.first->gradient_is_stale);
    CHECK(std::all_of(net.unused->gradient.data, net.unused->gradient.data + net.unused->gradient.size(), [](float g) { return g == 0; }));
    net.store.mark_gradients_stale();
  }
  result.gradients.assign(net.store.gradients().begin(), net.store.gradients().end());
  result.values.assign(net.store.all_values().begin(), net.store.all_values().end());
  return result;
}

TEST_CASE("gradient sync: gradients, statistics and sums are the same bits on 1 to 8 ranks, in buckets of any size, overlapping or not") {
  for (const Index shards : {8, 6}) {
    SingleProcess single_process;
    const SyncOutcome one = outcome(single_process, shards, 1 << 18, true);
    CHECK(one.sums.samples == static_cast<double>(shards * (shards - 1) / 2));
    CHECK(one.sums.correct == static_cast<double>(shards));
    CHECK(one.sums.stop);
    for (const int ranks : {2, 3, 4, 6, 8}) {
      if (ranks > shards) continue;
      for (const Index bucket : {1, 64, 1 << 18}) {
        for (const bool overlap : {true, false}) {
          CAPTURE(ranks);
          CAPTURE(bucket);
          std::map<int, SyncOutcome> all;
          std::mutex mutex;
          ThreadRanks::run(ranks, [&](Communicator& communicator) {
            SyncOutcome mine = outcome(communicator, shards, bucket, overlap);
            const std::lock_guard lock(mutex);
            all[communicator.rank()] = std::move(mine);
          });
          for (const auto& [rank, mine] : all) {
            CHECK(mine.gradients == one.gradients);
            CHECK(mine.values == one.values);
            CHECK(mine.sums.loss == one.sums.loss);
            CHECK(mine.sums.stop);
          }
        }
      }
    }
  }
}

TEST_CASE("gradient sync: the sum is that of the definition") {
  SingleProcess single_process;
  TwoWeights net;
  std::vector<double> expected(static_cast<std::size_t>(net.second->gradient.size()));
  for (Index shard = 0; shard < 4; ++shard) {
    net.pass(0, shard, 0.25);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += static_cast<double>(net.second->gradient.data[i]);
    net.store.mark_gradients_stale();
  }
  const float mean_before = TwoWeights().mean->value[1];
  TwoWeights other;
  GradientSync sync(other.store, single_process, {.shards = 4});
  for (Index shard = 0; shard < 4; ++shard) {
    const GradientSync::Pass pass(sync, shard);
    other.pass(0, shard, 0.25);
    sync.take(shard, 0.25, {});
  }
  sync.finish(false);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(static_cast<double>(other.second->gradient.data[i]) == doctest::Approx(expected[i]).epsilon(1e-5));
  }
  CHECK(other.unused->gradient[5] == 0);
  CHECK(other.mean->value[1] == doctest::Approx(mean_before + (1 + 2 + 3 + 4) / 4.0));  // each started from the same
}

// Case 32: 4, 4 and 2 images of gradient i: the mean over those present, 4.5, and not 3.0.
TEST_CASE("gradient sync: uneven shards weigh by their images") {
  ThreadRanks::run(3, [](Communicator& communicator) {
    ParameterStore store;
    const auto zero = [](const View& value, const Random&) { value.data[0] = 0; };
    Parameter& w = store.root().declare({.name = "w", .shape = Shape{1}, .initialize = zero});
    store.commit({});
    GradientSync sync(store, communicator, {.shards = 3});
    const Index shard = sync.own().begin;
    const Range images = cut_range(10, shard, 3);
    double mean = 0;
    for (Index i = images.begin; i < images.end; ++i) mean += static_cast<double>(i) / static_cast<double>(images.size());
    const double share = static_cast<double>(images.size()) / 10;
    {
      const GradientSync::Pass pass(sync, shard);
      Tape tape;
      tape.backward(scale(scale(Tensor(w), static_cast<float>(mean)), static_cast<float>(share)));
    }
    sync.take(shard, share, {});
    sync.finish(false);
    CHECK(w.gradient[0] == doctest::Approx(4.5));
  });
}

// Case 33.
TEST_CASE("communicator: a rank that is silent is named after the timeout; ranks that disagree are, too") {
  const auto silence = [](Communicator& communicator) {
    communicator.timeout = 0.05;
    if (communicator.rank() == 1) return;  // never comes
    all_gather(communicator, "here");
  };
  CHECK_THROWS_WITH_AS(ThreadRanks::run(2, silence), doctest::Contains("nothing was heard of rank 1 (thread)"), Error);
  const auto late = [](Communicator& communicator) {
    std::vector<int> told;
    communicator.on_silence = [&](const std::vector<int>& silent) { told = silent; };
    if (communicator.rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(700));
    all_gather(communicator, "here");
    CHECK(told == (communicator.rank() == 1 ? std::vector<int>{} : std::vector<int>{1}));
  };
  ThreadRanks::run(3, late);
  const auto dispute = [](Communicator& communicator) { check_agreement(communicator, "--seed", communicator.rank() == 2 ? "2" : "1"); };
  CHECK_THROWS_WITH_AS(ThreadRanks::run(3, dispute), doctest::Contains("--seed: rank 2 on thread has 2, rank 0 on thread has 1"), Error);
  ThreadRanks::run(3, [](Communicator& communicator) { check_agreement(communicator, "x", "same"); });
  SingleProcess single_process;
  CHECK(all_gather(single_process, "me") == std::vector<std::string>{"me"});
  CHECK_THROWS_WITH_AS(ThreadRanks::run(3,
                                        [](Communicator& c) {
                                          TwoWeights net;
                                          GradientSync(net.store, c, {.shards = 2});
                                        }),
                       doctest::Contains("--shards"), Error);
}

}  // namespace
}  // namespace temper::optim
