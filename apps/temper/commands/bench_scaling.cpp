// temper bench NET --scaling

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "apps/temper/commands/bench.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/parallel.h"
#include "optim/distributed/gradient_sync.h"
#include "optim/distributed/scaling.h"

namespace temper::app {
namespace {

using optim::Communicator;

constexpr int kPingTag = 5, kRounds = 7;

// What the slowest rank says.
double slowest(Communicator& ranks, double own) {
  double most = 0;
  for (const std::string& bytes : optim::all_gather(ranks, std::string(reinterpret_cast<const char*>(&own), sizeof own))) {
    double theirs = 0;
    std::memcpy(&theirs, bytes.data(), sizeof theirs);
    most = std::max(most, theirs);
  }
  return most;
}

// Seconds until the first and the last rank have each other's bytes.
double exchange_seconds(Communicator& ranks, std::size_t bytes, int times) {
  const int partner = ranks.rank() == 0 ? ranks.size() - 1 : ranks.rank() == ranks.size() - 1 ? 0 : -1;
  std::vector<std::byte> own(bytes), theirs(bytes);
  std::vector<optim::Message> sent, received;
  if (partner >= 0) sent = {{partner, own}}, received = {{partner, theirs}};
  const auto exchange = ranks.exchange(kPingTag, sent, received);
  std::vector<double> seconds;
  for (int i = 0; i < times; ++i) {
    slowest(ranks, 0);  // both are here
    seconds.push_back(slowest(ranks, measure_seconds([&] {
                                exchange->start();
                                ranks.wait(*exchange);
                              })));
  }
  return median(std::move(seconds));
}

optim::Network measure_network(Communicator& ranks, const BenchOptions& options) {
  constexpr std::size_t kLarge = std::size_t{4} << 20;
  optim::Network network;
  if (ranks.size() > 1) {
    network.latency = exchange_seconds(ranks, 8, 31);
    network.bytes_per_second = static_cast<double>(kLarge) / std::max(1e-9, exchange_seconds(ranks, kLarge, 7) - network.latency);
  }
  if (options.latency) network.latency = *options.latency * 1e-6;
  if (options.bandwidth) network.bytes_per_second = *options.bandwidth * 1e9 / 8;
  return network;
}

// Seconds of a step of each kind: by itself, with the other ranks, and with them but sending nothing before the backward pass is over.
struct StepSeconds {
  double forward, backward, update;  // by itself
  double together = 0, not_overlapped = 0;

