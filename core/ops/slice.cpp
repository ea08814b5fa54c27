#include "core/ops/slice.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

struct Slice {
  static constexpr auto name = "slice";
  Index begin, end;

  Shape shape(const Shape& x) const {
    TEMPER_CHECK(x.rank() >= 1 && begin >= 0 && begin <= end && end <= x[0], name, ": rows ", begin, " to ", end, " of ", x,
                 " do not exist; give 0 <= begin <= end <= N");
    switch (x.rank()) {
      case 1:
        return {end - begin};
      case 2:
        return {end - begin, x[1]};
      case 3:
        return {end - begin, x[1], x[2]};
      default:
        return {end - begin, x[1], x[2], x[3]};
    }
  }

  void forward(In<0> x, Out y) const {
    const Index offset = first_element(x.shape);
    parallel_for(y.size(), kElementGrain, [&](Index i, Index stop) { std::copy_n(x.data + offset + i, stop - i, y.data + i); });
  }

  void backward(Grad dy, Into<0> dx) const {
    const Index offset = first_element(dx.shape);
    if (!dx.add) {
      std::fill_n(dx.data, offset, 0.0f);
      std::fill(dx.data + offset + dy.size(), dx.data + dx.size(), 0.0f);
    }
    parallel_for(dy.size(), kElementGrain, [&](Index i, Index stop) {
      for (; i < stop; ++i) dx.store(offset + i, dy[i]);
    });
  }

 private:
  Index first_element(const Shape& x) const { return x[0] == 0 ? 0 : begin * (x.size() / x[0]); }
};

}  // namespace

Tensor slice(Tensor x, Index begin, Index end) { return Tape::apply(Slice{begin, end}, std::move(x)); }

}  // namespace temper
