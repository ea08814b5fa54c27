// The unit of work is a strip: one row of tiles of one image. Its image rows are transformed down their columns into six lines, zeros added
// at both ends, and the lines along their length into the planes, so that no inner loop meets a border. A block of strips is small enough
// for its planes to stay in the second-level cache. The transforms wait for memory and the products do not: these fetch what comes next.
#include "core/kernels/convolution/winograd.h"

#include <span>

#include "core/kernels/block_product.h"
#include "core/kernels/convolution/packing.h"
#include "core/kernels/convolution/partial_sums.h"
#include "core/kernels/convolution/winograd_transforms.h"

namespace temper::winograd {
namespace {

using Kind = WinogradTransform::Kind;

constexpr Index kChannelBlock = 16;
constexpr Index kPlanesSize = 1 << 17;                // floats of planes a block: 512 KiB
constexpr Index kMostPlanesSize = 1 << 20;            // twice the kernels where these do not stay there: each block reads them all
constexpr Index kLeastTiles = 8;                      // a block: fewer, and its products spend their time on reading the kernels
constexpr Index kLeastBlocks = 8;                     // of a batch, to share among threads
constexpr Index kLeastTasks = 4, kLeastColumns = 32;  // of a convolution; of a task: fewer, and it transforms more than it multiplies
constexpr Index kPlaneGap = 16;                       // planes a multiple of 4 KiB apart would share a set of the cache
constexpr Index kTransformGrain = 1024;               // kernels a task of a transform of the kernels

// A convolution of stride 1, x(N,H,W,C) to y(N,P,Q,K), in tiles of m x m outputs. For the input gradient, dy takes the place of x and dx
// that of y.
struct Tiling {
  Index N, H, W, C, P, Q, K, r, m;
  Size2 padding;
  Index rows, cols;  // of tiles, an image
  Index strips, block_strips;

  Tiling(const Convolution& g, bool backward)
      : N(g.N), H(g.H), W(g.W), C(g.C), P(g.P), Q(g.Q), K(g.K), r(g.R), m(kWinogradPoints + 1 - r), padding(g.window.padding) {
    if (backward) {
      std::swap(H, P);
      std::swap(W, Q);
      std::swap(C, K);
      padding = {r - 1 - padding.h, r - 1 - padding.w};
    }
    rows = (P + m - 1) / m;
    cols = (Q + m - 1) / m;
    strips = N * rows;
    const Index planes_size = std::clamp(2 * kWinogradPlanes * C * K, kPlanesSize, kMostPlanesSize);
    const Index most = planes_size / (kWinogradPlanes * cols * (C + K)), least = (kLeastTiles + cols - 1) / std::max<Index>(1, cols);
    block_strips = std::max<Index>(std::max<Index>(1, least), std::min(most, strips / kLeastBlocks));
  }

  Index block_tiles() const { return block_strips * cols; }
  // Output channels a task: all, unless there are too few blocks to share.
  Index columns_of_task() const {
    const Index blocks = (strips + block_strips - 1) / block_strips, tasks = (kLeastTasks + blocks - 1) / std::max<Index>(1, blocks);
    return std::max(kLeastColumns, (K / tasks + kChannelBlock - 1) / kChannelBlock * kChannelBlock);
  }
  Index plane(Index channels) const { return block_tiles() * channels + kPlaneGap; }

