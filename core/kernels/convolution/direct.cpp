#include "core/kernels/convolution/direct.h"

#include "core/kernels/block_product.h"
#include "core/kernels/convolution/packing.h"
#include "core/kernels/convolution/partial_sums.h"
#include "core/kernels/relu.h"

namespace temper::direct {
namespace {

constexpr Index kTaskWork = 1 << 19;   // multiplications a task of a parallel loop
constexpr Index kFrameSize = 1 << 14;  // floats of a frame, about: 64 KiB

// The output rows of a batch, in blocks that end with their image.
struct RowBlocks {
  Index rows, block_rows, image_blocks, blocks;

  // For images of `rows_of_image` rows that take `work` multiplications and `size` floats of a frame a row.
  RowBlocks(Index images, Index rows_of_image, Index work, Index size) : rows(rows_of_image) {
    const Index wanted = std::min(kTaskWork / std::max<Index>(1, work), kFrameSize / std::max<Index>(1, size));
    image_blocks = (rows + std::max<Index>(1, wanted) - 1) / std::max<Index>(1, wanted);
    block_rows = (rows + image_blocks - 1) / std::max<Index>(1, image_blocks);
    blocks = images * image_blocks;
  }

  Index image(Index block) const { return block / image_blocks; }
  Index begin(Index block) const { return block % image_blocks * block_rows; }
  Index end(Index block) const { return std::min(rows, begin(block) + block_rows); }
};

// The frame of x that output rows [begin, end) see.
ImageFrame frame_of_rows(const Convolution& g, Index begin, Index end) {
  const Size2 corner = g.window.corner(begin, 0), stride = g.window.stride;
  return {corner.h, std::max<Index>(0, (end - begin - 1) * stride.h + g.R), corner.w, (g.Q - 1) * stride.w + g.S};
}

bool unpadded(const Convolution& g) { return g.window.padding == 0; }

// Frames are cut from an image by copying, unless the image is its own frame.
struct Cut {
  const float* data;
  Index row;  // elements between the starts of two rows
};
Cut cut(const Convolution& g, const float* image, const ImageFrame& frame, float* memory) {
  if (unpadded(g)) return {image + frame.row * g.W * g.C, g.W * g.C};
  copy_frame(image, g.H, g.W, g.C, frame, memory);
  return {memory, frame.cols * g.C};
}
Index frame_size(const Convolution& g, const RowBlocks& blocks) {
  if (unpadded(g)) return 0;
  const ImageFrame frame = frame_of_rows(g, 0, blocks.block_rows);
  return frame.rows * frame.cols * g.C;
}

// Product into rows of any number of columns, by way of memory(rows, padded columns) where these are no multiple of the block.
void product_into(BlockProduct p, Index columns, const float* bias, float* c, Index c_row, bool add, float* memory) {
  p.columns = padded_columns(columns);
  const bool padded = p.columns != columns;
  p.c = padded ? memory : c;
  p.c_row = padded ? p.columns : c_row;
  p.start = add && !padded ? c : bias;
  p.start_row = add && !padded ? c_row : 0;
  block_product(p);
  if (!padded) return;
  for (Index row = 0; row < p.rows; ++row) {
    for (Index col = 0; col < columns; ++col) {
      const float value = memory[row * p.columns + col];
      c[row * c_row + col] = add ? c[row * c_row + col] + value : value;
    }
  }
}

// The pixels of dx at h = number + i stride, one axis, and the taps that reach them: tap + j stride, j < taps, from dy at i + reach - j.
struct Phase {
  Index number, count, tap, taps, reach;

  Phase(Index number_of, Index extent, Index kernel, Index stride, Index padding)
      : number(number_of),
        count(std::max<Index>(0, (extent - number + stride - 1) / stride)),
        tap((number + padding) % stride),
        taps(std::max<Index>(0, (kernel - tap + stride - 1) / stride)),
        reach((number + padding) / stride) {}
};

// All phases of dx: pairs of one down the columns and one along the rows. Each pair's kernels are those of a convolution of stride 1, the
// taps turned by 180 degrees.
struct Phases {
  const Convolution& g;
  Index columns = padded_columns(g.C), stride_h = g.window.stride.h, stride_w = g.window.stride.w;
  Index most_h = (g.R + stride_h - 1) / stride_h, most_w = (g.S + stride_w - 1) / stride_w;  // taps
  Index kernel_size = most_h * most_w * g.K * columns;                                       // of a pair
  // The frame of dy that any phase sees begins `before` rows and columns before the first pixel's own, and is `more` larger than the
  // pixels.
  Index before_h = most_h - 1 - g.window.padding.h / stride_h, before_w = most_w - 1 - g.window.padding.w / stride_w;

