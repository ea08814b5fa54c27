// temper bench

#include "apps/temper/commands/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/inference_scope.h"
#include "core/engine/machine.h"
#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/elementwise.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/random_scope.h"

namespace temper::app {

constexpr Index kClasses = 10;
constexpr Index kSmall = 64;  // the height of images up to which a network is measured unasked

double measure_seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double median_seconds(const std::function<void()>& work, double enough) {
  constexpr int kWarmUp = 3;
  constexpr std::size_t kFewest = 7;
  for (int i = 0; i < kWarmUp; ++i) work();
  std::vector<double> seconds;
  for (double spent = 0; seconds.size() < kFewest || spent < enough; spent += seconds.back()) seconds.push_back(measure_seconds(work));
  return median(std::move(seconds));
}

void Countdown::begin(const std::string& figure) {
  const std::string left = begun_ > 0 ? ", " + eta(start_, begun_, figures_) : "";
  show_stage(fmt::format("{} of {}: {}{}", ++begun_, figures_, figure, left));
}

void fill_with_noise(const View& values, std::uint64_t stream) {
  const Random random(1, {stream});
  parallel_for(values.size(), kElementGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) values[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
  });
}

TimedNetwork::TimedNetwork(const std::string& name, Index batch) {
  const models::NetworkSpec spec{.image = models::usual_image(name), .classes = kClasses};
  network_ = models::make_network(name, store_.root(), spec);
  store_.commit({.seed = 1});
  sgd_ = std::make_unique<optim::Sgd>(store_, optim::SgdOptions{.momentum = 0.9, .weight_decay = 1e-4});
  images_ = Tensor(Shape{batch, spec.image[0], spec.image[1], spec.image[2]});
  fill_with_noise(images_.view(), 0);
  for (Index i = 0; i < batch; ++i) labels_.push_back(static_cast<std::int32_t>(i % kClasses));
}

void TimedNetwork::forward_and_backward(double share) {
  Tape tape;
  const layers::RandomScope random_scope(Random(1, {}));
  Tensor loss = softmax_cross_entropy((*network_)(images_), labels_, {.smoothing = 0.1f});
  tape.backward(share == 1 ? loss : scale(std::move(loss), static_cast<float>(share)));
}
void TimedNetwork::update() { sgd_->step(0.01f); }
void TimedNetwork::train() {
  forward_and_backward();
  update();
}
void TimedNetwork::infer() { (*network_)(images_); }

