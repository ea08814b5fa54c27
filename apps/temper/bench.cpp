// temper bench

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "core/json.h"
#include "core/machine.h"
#include "core/ops/softmax_cross_entropy.h"
#include "core/parallel.h"
#include "core/tape.h"
#include "layers/noise.h"
#include "models/networks/registry.h"
#include "optim/sgd.h"

namespace temper::app {
namespace {

struct Options {
  std::vector<std::string> networks;
  int threads = 0;
  Index batch = 128;
  bool json = false;
};

constexpr Index kClasses = 10;
constexpr Index kSmall = 64;  // the height of images up to which a network is measured unasked

double median_seconds(const std::function<void()>& step) {
  constexpr int kWarmUp = 3;
  constexpr std::size_t kFewest = 7;
  constexpr double kEnough = 1.0;
  for (int i = 0; i < kWarmUp; ++i) step();
  std::vector<double> seconds;
  for (double spent = 0; seconds.size() < kFewest || spent < kEnough; spent += seconds.back()) {
    const auto start = std::chrono::steady_clock::now();
    step();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
  return seconds[seconds.size() / 2];
}

struct Result {
  std::string network;
  double train = 0, infer = 0;  // images a second
};

// Training = forward, smoothed cross entropy, backward and an SGD step, as the peers' scripts measure it.
Result measure(const std::string& name, Index batch) {
  const models::NetworkSpec spec{.image = models::usual_image(name), .classes = kClasses};
  ParameterStore store;
  const auto network = models::make_network(name, store.root(), spec);
  store.commit({.seed = 1});
  const Random random(1, {});
  Tensor images(Shape{batch, spec.image[0], spec.image[1], spec.image[2]});
  for (Index i = 0; i < images.size(); ++i) images.data()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
  std::vector<std::int32_t> labels(static_cast<std::size_t>(batch));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % kClasses);

  optim::Sgd sgd(store, {.momentum = 0.9, .weight_decay = 1e-4});
  const double train = median_seconds([&] {
    Tape tape;
    const layers::Noise noise(Random(1, {}));
    tape.backward(softmax_cross_entropy((*network)(images), labels, {.smoothing = 0.1f}));
    sgd.step(0.01f);
  });
  const double infer = median_seconds([&] { (*network)(images); });
  return {name, static_cast<double>(batch) / train, static_cast<double>(batch) / infer};
}

void run(Options& options) {
  TEMPER_CHECK(options.batch >= 1, "--batch: ", options.batch, " is not allowed; give at least 1");
  if (options.threads) obey("--threads", [&] { set_threads(options.threads); });
  if (options.networks.empty()) {
    for (const models::NetworkInfo& info : models::known_networks()) {
      if (info.usual_image[0] <= kSmall) options.networks.push_back(info.example);
    }
  }
  Table table({"network", "train images/s", "infer images/s"});
  for (const std::string& name : options.networks) {
    const Result result = measure(name, options.batch);
    if (options.json) {
      fmt::print("{}\n", Json{{"net", name},
                              {"batch", options.batch},
                              {"threads", threads()},
                              {"train_images_per_s", result.train},
                              {"infer_images_per_s", result.infer},
                              {"temper", kVersion}}
                             .dump());
      std::fflush(stdout);
    }
    table.row({name, grouped(std::lround(result.train)), grouped(std::lround(result.infer))});
  }
  if (!options.json) fmt::print("batch {}, {} threads, medians\n{}", options.batch, threads(), table.text());
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = app.add_subcommand("bench", "Measure the speed of networks on this machine");
  auto options = std::make_shared<Options>();
  command->add_option("networks", options->networks, "Which (default: all for small images)")->type_name("NAME...");
  command->add_option("--threads", options->threads, "Threads (default: all cores)")->type_name("N");
  command->add_option("--batch", options->batch, "Images a step (default 128)")->type_name("N");
  command->add_flag("--json", options->json, "One JSON object a network on stdout");
  command->footer("Training is a whole step: forward, loss with smoothing, backward, SGD with momentum. Data are random.");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
