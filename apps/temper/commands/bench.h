// What the measurements of `temper bench` share: of networks (bench.cpp), of single operations (bench_ops.cpp), of the operations within a
// training step (bench_profile.cpp), and of ranks that train together (bench_scaling.cpp).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/tape.h"
#include "models/networks/registry.h"
#include "optim/sgd.h"

namespace temper::app {

struct BenchOptions {
  std::vector<std::string> names;  // of networks, with --ops of operations; empty: all
  std::string profile;             // the network whose step is taken apart
  bool ops = false;
  bool shapes = false;
  bool scaling = false;
  std::optional<double> latency, bandwidth, step;  // of --scaling, in us, Gbit/s and ms; none: measured
  Index batch = 128;
  bool json = false;
};

void bench_ops(const BenchOptions& options);
void bench_profile(const BenchOptions& options);
void bench_scaling(const BenchOptions& options);

double measure_seconds(const std::function<void()>& work);
double median(std::vector<double> values);
// Of one call, over at least 7 calls after 3 to warm up, and as many more as fit into `enough` seconds.
double median_seconds(const std::function<void()>& work, double enough);

// Progress through figures of about equal cost: "3 of 25: lenet, inference, ETA 0:05".
class Countdown {
 public:
  explicit Countdown(Index figures) : figures_(figures) {}
  void begin(const std::string& figure);

 private:
  Index figures_, begun_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Values that look like a batch of normalised images.
void fill_with_noise(const View& values, std::uint64_t stream);

// A network on random images. Its training step is forward, smoothed cross entropy, backward and SGD with momentum, as the peers' scripts
// in tests/bench measure it.
class TimedNetwork {
 public:
  TimedNetwork(const std::string& name, Index batch);
  void train();  // a step
  void infer();  // a batch

  // The two halves of a step. share: of the loss.
  void forward_and_backward(double share = 1);
  void update();

  ParameterStore& store() { return store_; }
  Index parameters() const { return store_.learned_size(); }

 private:
  ParameterStore store_;
  std::unique_ptr<models::Network> network_;
  std::unique_ptr<optim::Sgd> sgd_;
  Tensor images_;
  std::vector<std::int32_t> labels_;
};

}  // namespace temper::app