namespace {

constexpr double kSecondsAFigure = 0.7;

// Images a second.
struct Speed {
  double train = 0, infer = 0;
};

struct Result {
  Speed all_threads, one_thread;
  double infer_one_image = 0;
  double peak_bytes = 0;  // of training
};

// Figures that are measured for each network.
Index figures_each(const BenchOptions& options) { return 2 + (threads() > 1 ? 2 : 0) + (options.batch > 1 ? 1 : 0); }

Result measure(const std::string& name, Index batch, Countdown& countdown) {
  const auto speed = [&](const char* what, Index images, const std::function<void()>& step) {
    countdown.begin(str_cat(name, ", ", what));
    return static_cast<double>(images) / median_seconds(step, kSecondsAFigure);
  };
  const auto infer = [&](const char* what, Index images, TimedNetwork& timed) {
    const InferenceScope inference_scope;
    return speed(what, images, [&] { timed.infer(); });
  };
  MemoryPool::shared().trim();
  reset_peak_memory();
  const int all = threads();
  TimedNetwork network(name, batch);
  Result result;
  result.all_threads.train = speed("training", batch, [&] { network.train(); });
  result.peak_bytes = static_cast<double>(peak_memory());
  result.all_threads.infer = infer("inference", batch, network);
  result.one_thread = result.all_threads;
  if (all > 1) {
    set_threads(1);
    result.one_thread.train = speed("training on one thread", batch, [&] { network.train(); });
    result.one_thread.infer = infer("inference on one thread", batch, network);
    set_threads(all);
  }
  result.infer_one_image = result.all_threads.infer;
  if (batch > 1) {
    TimedNetwork single(name, 1);
    result.infer_one_image = infer("inference of single images", 1, single);
  }
  clear_stage();
  return result;
}

void show_json(const std::string& name, const BenchOptions& options, const Result& result) {
  print_json(Json{{"net", name},
                  {"batch", options.batch},
                  {"threads", threads()},
                  {"train_images_per_s", result.all_threads.train},
                  {"infer_images_per_s", result.all_threads.infer},
                  {"train_images_per_s_one_thread", result.one_thread.train},
                  {"infer_images_per_s_one_thread", result.one_thread.infer},
                  {"infer_images_per_s_batch_1", result.infer_one_image},
                  {"peak_mib", result.peak_bytes / (1 << 20)},
                  {"temper", kVersion}});
}

void bench_networks(const BenchOptions& options) {
  std::vector<std::string> networks = options.names;
  if (networks.empty()) {
    for (const models::NetworkKind& info : models::known_networks()) {
      if (info.usual_image[0] <= kSmall) networks.push_back(info.example);
    }
  }
  Table table({"network", "train", "one thread", "infer", "one thread", "batch 1", "peak MiB"});
  const auto count = [](double images) { return grouped(std::lround(images)); };
  Countdown countdown(static_cast<Index>(networks.size()) * figures_each(options));
  for (const std::string& name : networks) {
    const Result result = measure(name, options.batch, countdown);
    if (options.json) show_json(name, options, result);
    table.row({name, count(result.all_threads.train), count(result.one_thread.train), count(result.all_threads.infer),
               count(result.one_thread.infer), count(result.infer_one_image), count(result.peak_bytes / (1 << 20))});
  }
  if (!options.json) print("images a second: batch {}, {}, medians\n{}", options.batch, counted(threads(), "thread"), Lines{table.text()});
}

// The numbers of --scaling that are given instead of measured.
void check_network(const BenchOptions& options) {
  const auto check = [&](const char* option, const std::optional<double>& value) {
    TEMPER_CHECK(!value || options.scaling, option, ": it is for --scaling; give that as well");
  };
  check("--latency", options.latency);
  check("--bandwidth", options.bandwidth);
  check("--step", options.step);
}

void run(const BenchOptions& options) {
  TEMPER_CHECK(options.names.empty() || options.profile.empty(), "--profile: it takes one network and no further names; leave out ",
               options.names.empty() ? "" : options.names[0]);
  TEMPER_CHECK(!options.ops || options.profile.empty(), "--ops: it does not go with --profile; give one of them");
  TEMPER_CHECK(!options.shapes || !options.profile.empty(), "--shapes: it splits the table of --profile; give that as well");
  TEMPER_CHECK(!options.scaling || (!options.ops && options.profile.empty()),
               "--scaling: it takes only the name of one network; leave out ", options.ops ? "--ops" : "--profile");
  check_network(options);
  if (options.scaling) return bench_scaling(options);
  if (options.ops) return bench_ops(options);
  if (!options.profile.empty()) return bench_profile(options);
  bench_networks(options);
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Measure the speed of networks and operations on this machine");
  auto options = std::make_shared<BenchOptions>();
  command
      ->add_option("names", options->names, "Which networks, or operations with --ops (default: all, of networks those for small images)")
      ->type_name("NAME...");
  command->add_flag("--ops", options->ops, "Measure single operations against the machine's limits");
  command->add_option("--profile", options->profile, "Where the time of this network's training step goes")->type_name("NAME");
  command->add_flag("--shapes", options->shapes, "With --profile: operations of each shape apart");
  command->add_flag("--scaling", options->scaling,
                    "How one network trains on many ranks: measured under mpirun or srun, predicted for up to 1,024");
  in_range(command->add_option("--latency", options->latency, "Of --scaling's network (default: as measured between ranks, else 50)"),
           number(0, 1e9))
      ->type_name("US");
  in_range(command->add_option("--bandwidth", options->bandwidth, "The same in Gbit/s (default: as measured, else 10)"), above(0, 1e9))
      ->type_name("X");
  in_range(command->add_option("--step", options->step, "What a step takes on a rank by itself, instead of measuring it"), above(0, 1e12))
      ->type_name("MS");
  add_threads_option(*command, Ranks::together);
  in_range(command->add_option("--batch", options->batch, "Images a step (default 128)"), whole(1, 1'000'000))->type_name("N");
  command->add_flag("--json", options->json, "One JSON object a network, operation or profile on stdout");
  command->footer(
      "Networks: training is a whole step: forward, loss with smoothing, backward, SGD with momentum; inference is forward alone. Data "
      "are\n"
      "random. `batch 1` is inference of single images on all threads, `peak` the process's memory in training. All are medians.\n\n"
      "--ops and --profile compare with what this machine can do, measured in the same run: `GFLOP/s` counts the multiplications and\n"
      "additions of the definition, against OpenBLAS's product of large matrices; `GB/s` counts every operand read once and every result\n"
      "written once, against a copy or a + s b: from the cache where the bytes fit into it (--profile: into a quarter of it), else from\n"
      "memory. `of limit` is the shortest time that both allow over the time measured (the roofline of Williams et al., 2009). It may\n"
      "exceed 100 %: minimal filtering (Winograd) multiplies less than the definition, and what the operation before left in a nearer\n"
      "cache is read faster. `dx` and `dw` are the gradients of the images and of the weights with the bias; convolutions are named by\n"
      "network, kernel, channels in-out, image. With --ops names choose operations: conv2d, max_pool, ..., optimizers.\n\n"
      "--scaling compares steps by themselves, with all ranks, and with all ranks but without sending while the backward pass runs. Its\n"
      "model adds up buckets of the gradient, see optim/distributed/scaling.h; images a rank stay the same. 64 hosts of your own network:\n"
      "  mpirun -np 2 -host a,b temper bench resnet56 --scaling        temper bench resnet56 --scaling --step 269 --bandwidth 10 --latency "
      "30");
  command->callback([options] {
    if (options->scaling || works_alone("temper bench without --scaling")) run(*options);
  });
}

}  // namespace temper::app
