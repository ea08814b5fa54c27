// temper bench --ops

#include <fmt/format.h>

#include <algorithm>

#include "apps/temper/commands/bench.h"
#include "apps/temper/commands/op_work.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/parallel.h"
#include "core/ops/avg_pool.h"
#include "core/ops/batch_norm.h"
#include "core/ops/conv2d.h"
#include "core/ops/downsample_pad_channels.h"
#include "core/ops/dropout.h"
#include "core/ops/elementwise.h"
#include "core/ops/gelu.h"
#include "core/ops/linear.h"
#include "core/ops/local_response_norm.h"
#include "core/ops/max_pool.h"
#include "core/ops/relu.h"
#include "core/ops/softmax_cross_entropy.h"
#include "optim/adamw.h"
#include "optim/clip.h"

namespace temper::app {
namespace {

using Pass = Tape::Hook::Pass;
using Inputs = std::vector<Tensor>;

constexpr const char* kOptimizers = "optimizers";

// An operation on noise of some shapes.
struct Case {
  std::string name, shape;
  std::vector<Shape> inputs;
  std::function<Tensor(Inputs&)> apply;
  bool has_weights = false;  // then the gradients of its first input and of the others are timed apart
};

struct Convolved {
  const char* network;
  Index size, in, out, kernel, stride, padding;
  bool bias;
};
constexpr Convolved kConvolutions[] = {
    {"lenet", 28, 1, 6, 5, 1, 2, true},     {"lenet", 14, 6, 16, 5, 1, 0, true},    {"alexnet", 24, 3, 64, 5, 1, 2, true},
    {"alexnet", 12, 64, 64, 5, 1, 2, true}, {"resnet", 32, 3, 16, 3, 1, 1, false},  {"resnet", 32, 16, 16, 3, 1, 1, false},
    {"resnet", 32, 16, 32, 3, 2, 1, false}, {"resnet", 16, 32, 32, 3, 1, 1, false}, {"resnet", 16, 32, 64, 3, 2, 1, false},
    {"resnet", 8, 64, 64, 3, 1, 1, false},
};

Case convolution(const Convolved& c, Index batch) {
  std::vector<Shape> inputs{{batch, c.size, c.size, c.in}, {c.out, c.kernel, c.kernel, c.in}};
  if (c.bias) inputs.push_back({c.out});
  return {.name = "conv2d",
          .shape =
              fmt::format("{} {}x{} {}-{} {}x{}{}", c.network, c.kernel, c.kernel, c.in, c.out, c.size, c.size, c.stride == 1 ? "" : " /2"),
          .inputs = std::move(inputs),
          .apply = [c](Inputs& t) { return conv2d(t[0], t[1], c.bias ? t[2] : Tensor(), {.stride = c.stride, .padding = c.padding}); },
          .has_weights = true};
}

Case dense(Index inputs, Index outputs, Index batch) {
  return {.name = "linear",
          .shape = fmt::format("{}-{}", inputs, outputs),
          .inputs = {{batch, inputs}, {outputs, inputs}, {outputs}},
          .apply = [](Inputs& t) { return linear(t[0], t[1], t[2]); },
          .has_weights = true};
}

Case normalization(Index size, Index channels, bool relu, bool residual, Index batch) {
  const Shape images{batch, size, size, channels}, each{channels};
  std::vector<Shape> inputs{images, each, each};
  if (residual) inputs.push_back(images);
  const auto running = std::make_shared<std::pair<Tensor, Tensor>>(Tensor(each), Tensor(each));
  for (const Tensor* statistic : {&running->first, &running->second}) std::fill_n(statistic->data(), channels, 1.0f);
  return {
      .name = str_cat("batch_norm", relu ? " relu" : "", residual ? " residual" : ""),
      .shape = fmt::format("{}x{}x{}", size, size, channels),
      .inputs = std::move(inputs),
      .apply = [running, relu, residual](Inputs& t) {
        return batch_norm(t[0], t[1], t[2], {running->first.view(), running->second.view()}, {.relu = relu}, residual ? t[3] : Tensor());
      }};
}

Case on_images(const char* name, Index size, Index channels, Index batch, const std::function<Tensor(Tensor)>& apply) {
  return {.name = name,
          .shape = fmt::format("{}x{}x{}", size, size, channels),
          .inputs = {{batch, size, size, channels}},
          .apply = [apply](Inputs& t) { return apply(t[0]); }};
}

Case cross_entropy(Index classes, Index batch) {
  std::vector<std::int32_t> labels;
  for (Index i = 0; i < batch; ++i) labels.push_back(static_cast<std::int32_t>(i % classes));
  return {.name = "softmax_cross_entropy",
          .shape = fmt::format("{} classes", classes),
          .inputs = {{batch, classes}},
          .apply = [labels](Inputs& t) { return softmax_cross_entropy(t[0], labels, {.smoothing = 0.1f}); }};
}

std::vector<Case> all_cases(Index batch) {
  std::vector<Case> cases;
  for (const Convolved& c : kConvolutions) cases.push_back(convolution(c, batch));
  for (const auto& [inputs, outputs] : {std::pair<Index, Index>{400, 120}, {2304, 384}, {64, 10}})
    cases.push_back(dense(inputs, outputs, batch));
  for (const auto& [size, channels] : {std::pair<Index, Index>{32, 16}, {8, 64}}) {
    cases.push_back(normalization(size, channels, false, false, batch));
    cases.push_back(normalization(size, channels, true, false, batch));
    cases.push_back(normalization(size, channels, true, true, batch));
  }
  cases.push_back(on_images("relu", 32, 16, batch, relu));
  cases.push_back(on_images("gelu", 32, 16, batch, gelu));
  cases.push_back({.name = "add", .shape = "32x32x16", .inputs = {{batch, 32, 32, 16}, {batch, 32, 32, 16}}, .apply = [](Inputs& t) {
                     return add(t[0], t[1]);
                   }});
  const auto halve = [](Tensor x) { return max_pool(std::move(x)); };
  for (const Index channels : {1, 3, 6}) cases.push_back(on_images("max_pool 2x2 /2", 28, channels, batch, halve));
  cases.push_back(on_images("max_pool 2x2 /2", 10, 16, batch, halve));
  cases.push_back(on_images("max_pool 3x3 /2", 24, 64, batch,
                            [](Tensor x) { return max_pool(std::move(x), {.kernel = 3, .stride = Size2(2), .padding = 1}); }));
  cases.push_back(on_images("avg_pool 2x2 /2", 32, 16, batch, [](Tensor x) { return avg_pool(std::move(x), {.kernel = 2}); }));
  cases.push_back(on_images("global_avg_pool", 8, 64, batch, global_avg_pool));
  cases.push_back(on_images("subsample /2", 32, 16, batch, [](Tensor x) { return downsample_pad_channels(std::move(x), 2, 32); }));
  cases.push_back(on_images("local_response_norm", 12, 64, batch, [](Tensor x) {
    return local_response_norm(std::move(x), {.size = 9, .alpha = 0.001f, .beta = 0.75f, .k = 1});
  }));
  for (const Index classes : {10, 1000}) cases.push_back(cross_entropy(classes, batch));
  return cases;
}

// Those that were asked for by the first word of their names; all if none was.
std::vector<Case> chosen_cases(const BenchOptions& options) {
  std::vector<Case> all = all_cases(options.batch), chosen;
  if (options.names.empty()) return all;
  for (const std::string& name : options.names) {
    const std::size_t before = chosen.size();
    for (const Case& c : all) {
      if (c.name == name || c.name.starts_with(name + " ")) chosen.push_back(c);
    }
    TEMPER_CHECK(chosen.size() > before || name == kOptimizers, "--ops: no operation is called ", name,
                 "; give names as the table has them, e.g. conv2d, or none for all");
  }
  return chosen;
}

// The end of the tape: its gradient is something like noise, which costs little.
struct NoiseGradient {
  static constexpr auto name = "noise gradient";
  Shape shape(const Shape&) const { return {}; }
  void forward(In<0>, Out y) const { y[0] = 0; }
  void backward(Grad, Into<0> dx) const {
    parallel_for(dx.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dx.store(i, static_cast<float>(i * 7919 % 1024 - 512) / 512);
    });
  }
};

// A row of the table.
struct OpRow {
  std::string name, shape, pass;
  double seconds = 0;
  Work work = {};
};

class Report {
 public:
  Report(const BenchOptions& options, const MachineLimits& limits)
      : options_(options), limits_(limits), table_({"operation", "shape", "pass", "ms", "GFLOP/s", "GB/s", "of limit", "bound by"}, 3) {}