  Phase down(Index number) const { return {number, g.H, g.R, stride_h, g.window.padding.h}; }
  Phase along(Index number) const { return {number, g.W, g.S, stride_w, g.window.padding.w}; }

  // The frame for the pixels begin <= i < end of every phase.
  ImageFrame frame(Index begin, Index end) const {
    return {begin - before_h, end - begin + most_h, -before_w, (g.W + stride_w - 1) / stride_w + most_w};
  }

  // out(stride.h, stride.w, kernel_size), each (taps, K, columns) with zeros from column C on.
  void pack(const float* w, float* out) const {
    for (Index pair = 0; pair < stride_h * stride_w; ++pair) {
      const Phase d = down(pair / stride_w), a = along(pair % stride_w);
      float* to = out + pair * kernel_size;
      for (Index tap = d.taps * a.taps - 1; tap >= 0; --tap) {
        const Index r = d.tap + tap / a.taps * stride_h, s = a.tap + tap % a.taps * stride_w;
        for (Index k = 0; k < g.K; ++k, to += columns) {
          std::copy_n(w + ((k * g.R + r) * g.S + s) * g.C, g.C, to);
          std::fill(to + g.C, to + columns, 0.0f);
        }
      }
    }
  }
};

}  // namespace

bool applies(const Convolution& g) { return g.groups == 1 && g.window.dilation == 1 && g.C > 0 && g.K > 0; }

Index packed_size(const Convolution& g) { return g.depth() * padded_columns(g.K); }

void pack_kernels(const Convolution& g, const float* w, float* packed) {
  pack_by_output(w, g.K, g.R * g.S, g.C, padded_columns(g.K), packed);
}

void forward(const Convolution& g, const float* x, const float* packed, const ConvolutionEpilogue& epilogue, float* y) {
  const Index columns = padded_columns(g.K), row_size = g.Q * g.K;
  const RowBlocks blocks(g.N, g.P, g.Q * g.depth() * columns, g.window.stride.h * g.W * g.C);
  Workspace scratch;
  float* bias = scratch.take(columns);
  std::fill_n(bias, columns, 0.0f);
  if (epilogue.bias) std::copy_n(epilogue.bias, g.K, bias);
  parallel_for(blocks.blocks, 1, [&](Index block, Index) {
    Workspace inner;
    const Index begin = blocks.begin(block), end = blocks.end(block), image = blocks.image(block);
    float* memory = inner.take(g.Q * columns);
    const Cut frame = cut(g, x + image * g.H * g.W * g.C, frame_of_rows(g, begin, end), inner.take(frame_size(g, blocks)));
    for (Index p = begin; p < end; ++p) {
      const Index offset = (image * g.P + p) * row_size;
      product_into({.a = frame.data + (p - begin) * g.window.stride.h * frame.row,
                    .a_row = g.window.stride.w * g.C,
                    .a_run = frame.row,
                    .a_step = 1,
                    .b = packed,
                    .b_row = columns,
                    .rows = g.Q,
                    .runs = g.R,
                    .run = g.S * g.C},
                   g.K, bias, y + offset, g.K, false, memory);
      add_relu(epilogue.residual ? epilogue.residual + offset : nullptr, epilogue.relu, row_size, y + offset);
    }
  });
}

void input_gradient(const Convolution& g, const float* w, const float* dy, float* dx, bool add) {
  const Phases phases{g};
  const Index rows_of_phase = (g.H + phases.stride_h - 1) / phases.stride_h, row = phases.frame(0, 1).cols * g.K;
  const RowBlocks blocks(g.N, rows_of_phase, g.W * g.depth() / phases.stride_w * padded_columns(g.K), row);
  Workspace scratch;
  float* kernels = scratch.take(phases.stride_h * phases.stride_w * phases.kernel_size);
  phases.pack(w, kernels);
  parallel_for(blocks.blocks, 1, [&](Index block, Index) {
    Workspace inner;
    const Index begin = blocks.begin(block), end = blocks.end(block), image = blocks.image(block);
    const ImageFrame frame = phases.frame(begin, end);
    float* memory = inner.take(g.W * phases.columns);
    float* frame_memory = inner.take(frame.rows * row);
    copy_frame(dy + image * g.P * g.Q * g.K, g.P, g.Q, g.K, frame, frame_memory);
    for (Index i = begin * phases.stride_h; i < std::min(g.H, end * phases.stride_h); ++i) {
      const Phase down = phases.down(i % phases.stride_h);
      const Index first_row = i / phases.stride_h + down.reach - (down.taps - 1) - frame.row;
      for (Index number = 0; number < std::min(g.W, phases.stride_w); ++number) {
        const Phase along = phases.along(number);
        product_into({.a = frame_memory + first_row * row + (along.reach - (along.taps - 1) - frame.col) * g.K,
                      .a_row = g.K,
                      .a_run = row,
                      .a_step = 1,
                      .b = kernels + (down.number * phases.stride_w + number) * phases.kernel_size,
                      .b_row = phases.columns,
                      .rows = along.count,
                      .runs = down.taps,
                      .run = along.taps * g.K},
                     g.C, nullptr, dx + ((image * g.H + i) * g.W + number) * g.C, phases.stride_w * g.C, add, memory);
      }
    }
  });
}

void kernel_gradient(const Convolution& g, const float* x, const float* dy, float* dw, bool add) {
  const Index columns = padded_columns(g.K), depth = g.depth();
  const RowBlocks blocks(g.N, g.P, 1, g.window.stride.h * g.W * g.C + g.Q * columns);
  const PartialSums parts(blocks.blocks, depth * columns);
  Workspace scratch;
  float* sums = parts.take(scratch);
  parallel_for(parts.chunks, [&](Index first, Index last) {
    Workspace inner;
    float* frame_memory = inner.take(frame_size(g, blocks));
    float* last_dy = inner.take(blocks.block_rows * g.Q * g.K + columns);
    float* sum = parts.of(sums, first);
    for (Index block = first; block < last; ++block) {
      const Index begin = blocks.begin(block), rows = blocks.end(block) - begin, image = blocks.image(block);
      const Cut frame = cut(g, x + image * g.H * g.W * g.C, frame_of_rows(g, begin, begin + rows), frame_memory);
      const float* gradient = dy + (image * g.P + begin) * g.Q * g.K;
      // Columns from K on are those of the next pixel; their sums are not used. Behind the last pixel of all there is none: a copy has.
      if (columns != g.K && block == blocks.blocks - 1) {
        std::copy_n(gradient, rows * g.Q * g.K, last_dy);
        std::fill_n(last_dy + rows * g.Q * g.K, columns - g.K, 0.0f);
        gradient = last_dy;
      }
      for (Index r = 0; r < g.R; ++r) {
        float* c = sum + r * g.S * g.C * columns;
        block_product({.a = frame.data + r * frame.row,
                       .a_row = 1,
                       .a_run = g.window.stride.h * frame.row,
                       .a_step = g.window.stride.w * g.C,
                       .b = gradient,
                       .b_row = g.K,
                       .c = c,
                       .c_row = columns,
                       .start = block > first ? c : nullptr,
                       .start_row = columns,
                       .rows = g.S * g.C,
                       .columns = columns,
                       .runs = rows,
                       .run = g.Q});
      }
    }
  });
  // sums(R S C, columns) to dw(K, R S C).
  parallel_for(depth, row_grain(columns), [&](Index begin, Index end) {
    parts.join(sums, begin * columns, end * columns);
    for (Index k = 0; k < g.K; ++k) {
      for (Index row = begin; row < end; ++row) {
        const float sum = sums[row * columns + k];
        dw[k * depth + row] = add ? dw[k * depth + row] + sum : sum;
      }
    }
  });
}

}  // namespace temper::direct
