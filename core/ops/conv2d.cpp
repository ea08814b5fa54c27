// Convolution as matrix products. im2col lays the inputs that an output pixel sees out as a row of a matrix, the columns; then
//   y(pixels, K) = columns(pixels, R S C) w(K, R S C)^T,   dw = dy^T columns,   dx = col2im(dy w),
// group by group. Columns are built for one block of pixels at a time, so that the product finds them in the second-level cache.
#include "core/ops/conv2d.h"

#include "core/gemm.h"
#include "core/tape.h"

namespace temper {
namespace {

constexpr Index kColumnsSize = 1 << 17;  // 512 KiB of columns a block
constexpr Index kLeastBlock = 64;        // pixels a block: fewer, and the product spends its time on reading w
constexpr Index kTaskWork = 1 << 18;     // multiplications a task of a parallel loop
constexpr Index kMostParts = 16;         // partial sums of dw
constexpr Index kPartsSize = 1 << 22;    // and their memory, 16 MiB, unless two need more

// Output pixels [begin, end) of one image.
struct Block {
  Index image, begin, end;
  Index pixels() const { return end - begin; }
};

// The extents of a convolution and how its output is cut into blocks. Blocks end with their image.
struct Geometry {
  Window window;
  Index H, W, C, K, R, S, P, Q, images, groups;
  Index depth;  // R S C/groups: the columns' extent
  Index block_pixels, image_blocks, blocks;

  Geometry(const Shape& x, const Shape& w, const Shape& y, const Window& sliding)
      : window(sliding), H(x[1]), W(x[2]), C(x[3]), K(w[0]), R(w[1]), S(w[2]), P(y[1]), Q(y[2]), images(x[0]) {
    groups = w[3] ? C / w[3] : 1;
    depth = R * S * w[3];
    const Index most = std::max(kLeastBlock, kColumnsSize / std::max<Index>(1, depth));
    image_blocks = (P * Q + most - 1) / most;
    block_pixels = (P * Q + image_blocks - 1) / image_blocks;
    blocks = images * image_blocks;
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

// dx, one image a thread: windows overlap within an image only.
void input_gradient(const Geometry& g, const float* w, const float* dy, const GradientView& dx) {
  const Index grain = std::max<Index>(1, g.grain() / g.image_blocks);
  parallel_for(g.images, grain, [&](Index first, Index last) {
    Workspace scratch;
    float* memory = scratch.take(g.columns_size());
    if (!g.pointwise() && !dx.add) std::fill(dx.data + first * g.H * g.W * g.C, dx.data + last * g.H * g.W * g.C, 0.0f);
    for (Index i = first * g.image_blocks; i < last * g.image_blocks; ++i) {
      const Block block = g.block(i);
      for (Index group = 0; group < g.groups; ++group) {
        const Matrix dy_block = g.outputs(dy, block, group), kernels = g.kernels(w, group);
        if (g.pointwise()) {
          gemm(dy_block, kernels, {dx.data + g.input_offset(block, group), block.pixels(), g.depth, g.C}, {.accumulate = dx.add});
        } else {
          gemm(dy_block, kernels, {memory, block.pixels(), g.depth});
          col2im(g, memory, block, group, dx.data);
        }
      }
    }
  });
}

// dw, as partial sums over a number of blocks each that depends on the shapes alone, joined in order.
void kernel_gradient(const Geometry& g, const float* x, const float* dy, const GradientView& dw) {
  const Index size = dw.size();
  const Index most_parts = std::clamp<Index>(kPartsSize / std::max<Index>(1, size), 2, kMostParts);
  const Index grain = std::max<Index>(1, (g.blocks + most_parts - 1) / most_parts), parts = (g.blocks + grain - 1) / grain;
  Workspace scratch;
  float* sums = scratch.take(parts * size);
  parallel_for(g.blocks, grain, [&](Index begin, Index end) {
    Workspace inner;
    float* memory = inner.take(g.columns_size());
    float* sum = sums + begin / grain * size;
    for (Index i = begin; i < end; ++i) {
      const Block block = g.block(i);
      for (Index group = 0; group < g.groups; ++group) {
        gemm(transposed(g.outputs(dy, block, group)), columns(g, x, block, group, memory),
             {sum + group * g.group_outputs() * g.depth, g.group_outputs(), g.depth}, {.accumulate = i > begin});
      }
    }
  });
  parallel_for(size, kElementGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      float total = 0;
      for (Index part = 0; part < parts; ++part) total += sums[part * size + i];
      dw.store(i, total);
    }
  });
}

// db, the sum of dy over the pixels.
void bias_gradient(const Geometry& g, const float* dy, const GradientView& db) {
  const Index rows = g.images * g.P * g.Q;
  const Index grain = std::max(row_grain(g.K), (rows + kMostParts - 1) / kMostParts), parts = (rows + grain - 1) / grain;
  Workspace scratch;
  double* sums = scratch.take<double>(parts * g.K);
  std::fill_n(sums, parts * g.K, 0.0);
  parallel_for(rows, grain, [&](Index begin, Index end) {
    double* sum = sums + begin / grain * g.K;
    for (Index row = begin; row < end; ++row) {
      for (Index k = 0; k < g.K; ++k) sum[k] += static_cast<double>(dy[row * g.K + k]);
    }
  });
  for (Index k = 0; k < g.K; ++k) {
    double total = 0;
    for (Index part = 0; part < parts; ++part) total += sums[part * g.K + k];
    db.store(k, static_cast<float>(total));
  }
}

struct Conv2d {
  static constexpr auto name = "conv2d";
  Conv2dOptions options;
  bool has_bias;

