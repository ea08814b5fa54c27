// Columns are built for one block of pixels at a time, so that the product finds them in the second-level cache.
#include "core/kernels/convolution/im2col.h"

#include "core/engine/gemm.h"
#include "core/kernels/convolution/partial_sums.h"
#include "core/kernels/relu.h"

namespace temper::im2col {
namespace {

constexpr Index kColumnsSize = 1 << 17;  // 512 KiB of columns a block
constexpr Index kLeastBlock = 64;        // pixels a block: fewer, and the product spends its time on reading w
constexpr Index kTaskWork = 1 << 18;     // multiplications a task of a parallel loop

// Output pixels [begin, end) of one image.
struct Block {
  Index image, begin, end;
  Index pixels() const { return end - begin; }
};

// How the output of a convolution is cut into blocks. Blocks end with their image.
struct Geometry : Convolution {
  Index depth;  // the columns' extent
  Index block_pixels, image_blocks, blocks;

  explicit Geometry(const Convolution& convolution) : Convolution(convolution), depth(convolution.depth()) {
    const Index most = std::max(kLeastBlock, kColumnsSize / std::max<Index>(1, depth));
    image_blocks = (P * Q + most - 1) / most;
    block_pixels = (P * Q + image_blocks - 1) / image_blocks;
    blocks = N * image_blocks;
  }

  Index group_inputs() const { return C / groups; }
  Index group_outputs() const { return K / groups; }
  Block block(Index i) const {
    const Index begin = i % image_blocks * block_pixels;
    return {i / image_blocks, begin, std::min(P * Q, begin + block_pixels)};
  }
  // Blocks a task.
  Index grain() const { return std::max<Index>(1, kTaskWork / std::max<Index>(1, block_pixels * depth * K)); }
  // x is its own columns.
  bool pointwise() const { return window.kernel == 1 && window.stride == 1 && window.padding == 0; }
  Index columns_size() const { return pointwise() ? 0 : block_pixels * depth; }