  void add(const OpRow& row) {
    const MachineLimits::Least least = limits_.least_seconds(row.work);
    const double flops = row.work.flops / row.seconds * 1e-9, bytes = row.work.bytes / row.seconds * 1e-9,
                 share = least.seconds / row.seconds;
    if (options_.json) {
      print_json(Json{{"op", row.name},
                      {"shape", row.shape},
                      {"pass", row.pass},
                      {"batch", options_.batch},
                      {"threads", threads()},
                      {"seconds", row.seconds},
                      {"gflop_per_s", flops},
                      {"gb_per_s", bytes},
                      {"of_limit", share},
                      {"bound_by", name(least.bound)}});
    }
    table_.row({row.name, row.shape, row.pass, fmt::format("{:.3f}", row.seconds * 1e3),
                row.work.flops > 0 ? fmt::format("{:.0f}", flops) : "-", fmt::format("{:.1f}", bytes), fmt::format("{:.0f} %", 100 * share),
                name(least.bound)});
  }
  std::string text() const { return table_.text(); }

 private:
  const BenchOptions& options_;
  const MachineLimits& limits_;
  Table table_;
};

constexpr double kSecondsARow = 0.15;  // not much, there are many

// Times one pass of a case in which the inputs that `learned` says have gradients.
OpRow measure(const Case& c, Pass pass, const char* pass_name, const MachineLimits& limits,
              const std::function<bool(std::size_t)>& learned) {
  ParameterStore store;
  std::vector<Parameter*> parameters;
  for (std::size_t i = 0; i < c.inputs.size(); ++i)
    parameters.push_back(&store.root().declare({.name = str_cat("input", i),
                                                .shape = c.inputs[i],
                                                .initialize = [i](const View& value, const Random&) { fill_with_noise(value, i); }}));
  store.commit({});
  OpTimer timer(limits, label_by_name);
  std::vector<double> seconds;
  Work work;
  const auto step = [&] {
    Inputs inputs;
    for (std::size_t i = 0; i < parameters.size(); ++i)
      inputs.push_back(learned(i) ? Tensor(*parameters[i]) : Tensor(*parameters[i]).detach());
    Tape tape;
    tape.backward(Tape::apply(NoiseGradient{}, c.apply(inputs)));
    store.mark_gradients_stale();
    for (const auto& [key, sum] : timer.take()) {
      if (key.first == NoiseGradient::name || key.second != pass) continue;
      seconds.push_back(sum.seconds);
      work = sum.work;
    }
  };
  median_seconds(step, kSecondsARow);
  return {c.name, c.shape, pass_name, median(std::move(seconds)), work};
}

void measure(const Case& c, const MachineLimits& limits, Report& report) {
  const auto all = [](std::size_t) { return true; };
  report.add(measure(c, Pass::forward, "forward", limits, all));
  if (c.has_weights) {
    report.add(measure(c, Pass::backward, "dx", limits, [](std::size_t i) { return i == 0; }));
    report.add(measure(c, Pass::backward, "dw", limits, [](std::size_t i) { return i > 0; }));
  } else {
    report.add(measure(c, Pass::backward, "backward", limits, all));
  }
}

// What an optimizer does between two steps, on as many parameters as ResNet-56 and AlexNet have.
void measure_optimizers(Report& report) {
  for (const Index size : {853'018, 1'068'298}) {
    ParameterStore store;
    Parameter& parameter = store.root().declare(
        {.name = "w", .shape = {size}, .initialize = [](const View& value, const Random&) { fill_with_noise(value, 1); }});
    store.commit({});
    fill_with_noise(parameter.gradient, 2);
    optim::Sgd sgd(store, {.momentum = 0.9, .weight_decay = 1e-4});
    optim::AdamW adamw(store);
    const auto row = [&](const char* name, double arenas, const std::function<void()>& step) {
      const double seconds = median_seconds(
          [&] {
            parameter.gradient_is_stale = false;
            step();
          },
          kSecondsARow);
      report.add({name, grouped(size), "step", seconds, {.bytes = arenas * sizeof(float) * static_cast<double>(size)}});
    };
    row("sgd, momentum", 5, [&] { sgd.step(1e-6f, 0.5); });  // reads g w v, writes w v
    row("adamw", 7, [&] { adamw.step(1e-6f, 0.5); });        // reads g w m v, writes w m v
    row("find_clip", 1, [&] { optim::find_clip(store, 1); });
  }
}

}  // namespace

void bench_ops(const BenchOptions& options) {
  const std::vector<Case> cases = chosen_cases(options);
  const bool optimizers =
      options.names.empty() || std::find(options.names.begin(), options.names.end(), kOptimizers) != options.names.end();
  show_stage("measuring the machine's limits");
  const MachineLimits limits = MachineLimits::measure();
  if (options.json) {
    print_json(Json{{"limits", to_json(limits)}, {"threads", threads()}});
  }
  Report report(options, limits);
  Countdown countdown(static_cast<Index>(cases.size()));
  for (const Case& c : cases) {
    countdown.begin(str_cat(c.name, " ", c.shape));
    measure(c, limits, report);
  }
  if (optimizers) measure_optimizers(report);
  clear_stage();
  if (!options.json)
    print("batch {}, {}, medians\n{}\n{}", options.batch, counted(threads(), "thread"), describe(limits), Lines{report.text()});
}

}  // namespace temper::app