  double alone() const { return forward + backward + update; }
};

void step_together(TimedNetwork& network, optim::GradientSync& sync, const Communicator& ranks) {
  const double share = 1 / static_cast<double>(ranks.size());
  {
    const optim::GradientSync::Pass pass(sync, sync.own().begin);
    network.forward_and_backward(share);
  }
  sync.take(sync.own().begin, share, {});
  sync.finish(false);
  network.update();
}

// In rounds of all kinds, so that what else the machine does hits all of them.
StepSeconds measure_steps(TimedNetwork& network, Communicator& ranks) {
  constexpr double kEnough = 0.5;  // seconds of one kind in a round
  const Index shards = ranks.size();
  optim::GradientSync overlapped(network.store(), ranks, {.shards = shards}),
      apart(network.store(), ranks, {.shards = shards, .overlap = false});
  network.train();  // to warm up
  const double warm = slowest(ranks, measure_seconds([&] { network.train(); }));
  const int steps = std::max(1, static_cast<int>(kEnough / warm));
  std::array<std::vector<double>, 4> seconds;  // a step alone, its update, together, not overlapped
  const auto measure = [&](std::size_t kind, const std::function<void()>& step) {
    slowest(ranks, 0);
    const double all = measure_seconds([&] {
      for (int i = 0; i < steps; ++i) step();
    });
    seconds[kind].push_back(slowest(ranks, all / steps));
  };
  for (int round = 0; round < kRounds; ++round) {
    show_stage(fmt::format("round {} of {}, {} of each kind", round + 1, kRounds, counted(steps, "step")));
    measure(0, [&] { network.train(); });
    measure(1, [&] { network.update(); });
    if (ranks.size() == 1) continue;
    measure(2, [&] { step_together(network, overlapped, ranks); });
    measure(3, [&] { step_together(network, apart, ranks); });
  }
  clear_stage();
  const double update = median(seconds[1]), passes = std::max(1e-9, median(seconds[0]) - update);
  StepSeconds result{.forward = passes / 3, .backward = passes * 2 / 3, .update = update};
  if (ranks.size() > 1) {
    result.together = median(seconds[2]);
    result.not_overlapped = median(seconds[3]);
  }
  return result;
}

// The share of communication that overlapping hides.
double hidden(const StepSeconds& s) {
  const double communication = s.not_overlapped - s.alone();
  return communication > 0 ? std::clamp((s.not_overlapped - s.together) / communication, 0.0, 1.0) : 1;
}

void print_measured(const BenchOptions& options, const StepSeconds& s, const optim::StepWork& work, const optim::Network& network,
                    Communicator& ranks) {
  print("{}, batch {} a rank, {} a rank: a step takes {:.1f} ms by itself\n", options.names[0], options.batch, counted(threads(), "thread"),
        s.alone() * 1e3);
  if (ranks.size() == 1) return;
  const optim::StepTime predicted = optim::predict_step(work, network, ranks.size());
  print(
      "{} ranks: {:.1f} ms, efficiency {:.3f} (the model: {:.1f} ms, {:.3f}); without overlap {:.1f} ms: {:.0f} % of the "
      "communication is hidden\n",
      ranks.size(), s.together * 1e3, s.alone() / s.together, predicted.seconds * 1e3, predicted.efficiency(work), s.not_overlapped * 1e3,
      100 * hidden(s));
}

void show_json(const BenchOptions& options, const StepSeconds& s, const optim::StepWork& work, const optim::Network& network,
               Communicator& ranks) {
  Json json{{"net", options.names[0]},
            {"batch", options.batch},
            {"ranks", ranks.size()},
            {"threads", threads()},
            {"step_seconds_alone", s.alone()},
            {"gradient_bytes", work.gradient_bytes},
            {"latency_seconds", network.latency},
            {"bytes_per_second", network.bytes_per_second},
            {"predicted", Json::array()}};
  if (ranks.size() > 1) {
    json["step_seconds"] = s.together;
    json["step_seconds_not_overlapped"] = s.not_overlapped;
    json["efficiency"] = s.alone() / s.together;
    json["hidden"] = hidden(s);
    json["predicted_step_seconds"] = optim::predict_step(work, network, ranks.size()).seconds;
  }
  for (Index count = 1; count <= 1024; count *= 2) {
    const optim::StepTime time = optim::predict_step(work, network, count);
    json["predicted"].push_back({{"ranks", count},
                                 {"step_seconds", time.seconds},
                                 {"efficiency", time.efficiency(work)},
                                 {"hidden", time.hidden()},
                                 {"images_per_s", static_cast<double>(count * options.batch) / time.seconds}});
  }
  print_json(json);
}

void print_predicted(const BenchOptions& options, const optim::StepWork& work, const optim::Network& network) {
  print("predicted for {:.3g} Gbit/s and {:.3g} us, {} a rank, {:.1f} MB of gradient\n", network.bytes_per_second * 8e-9,
        network.latency * 1e6, counted(options.batch, "image"), work.gradient_bytes * 1e-6);
  Table table({"ranks", "images/s", "ms a step", "efficiency", "hidden"}, 0);
  for (Index count = 1; count <= 1024; count *= 2) {
    const optim::StepTime time = optim::predict_step(work, network, count);
    table.row({grouped(count), grouped(std::lround(static_cast<double>(count * options.batch) / time.seconds)),
               fmt::format("{:.1f}", time.seconds * 1e3), fmt::format("{:.3f}", time.efficiency(work)),
               fmt::format("{:.0f} %", 100 * std::max(0.0, time.hidden()))});
  }
  print("{}", Lines{table.text()});
}

}  // namespace

void bench_scaling(const BenchOptions& options) {
  Communicator& ranks = app::ranks();
  TEMPER_CHECK(options.names.size() == 1, "--scaling: it measures one network; give its name");
  TimedNetwork network(options.names[0], options.batch);
  TEMPER_CHECK(!options.step || ranks.size() == 1, "--step: under mpirun steps are measured; leave it out");
  const double given = options.step.value_or(0) * 1e-3;
  const StepSeconds seconds =
      options.step ? StepSeconds{.forward = given / 3, .backward = given * 2 / 3, .update = 0} : measure_steps(network, ranks);
  const optim::StepWork work{.forward = seconds.forward,
                             .backward = seconds.backward,
                             .update = seconds.update,
                             .gradient_bytes = static_cast<double>(network.parameters()) * sizeof(float)};
  const optim::Network measured = measure_network(ranks, options);
  if (!is_first_rank()) return;
  if (options.json) return show_json(options, seconds, work, measured, ranks);
  print_measured(options, seconds, work, measured, ranks);
  print_predicted(options, work, measured);
}

}  // namespace temper::app
