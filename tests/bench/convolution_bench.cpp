// GFLOP/s of each convolution of the networks that temper is timed with, for each pass and algorithm, beside im2col in the same run:
//   convolution_bench [threads] [batch] [part of a shape's name] [instruction set: AVX3, AVX2, SSE4, NEON, ...]
// Effective GFLOP/s: the products of the definition per second, whatever the algorithm multiplies. The best of the rounds counts, and
// algorithms take turns within a round, so that other programs on the machine disturb all alike. `cpu` is the same per second of this
// process's processor time, times the threads: what a machine without other programs would show.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/engine/gemm.h"
#include "core/engine/parallel.h"
#include "core/kernels/convolution.h"
#include "core/kernels/simd_targets.h"

namespace temper {
namespace {

struct Layer {
  const char* name;
  Index size, C, K, kernel, stride, padding;
};

constexpr Layer kLayers[] = {
    {"resnet stem 3-16 32x32", 32, 3, 16, 3, 1, 1},  {"resnet 16-16 32x32", 32, 16, 16, 3, 1, 1},
    {"resnet 16-32 32x32 /2", 32, 16, 32, 3, 2, 1},  {"resnet 32-32 16x16", 16, 32, 32, 3, 1, 1},
    {"resnet 32-64 16x16 /2", 16, 32, 64, 3, 2, 1},  {"resnet 64-64 8x8", 8, 64, 64, 3, 1, 1},
    {"alexnet 5x5 3-64 24x24", 24, 3, 64, 5, 1, 2},  {"alexnet 5x5 64-64 12x12", 12, 64, 64, 5, 1, 2},
    {"lenet 5x5 1-6 28x28", 28, 1, 6, 5, 1, 2},      {"lenet 5x5 6-16 14x14", 14, 6, 16, 5, 1, 0},
    {"1x1 64-64 16x16", 16, 64, 64, 1, 1, 0},        {"vgg 128-128 16x16", 16, 128, 128, 3, 1, 1},
    {"vgg 256-256 8x8", 8, 256, 256, 3, 1, 1},       {"airbench 24-64 31x31", 31, 24, 64, 3, 1, 1},
    {"airbench 64-256 15x15", 15, 64, 256, 3, 1, 1}, {"airbench 256-256 7x7", 7, 256, 256, 3, 1, 1},
    {"airbench padded 32-64", 31, 32, 64, 3, 1, 1},  {"airbench 2x2 3-24 32x32", 32, 3, 24, 2, 1, 0},
};

std::vector<float> noise(Index count, std::uint64_t stream) {
  const Random random(5, {stream});
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(2 * random.uniform(i) - 1);
  return values;
}

double wall_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Timing {
  double wall = 1e30, cpu = 1e30;
  void run(const std::function<void()>& work, int repeats) {
    const double wall_start = wall_seconds(), cpu_start = cpu_seconds();
    for (int i = 0; i < repeats; ++i) work();
    wall = std::min(wall, (wall_seconds() - wall_start) / repeats);
    cpu = std::min(cpu, (cpu_seconds() - cpu_start) / repeats);
  }
};

void bench(const Layer& layer, Index batch) {
  const Window window{layer.kernel, layer.stride, layer.padding};
  const Shape x_shape{batch, layer.size, layer.size, layer.C}, w_shape{layer.K, layer.kernel, layer.kernel, layer.C};
  const Size2 output = window.output_size("bench", x_shape);
  const Shape y_shape{batch, output.h, output.w, layer.K};
  const Convolution convolution(x_shape, w_shape, y_shape, window);
  const std::vector<float> x = noise(x_shape.size(), 1), w = noise(w_shape.size(), 2), dy = noise(y_shape.size(), 3);
  std::vector<float> y(dy.size()), dx(x.size()), dw(w.size());
  const Plan chosen = plan(convolution);

  const auto pass = [&](const char* name, Algorithm choice, const std::function<void(Algorithm)>& work) {
    constexpr int kRounds = 9;
    constexpr Algorithm kAlgorithms[] = {Algorithm::im2col, Algorithm::direct, Algorithm::winograd};
    constexpr const char* kNames[] = {"im2col", "direct", "winograd"};
    Timing timings[3];
    const int repeats = static_cast<int>(std::max(1.0, 2e9 / convolution.flops()));
    for (int round = 0; round < kRounds; ++round) {
      for (int a = 0; a < 3; ++a) {
        if (applies(kAlgorithms[a], convolution)) timings[a].run([&] { work(kAlgorithms[a]); }, repeats);
      }
    }
    std::printf("%-26s %-15s", layer.name, name);
    for (int a = 0; a < 3; ++a) {
      const double work_done = convolution.flops() * 1e-9;
      if (timings[a].wall < 1e30) {
        std::printf("  %s%-8s %6.0f cpu %6.0f", kAlgorithms[a] == choice ? "*" : " ", kNames[a], work_done / timings[a].wall,
                    work_done / timings[a].cpu * threads());
      } else {
        std::printf("  %29s", "");
      }
    }
    std::printf("\n");
  };
  pass("forward", chosen.forward, [&](Algorithm a) { convolve(a, convolution, {x.data()}, w.data(), {}, y.data()); });
  pass("input gradient", chosen.input_gradient,
       [&](Algorithm a) { convolution_input_gradient(a, convolution, w.data(), dy.data(), dx.data(), false); });
  pass("kernel gradient", chosen.kernel_gradient,
       [&](Algorithm a) { convolution_kernel_gradient(a, convolution, {x.data()}, dy.data(), dw.data(), false); });
}

void bench_limit() {
  constexpr Index kSize = 1024;
  const std::vector<float> a = noise(kSize * kSize, 1), b = noise(kSize * kSize, 2);
  std::vector<float> c(a.size());
  Timing timing;
  for (int round = 0; round < 9; ++round) {
    timing.run([&] { parallel_gemm({a.data(), kSize, kSize}, {b.data(), kSize, kSize}, {c.data(), kSize, kSize}); }, 1);
  }
  const double work = 2e-9 * kSize * kSize * kSize;
  std::printf("%-26s %-15s   %6.0f cpu %6.0f\n", "the machine: sgemm 1024", "", work / timing.wall, work / timing.cpu * threads());
}

}  // namespace
}  // namespace temper

int main(int count, char** arguments) {
  const temper::Index batch = count > 2 ? std::atol(arguments[2]) : 128;
  const std::string part = count > 3 ? arguments[3] : "";
  if (count > 1) temper::set_threads(std::atoi(arguments[1]));
  std::optional<temper::ForcedSimdTarget> forced;
  for (const temper::SimdTarget& target : temper::simd_targets()) {
    if (count > 4 && target.name == arguments[4]) forced.emplace(target);
  }
  std::printf("kernels: %s\n", temper::simd_targets()[0].name.c_str());
  temper::bench_limit();
  for (const temper::Layer& layer : temper::kLayers) {
    if (std::string(layer.name).find(part) != std::string::npos) temper::bench(layer, batch);
  }
}