  Shape shape(const Shape& x, const Shape& w, const Shape& b) const {
    TEMPER_CHECK(x.rank() == 4 && w.rank() == 4, name, ": an input ", x, " and kernels ", w,
                 " do not fit; it takes (N,H,W,C) and (K,R,S,C)");
    const Index groups = options.groups, C = x[3], K = w[0];
    TEMPER_CHECK(groups >= 1 && C % groups == 0 && K % groups == 0, name, ": groups ", groups, " do not divide the channels of an input ",
                 x, " and the ", K, " outputs of kernels ", w, "; use a number that divides both");
    TEMPER_CHECK(w[3] == C / groups, name, ": an input ", x, " does not fit kernels ", w, " in ", groups, " groups; they must be (K,R,S,",
                 C / groups, ")");
    TEMPER_CHECK(!has_bias || b == Shape{K}, name, ": a bias ", b, " does not fit kernels ", w, "; it must be (", K, ")");
    const Size2 output = window(w).output_size(name, x);
    return {x[0], output.h, output.w, K};
  }

  void forward(In<0> x, In<1> w, In<2> b, Out y) const {
    const Geometry g(x.shape, w.shape, y.shape, window(w.shape));
    parallel_for(g.blocks, g.grain(), [&](Index begin, Index end) {
      Workspace scratch;
      float* memory = scratch.take(g.columns_size());
      for (Index i = begin; i < end; ++i) {
        const Block block = g.block(i);
        for (Index group = 0; group < g.groups; ++group) {
          gemm(columns(g, x.data, block, group, memory), transposed(g.kernels(w.data, group)),
               {y.data + g.output_offset(block, group), block.pixels(), g.group_outputs(), g.K},
               {.bias = b ? b.data + group * g.group_outputs() : nullptr});
        }
      }
    });
  }

  void backward(In<0> x, In<1> w, Grad dy, Into<0> dx, Into<1> dw, Into<2> db) const {
    const Geometry g(x.shape, w.shape, dy.shape, window(w.shape));
    if (dx) input_gradient(g, w.data, dy.data, dx);
    if (dw) kernel_gradient(g, x.data, dy.data, dw);
    if (db) bias_gradient(g, dy.data, db);
  }

 private:
  Window window(const Shape& w) const { return {{w[1], w[2]}, options.stride, options.padding, options.dilation}; }
};

}  // namespace

Tensor conv2d(Tensor x, Tensor w, Tensor b, const Conv2dOptions& options) {
  const bool has_bias = static_cast<bool>(b);
  return Tape::apply(Conv2d{options, has_bias}, std::move(x), std::move(w), std::move(b));
}

}  // namespace temper
