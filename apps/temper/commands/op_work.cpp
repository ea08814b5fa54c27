#include "apps/temper/commands/op_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <locale>

#include "core/engine/gemm.h"
#include "core/engine/parallel.h"

namespace temper::app {
namespace {

using Pass = Tape::Hook::Pass;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <class V> double count_bytes(const V& view) { return view ? sizeof(float) * static_cast<double>(view.size()) : 0; }
double bytes_written(const GradientView& gradient) { return count_bytes(gradient) * (gradient.add ? 2 : 1); }

// y(rows,K) = x w^T for weights (K, anything), which are input `weights`: a multiplication and an addition for every y and weight of its
// row, and as many for the gradient of x and for that of the weights. The other inputs are vectors.
Work work_of_products(Pass pass, const OpCall& call, std::size_t weights) {
  const ConstView& w = call.inputs[weights];
  const Index weights_of_a_row = w.size() / std::max<Index>(1, w.shape[0]);
  const double products = 2 * static_cast<double>(call.output.shape.size()) * static_cast<double>(weights_of_a_row);
  Work work;
  if (pass == Pass::forward) {
    work = {products, count_bytes(call.output)};
    for (const ConstView& input : call.inputs) work.bytes += count_bytes(input);
    return work;
  }
  work.bytes = count_bytes(call.gradient);
  if (call.input_gradients[0]) work += {products, count_bytes(w)};
  if (call.input_gradients[weights]) work += {products, count_bytes(call.inputs[0])};
  for (const GradientView& gradient : call.input_gradients) work.bytes += bytes_written(gradient);
  return work;
}

// The best of many: what the machine can do when it is otherwise idle.
template <class Body> double best_seconds(Body body) {
  constexpr double kEnough = 0.3;
  double best = 1e30;
  for (const double start = now(); now() - start < kEnough;) {
    const double begin = now();
    body();
    best = std::min(best, now() - begin);
  }
  return best;
}

// Linux describes the caches in files, "32768K". The C library's figure is that of all sockets on some machines.
double last_cache_size() {
  for (const int level : {3, 2}) {
    std::ifstream file(str_cat("/sys/devices/system/cpu/cpu0/cache/index", level, "/size"));
    file.imbue(std::locale::classic());
    if (double kib = 0; file >> kib && kib > 0) return kib * 1024;
  }
  return 8 << 20;
}

double copied_bytes_per_second(Index total_bytes) {
  const Index size = total_bytes / 3 / static_cast<Index>(sizeof(float));
  const Tensor a(Shape{size}), b(Shape{size}), c(Shape{size});
  for (const Tensor* tensor : {&a, &b, &c}) std::fill_n(tensor->data(), size, 1.0f);
  const double copy = best_seconds([&] {
    parallel_for(size, kElementGrain, [&](Index begin, Index end) {
      std::memcpy(c.data() + begin, a.data() + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
    });
  });
  const double triad = best_seconds([&] {
    parallel_for(size, kElementGrain, [x = a.data(), y = b.data(), z = c.data()](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) z[i] = x[i] + 3 * y[i];
    });
  });
  const double bytes = sizeof(float) * static_cast<double>(size);
  return std::max(2 * bytes / copy, 3 * bytes / triad);
}

double product_flops_per_second() {
  constexpr Index kSize = 1024;
  const Tensor a(Shape{kSize, kSize}), b(Shape{kSize, kSize}), c(Shape{kSize, kSize});
  for (const Tensor* tensor : {&a, &b}) std::fill_n(tensor->data(), tensor->size(), 1.0f);
  const auto product = [&] { parallel_gemm({a.data(), kSize, kSize}, {b.data(), kSize, kSize}, {c.data(), kSize, kSize}); };
  return 2.0 * kSize * kSize * kSize / best_seconds(product);
}

}  // namespace

Work count_work(Pass pass, const AnyOp& op, const OpCall& call) {
  if (op.name() == "conv2d" || op.name() == "linear") return work_of_products(pass, call, 1);
  if (op.name() == "norm_conv2d") return work_of_products(pass, call, 3);
  Work work;
  for (const ConstView& input : call.inputs) work.bytes += count_bytes(input);
  for (const View& statistic : call.saved) work.bytes += count_bytes(statistic);
  work.bytes += count_bytes(call.output) + count_bytes(call.gradient);
  for (const GradientView& gradient : call.input_gradients) work.bytes += bytes_written(gradient);
  return work;
}

MachineLimits MachineLimits::measure() {
  const double size = last_cache_size();
  return {.flops = product_flops_per_second(),
          .memory_bytes = copied_bytes_per_second(192 << 20),
          .cache_bytes = copied_bytes_per_second(6 << 20),
          .cache_size = size,
          .cached = size};
}

MachineLimits::Least MachineLimits::least_seconds(const Work& work) const {
  const bool in_cache = work.bytes <= cached;
  const double arithmetic = work.flops / flops, moving = work.bytes / (in_cache ? std::max(cache_bytes, memory_bytes) : memory_bytes);
  if (arithmetic >= moving) return {arithmetic, Bound::arithmetic};
  return {moving, in_cache ? Bound::cache : Bound::memory};
}

std::string describe(const MachineLimits& limits) {
  return fmt::format(
      "limits measured in this run: {:.0f} GFLOP/s (sgemm), {:.1f} GB/s from memory, {:.1f} GB/s from the cache ({:.0f} MiB)",
      limits.flops * 1e-9, limits.memory_bytes * 1e-9, limits.cache_bytes * 1e-9, limits.cache_size / (1 << 20));
}

Json to_json(const MachineLimits& limits) {
  return {{"gflop_per_s", limits.flops * 1e-9},
          {"memory_gb_per_s", limits.memory_bytes * 1e-9},
          {"cache_gb_per_s", limits.cache_bytes * 1e-9},
          {"cache_bytes", limits.cache_size}};
}

const char* name(MachineLimits::Bound bound) {
  switch (bound) {
    case MachineLimits::Bound::arithmetic:
      return "arithmetic";
    case MachineLimits::Bound::memory:
      return "memory";
    case MachineLimits::Bound::cache:
      return "cache";
  }
  return "";
}

void OpTimer::before(Pass pass, const AnyOp& op, const OpCall& call) {
  open_ = &sums_[{label_(op, call), pass}];
  start_ = now();
}

void OpTimer::after(Pass pass, const AnyOp& op, const OpCall& call) {
  const double seconds = now() - start_;
  const Work work = count_work(pass, op, call);
  ++open_->calls;
  open_->seconds += seconds;
  open_->least_seconds += limits_.least_seconds(work).seconds;
  open_->work += work;
}

std::string label_by_name(const AnyOp& op, const OpCall&) { return std::string(op.name()); }

std::string label_by_shape(const AnyOp& op, const OpCall& call) {
  const Shape& x = call.inputs[0].shape;
  std::string text = str_cat(op.name(), " ");  // and the input without the batch
  for (int axis = 1; axis < x.rank(); ++axis) text += str_cat(axis == 1 ? "" : "x", x[axis]);
  if (op.name() == "conv2d" || op.name() == "linear") text += str_cat(" ", call.inputs[1].shape);
  return text;
}

}  // namespace temper::app