  // Group g of w, dw and, seen as a matrix of pixels, of x, y and their gradients.
  Matrix kernels(const float* w, Index g) const { return {w + g * group_outputs() * depth, group_outputs(), depth}; }
  Index input_offset(const Block& b, Index g) const { return (b.image * H * W + b.begin) * C + g * group_inputs(); }
  Index output_offset(const Block& b, Index g) const { return (b.image * P * Q + b.begin) * K + g * group_outputs(); }
  Matrix outputs(const float* y, const Block& b, Index g) const { return {y + output_offset(b, g), b.pixels(), group_outputs(), K}; }
};

// Visits the columns of a block in order, as runs that lie side by side in the image as well: inside(column, offset in the image, length),
// or that lie in the padding: outside(column, length).
template <class Inside, class Outside>
void for_each_run(const Geometry& g, const Block& block, Index group, Inside inside, Outside outside) {
  const Size2 dilation = g.window.dilation;
  const Index channels = g.group_inputs();
  const Index run = dilation.w == 1 && g.groups == 1 ? g.S : 1;  // taps that are neighbours in memory
  Index column = 0;
  for (Index pixel = block.begin; pixel < block.end; ++pixel) {
    const Size2 corner = g.window.corner(pixel / g.Q, pixel % g.Q);
    for (Index r = 0; r < g.R; ++r) {
      const Index h = corner.h + r * dilation.h;
      for (Index s = 0; s < g.S; s += run, column += run * channels) {
        const Index w = corner.w + s * dilation.w;
        const TapRange taps = h >= 0 && h < g.H ? taps_inside(w, run, g.W) : TapRange{run, run};
        if (taps.begin > 0) outside(column, taps.begin * channels);
        if (taps.begin < taps.end)
          inside(column + taps.begin * channels, ((h * g.W + w + taps.begin) * g.C) + group * channels, (taps.end - taps.begin) * channels);
        if (taps.end < run) outside(column + taps.end * channels, (run - taps.end) * channels);
      }
    }
  }
}

// The columns of a block of x, built in `memory`.
Matrix columns(const Geometry& g, const float* x, const Block& block, Index group, float* memory) {
  if (g.pointwise()) return {x + g.input_offset(block, group), block.pixels(), g.depth, g.C};
  const float* image = x + block.image * g.H * g.W * g.C;
  for_each_run(
      g, block, group, [&](Index column, Index offset, Index length) { std::copy_n(image + offset, length, memory + column); },
      [&](Index column, Index length) { std::fill_n(memory + column, length, 0.0f); });
  return {memory, block.pixels(), g.depth};
}

// Adds the gradient of a block's columns to that of its image.
void col2im(const Geometry& g, const float* memory, const Block& block, Index group, float* dx) {
  float* image = dx + block.image * g.H * g.W * g.C;
  for_each_run(
      g, block, group,
      [&](Index column, Index offset, Index length) {
        for (Index i = 0; i < length; ++i) image[offset + i] += memory[column + i];
      },
      [](Index, Index) {});
}

}  // namespace

Index packed_size(const Convolution& g) { return g.K * g.depth(); }

void pack_kernels(const Convolution& g, const float* w, float* packed) { std::copy_n(w, g.K * g.depth(), packed); }

void forward(const Convolution& convolution, const float* x, const float* packed, const ConvolutionEpilogue& epilogue, float* y) {
  const Geometry g(convolution);
  parallel_for(g.blocks, g.grain(), [&](Index begin, Index end) {
    Workspace scratch;
    float* memory = scratch.take(g.columns_size());
    for (Index i = begin; i < end; ++i) {
      const Block block = g.block(i);
      for (Index group = 0; group < g.groups; ++group) {
        const float* bias = epilogue.bias ? epilogue.bias + group * g.group_outputs() : nullptr;
        gemm(columns(g, x, block, group, memory), transposed(g.kernels(packed, group)),
             {y + g.output_offset(block, group), block.pixels(), g.group_outputs(), g.K}, {.bias = bias});
      }
      const Index offset = g.output_offset(block, 0);
      add_relu(epilogue.residual ? epilogue.residual + offset : nullptr, epilogue.relu, block.pixels() * g.K, y + offset);
    }
  });
}

// One image a thread: windows overlap within an image only.
void input_gradient(const Convolution& convolution, const float* w, const float* dy, float* dx, bool add) {
  const Geometry g(convolution);
  const Index grain = std::max<Index>(1, g.grain() / g.image_blocks);
  parallel_for(g.N, grain, [&](Index first, Index last) {
    Workspace scratch;
    float* memory = scratch.take(g.columns_size());
    if (!g.pointwise() && !add) std::fill(dx + first * g.H * g.W * g.C, dx + last * g.H * g.W * g.C, 0.0f);
    for (Index i = first * g.image_blocks; i < last * g.image_blocks; ++i) {
      const Block block = g.block(i);
      for (Index group = 0; group < g.groups; ++group) {
        const Matrix dy_block = g.outputs(dy, block, group), kernels = g.kernels(w, group);
        if (g.pointwise()) {
          gemm(dy_block, kernels, {dx + g.input_offset(block, group), block.pixels(), g.depth, g.C}, {.accumulate = add});
        } else {
          gemm(dy_block, kernels, {memory, block.pixels(), g.depth});
          col2im(g, memory, block, group, dx);
        }
      }
    }
  });
}

void kernel_gradient(const Convolution& convolution, const float* x, const float* dy, float* dw, bool add) {
  const Geometry g(convolution);
  const PartialSums parts(g.blocks, g.K * g.depth);
  Workspace scratch;
  float* sums = parts.take(scratch);
  parallel_for(parts.chunks, [&](Index begin, Index end) {
    Workspace inner;
    float* memory = inner.take(g.columns_size());
    float* sum = parts.of(sums, begin);
    for (Index i = begin; i < end; ++i) {
      const Block block = g.block(i);
      for (Index group = 0; group < g.groups; ++group) {
        gemm(transposed(g.outputs(dy, block, group)), columns(g, x, block, group, memory),
             {sum + group * g.group_outputs() * g.depth, g.group_outputs(), g.depth}, {.accumulate = i > begin});
      }
    }
  });
  parallel_for(parts.size, kElementGrain, [&](Index begin, Index end) {
    parts.join(sums, begin, end);
    for (Index i = begin; i < end; ++i) dw[i] = (add ? dw[i] : 0.0f) + sums[i];
  });
}

}  // namespace temper::im2col
