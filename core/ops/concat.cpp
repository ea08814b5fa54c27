#include "core/ops/concat.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

Shape with_last(const Shape& shape, Index last) {
  switch (shape.rank()) {
    case 1:
      return {last};
    case 2:
      return {shape[0], last};
    case 3:
      return {shape[0], shape[1], last};
    default:
      return {shape[0], shape[1], shape[2], last};
  }
}

struct Concat {
  static constexpr auto name = "concat";

  Shape shape(std::span<const Tensor> parts) const {
    TEMPER_CHECK(!parts.empty(), name, ": no parts; give at least one tensor");
    Index last = 0;
    for (const Tensor& part : parts) {
      TEMPER_CHECK(part && part.shape().rank() >= 1, name, ": a part is empty or a scalar; give tensors of rank 1 or more");
      TEMPER_CHECK(part.shape().rank() == parts[0].shape().rank() && with_last(part.shape(), 0) == with_last(parts[0].shape(), 0), name,
                   ": the parts ", parts[0].shape(), " and ", part.shape(), " do not fit; only the last extent may differ");
      last += part.shape().last();
    }
    return with_last(parts[0].shape(), last);
  }

  void forward(Ins parts, Out y) const {
    const Index width = y.shape.last();
    parallel_for(y.shape.rows(), row_grain(width), [&](Index begin, Index end) {
      for (Index row = begin; row < end; ++row) {
        float* out = y.data + row * width;
        for (const ConstView& part : parts.views) {
          const Index C = part.shape.last();
          out = std::copy_n(part.data + row * C, C, out);
        }
      }
    });
  }

  void backward(Grad dy, Intos dparts) const {
    const Index width = dy.shape.last();
    parallel_for(dy.shape.rows(), row_grain(width), [&](Index begin, Index end) {
      for (Index row = begin; row < end; ++row) {
        const float* gradient = dy.data + row * width;
        for (const GradientView& dpart : dparts.views) {
          const Index C = dpart.shape.last();
          if (dpart) {
            for (Index c = 0; c < C; ++c) dpart.store(row * C + c, gradient[c]);
          }
          gradient += C;
        }
      }
    });
  }
};

}  // namespace

Tensor concat(std::vector<Tensor> parts) { return Tape::apply_to_list(Concat{}, parts); }

}  // namespace temper