  // The part of images with `height` rows of `row` elements that a block of strips from `strip` on is cut from; empty behind the last.
  std::span<const float> pixels(const float* images, Index height, Index row, Index strip) const {
    const auto offset = [&](Index s) { return (s / rows * height + std::min(height, s % rows * m)) * row; };
    const Index begin = offset(std::min(strips, strip)), end = offset(std::min(strips, strip + block_strips));
    return {images + begin, static_cast<std::size_t>(end - begin)};
  }
};

// What product i of the planes fetches of it.
std::span<const float> part(std::span<const float> memory, Index i) {
  const std::size_t size = memory.size() / kWinogradPlanes;
  return memory.subspan(static_cast<std::size_t>(i) * size, size);
}

// Images(N,H,W,C) on the way into the planes of their tiles; x with the input transform, dy with the evaluation.
struct TiledImages {
  ConvolutionInput input;
  Index H, W, C;
  WinogradTransform transform;
  Size2 padding;
};

// Strips [begin, end) into planes(36, tiles, C).
void to_planes(const Tiling& t, const TiledImages& x, Index begin, Index end, float* planes) {
  Workspace scratch;
  const Index taps = x.transform.inputs(), line_pixels = t.cols * t.m + taps - t.m, line = line_pixels * x.C, plane = t.plane(x.C);
  const Index pixels = std::min(x.W, line_pixels - x.padding.w);
  const Normalization* normalization = x.input.normalization;
  float* normalized = scratch.take(normalization ? taps * pixels * x.C : 0);
  float* lines = scratch.take(kWinogradPoints * line);
  float* zeros = scratch.take(x.W * x.C);
  std::fill_n(lines, kWinogradPoints * line, 0.0f);
  std::fill_n(zeros, x.W * x.C, 0.0f);
  for (Index strip = begin; strip < end; ++strip) {
    const float* image = x.input.x + strip / t.rows * x.H * x.W * x.C;
    WinogradRows down{.size = pixels * x.C};
    for (Index i = 0; i < taps; ++i) {
      const Index h = strip % t.rows * t.m - x.padding.h + i;
      down.in[i] = h >= 0 && h < x.H ? image + h * x.W * x.C : zeros;
      if (normalization && down.in[i] != zeros) {
        float* row = normalized + i * pixels * x.C;
        normalize(*normalization, down.in[i], nullptr, true, pixels, x.C, row);
        down.in[i] = row;
      }
    }
    for (Index i = 0; i < kWinogradPoints; ++i) down.out[i] = lines + i * line + x.padding.w * x.C;
    transform_down(x.transform, down);
    transform_along(x.transform, {.in = lines,
                                  .in_row = line,
                                  .in_step = x.C,
                                  .in_tile = t.m * x.C,
                                  .out = planes + (strip - begin) * t.cols * x.C,
                                  .out_row = kWinogradPoints * plane,
                                  .out_step = plane,
                                  .out_tile = x.C,
                                  .rows = kWinogradPoints,
                                  .tiles = t.cols,
                                  .channels = x.C});
  }
}

// A part of the output channels.
struct Columns {
  Index begin, count;
};

// Those channels of strips [begin, end) of y from planes(36, tiles, columns).
void from_planes(const Tiling& t, const float* planes, Index begin, Index end, const Columns& columns, const ConvolutionEpilogue& epilogue,
                 float* y) {
  Workspace scratch;
  const Index line = t.cols * t.m * columns.count, plane = t.plane(columns.count);
  float* lines = scratch.take(kWinogradPoints * line);
  float* outside = scratch.take(t.Q * t.K);  // takes the rows of the last tiles below the image
  if (epilogue.residual) std::fill_n(outside, t.Q * t.K, 0.0f);
  OutputStrip rows{.rows = {.size = 0},
                   .pixels = t.Q,
                   .channels = columns.count,
                   .out_pixel = t.K,
                   .bias = epilogue.bias ? epilogue.bias + columns.begin : nullptr,
                   .relu = epilogue.relu};
  for (Index i = 0; i < kWinogradPoints; ++i) rows.rows.in[i] = lines + i * line;
  for (Index strip = begin; strip < end; ++strip) {
    transform_along({Kind::interpolate, t.m}, {.in = planes + (strip - begin) * t.cols * columns.count,
                                               .in_row = kWinogradPoints * plane,
                                               .in_step = plane,
                                               .in_tile = columns.count,
                                               .out = lines,
                                               .out_row = line,
                                               .out_step = columns.count,
                                               .out_tile = t.m * columns.count,
                                               .rows = kWinogradPoints,
                                               .tiles = t.cols,
                                               .channels = columns.count});
    for (Index i = 0; i < t.m; ++i) {
      const Index p = strip % t.rows * t.m + i, offset = (strip / t.rows * t.P + p) * t.Q * t.K + columns.begin;
      rows.rows.out[i] = p < t.P ? y + offset : outside;
      if (epilogue.residual) rows.residual[i] = p < t.P ? epilogue.residual + offset : outside;
    }
    interpolate_outputs(t.m, rows);
  }
}

// kernels(r r, C, K) to their planes(36, C, K): G w G^T.
void transform_kernels(Index r, Index size, const float* kernels, float* planes) {
  const WinogradTransform points{Kind::evaluate, r, true};
  parallel_for(Chunks(size, kTransformGrain, kChannelBlock), [&](Index begin, Index end) {
    Workspace scratch;
    const Index width = end - begin;
    float* half = scratch.take(kWinogradPoints * r * width);  // (6, r, width)
    for (Index s = 0; s < r; ++s) {
      WinogradRows down{.size = width};
      for (Index i = 0; i < r; ++i) down.in[i] = kernels + (i * r + s) * size + begin;
      for (Index i = 0; i < kWinogradPoints; ++i) down.out[i] = half + (i * r + s) * width;
      transform_down(points, down);
    }
    transform_along(points, {.in = half,
                             .in_row = r * width,
                             .in_step = width,
                             .in_tile = 0,
                             .out = planes + begin,
                             .out_row = kWinogradPoints * size,
                             .out_step = size,
                             .out_tile = 0,
                             .rows = kWinogradPoints,
                             .tiles = 1,
                             .channels = width});
  });
}

// y = the correlation of x with the kernels whose planes(36, C, K) are given, and what follows. A few images are shared among threads by
// their output channels as well.
void correlate(const Tiling& t, const ConvolutionInput& x, const float* kernels, const ConvolutionEpilogue& epilogue, float* y) {
  const Index k_grain = t.columns_of_task(), k_tasks = (t.K + k_grain - 1) / k_grain;
  const Index blocks = (t.strips + t.block_strips - 1) / t.block_strips;
  parallel_for(blocks * k_tasks, 1, [&](Index task, Index) {
    Workspace scratch;
    const Index begin = task / k_tasks * t.block_strips, end = std::min(t.strips, begin + t.block_strips);
    const Index first_k = task % k_tasks * k_grain;
    const Columns columns{first_k, std::min(k_grain, t.K - first_k)};
    const Index x_plane = t.plane(t.C), y_plane = t.plane(columns.count);
    float* x_planes = scratch.take(kWinogradPlanes * x_plane);
    float* y_planes = scratch.take(kWinogradPlanes * y_plane);
    to_planes(t, {x, t.H, t.W, t.C, {Kind::input}, t.padding}, begin, end, x_planes);
    const std::span next_x = t.pixels(x.x, t.H, t.W * t.C, end), this_y = t.pixels(y, t.P, t.Q * t.K, begin);
    for (Index i = 0; i < kWinogradPlanes; ++i) {
      block_product({.a = x_planes + i * x_plane,
                     .a_row = t.C,
                     .a_run = 0,
                     .a_step = 1,
                     .b = kernels + i * t.C * t.K + columns.begin,
                     .b_row = t.K,
                     .c = y_planes + i * y_plane,
                     .c_row = columns.count,
                     .rows = (end - begin) * t.cols,
                     .columns = columns.count,
                     .runs = 1,
                     .run = t.C,
                     .fetch = {part(next_x, i), part(this_y, i)}});
    }
    from_planes(t, y_planes, begin, end, columns, epilogue, y);
  });
}

// dw(K, r r, C) from the sum of the parts' planes(36, K, C).
void join_kernel_gradient(const Tiling& t, const PartialSums& parts, float* sums, float* dw, bool add) {
  const WinogradTransform back{Kind::interpolate, t.r, true};
  const Index size = t.K * t.C, taps = t.r * t.r;
  parallel_for(t.K, std::max<Index>(1, kTransformGrain / t.C), [&](Index first_k, Index last_k) {
    Workspace scratch;
    const Index begin = first_k * t.C, width = (last_k - first_k) * t.C;
    float* half = scratch.take(t.r * kWinogradPoints * width);  // (r, 6, width)
    float* whole = scratch.take(taps * width);                  // (r, r, width)
    for (Index i = 0; i < kWinogradPlanes; ++i) parts.join(sums, i * size + begin, i * size + begin + width);
    for (Index j = 0; j < kWinogradPoints; ++j) {
      WinogradRows down{.size = width};
      for (Index i = 0; i < kWinogradPoints; ++i) down.in[i] = sums + (i * kWinogradPoints + j) * size + begin;
      for (Index i = 0; i < t.r; ++i) down.out[i] = half + (i * kWinogradPoints + j) * width;
      transform_down(back, down);
    }
    transform_along(back, {.in = half,
                           .in_row = kWinogradPoints * width,
                           .in_step = width,
                           .in_tile = 0,
                           .out = whole,
                           .out_row = t.r * width,
                           .out_step = width,
                           .out_tile = 0,
                           .rows = t.r,
                           .tiles = 1,
                           .channels = width});
    for (Index k = first_k; k < last_k; ++k) {
      for (Index tap = 0; tap < taps; ++tap) {
        const float* from = whole + tap * width + (k - first_k) * t.C;
        float* to = dw + (k * taps + tap) * t.C;
        for (Index c = 0; c < t.C; ++c) to[c] = add ? to[c] + from[c] : from[c];
      }
    }
  });
}

}  // namespace

bool applies(const Convolution& g) {
  const Window& window = g.window;
  return g.groups == 1 && window.stride == 1 && window.dilation == 1 && (window.kernel == 3 || window.kernel == 5) &&
         window.padding.h < g.R && window.padding.w < g.S && g.C > 0 && g.K > 0 && g.C % kChannelBlock == 0 && g.K % kChannelBlock == 0;
}

Index packed_size(const Convolution& g) { return kWinogradPlanes * g.C * g.K; }

void pack_kernels(const Convolution& g, const float* w, float* packed) {
  Workspace scratch;
  float* by_output = scratch.take(g.depth() * g.K);
  pack_by_output(w, g.K, g.R * g.S, g.C, g.K, by_output);
  transform_kernels(g.R, g.C * g.K, by_output, packed);
}

void forward(const Convolution& g, const ConvolutionInput& x, const float* packed, const ConvolutionEpilogue& epilogue, float* y) {
  correlate(Tiling(g, false), x, packed, epilogue, y);
}

void input_gradient(const Convolution& g, const float* w, const float* dy, float* dx, bool add) {
  const Tiling t(g, true);
  Workspace scratch;
  const Index taps = g.R * g.S;
  float* turned = scratch.take(g.depth() * g.K);  // (taps, K, C)
  float* kernels = scratch.take(kWinogradPlanes * g.C * g.K);
  for (Index k = 0; k < g.K; ++k) {
    for (Index tap = 0; tap < taps; ++tap) std::copy_n(w + (k * taps + taps - 1 - tap) * g.C, g.C, turned + (tap * g.K + k) * g.C);
  }
  transform_kernels(t.r, g.C * g.K, turned, kernels);
  correlate(t, {dy}, kernels, {.residual = add ? dx : nullptr}, dx);
}

void kernel_gradient(const Convolution& g, const ConvolutionInput& x, const float* dy, float* dw, bool add) {
  const Index size = g.K * g.C;
  const Tiling t(g, false);
  const Index blocks = (t.strips + t.block_strips - 1) / t.block_strips;
  const PartialSums parts(blocks, kWinogradPlanes * size);
  Workspace scratch;
  float* sums = parts.take(scratch);
  parallel_for(parts.chunks, [&](Index begin, Index end) {
    Workspace inner;
    const Index x_plane = t.plane(g.C), dy_plane = t.plane(g.K);
    float* x_planes = inner.take(kWinogradPlanes * x_plane);
    float* dy_planes = inner.take(kWinogradPlanes * dy_plane);
    float* sum = parts.of(sums, begin);
    for (Index block = begin; block < end; ++block) {
      const Index first = block * t.block_strips, last = std::min(t.strips, first + t.block_strips);
      to_planes(t, {x, g.H, g.W, g.C, {Kind::input}, t.padding}, first, last, x_planes);
      to_planes(t, {{dy}, g.P, g.Q, g.K, {Kind::evaluate, t.m}, 0}, first, last, dy_planes);
      const std::span next_x = t.pixels(x.x, g.H, g.W * g.C, last), next_dy = t.pixels(dy, g.P, g.Q * g.K, last);
      for (Index i = 0; i < kWinogradPlanes; ++i) {
        float* c = sum + i * size;
        block_product({.a = dy_planes + i * dy_plane,
                       .a_row = 1,
                       .a_run = 0,
                       .a_step = g.K,
                       .b = x_planes + i * x_plane,
                       .b_row = g.C,
                       .c = c,
                       .c_row = g.C,
                       .start = block > begin ? c : nullptr,
                       .start_row = g.C,
                       .rows = g.K,
                       .columns = g.C,
                       .runs = 1,
                       .run = (last - first) * t.cols,
                       .fetch = {part(next_x, i), part(next_dy, i)}});
      }
    }
  });
  join_kernel_gradient(t, parts, sums, dw, add);
}

}  // namespace temper::winograd
