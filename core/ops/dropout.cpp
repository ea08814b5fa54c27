#include "core/ops/dropout.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/dropout.h"

namespace temper {
namespace {

Chunks chunks(Index size) { return {size, kElementGrain, kDropBlock}; }

struct Dropout {
  static constexpr auto name = "dropout";
  DropoutMask mask;

  Shape shape(const Shape& x) const { return x; }

  void forward(In<0> x, OutOver<0> y) const {
    parallel_for(chunks(x.size()),
                 [&](Index begin, Index end) { apply_dropout(mask, begin, end - begin, x.data + begin, nullptr, y.data + begin); });
  }
  void backward(Grad dy, IntoOver<0> dx) const {
    parallel_for(chunks(dy.size()), [&](Index begin, Index end) {
      apply_dropout(mask, begin, end - begin, dy.data + begin, dx.add ? dx.data + begin : nullptr, dx.data + begin);
    });
  }
};

// The same on one branch of a sum.
struct AddDropout {
  static constexpr auto name = "add_dropout";
  DropoutMask mask;

  Shape shape(const Shape& x, const Shape& branch) const {
    TEMPER_CHECK(x == branch, name, ": the shapes ", x, " and ", branch, " differ; give both the same shape");
    return x;
  }

  void forward(In<0> x, In<1> branch, OutOver<0> y) const {
    parallel_for(chunks(x.size()), [&](Index begin, Index end) {
      apply_dropout(mask, begin, end - begin, branch.data + begin, x.data + begin, y.data + begin);
    });
  }
  void backward(Grad dy, Into<0> dx, Into<1> dbranch) const {
    parallel_for(chunks(dy.size()), [&](Index begin, Index end) {
      if (dx) {
        for (Index i = begin; i < end; ++i) dx.store(i, dy[i]);
      }
      if (dbranch)
        apply_dropout(mask, begin, end - begin, dy.data + begin, dbranch.add ? dbranch.data + begin : nullptr, dbranch.data + begin);
    });
  }
};

void check_rate(const char* op, float rate) {
  TEMPER_CHECK(rate >= 0 && rate <= 1, op, ": a rate of ", rate, " is not in 0..1; give the share of elements to drop");
}

}  // namespace

Tensor dropout(Tensor x, float rate, const Random& random) {
  check_rate("dropout", rate);
  if (!Tape::recording() || rate == 0) return x;
  return Tape::apply(Dropout{{rate, random}}, std::move(x));
}

Tensor add_dropout(Tensor x, Tensor branch, float rate, const Random& random) {
  check_rate("add_dropout", rate);
  return Tape::apply(AddDropout{{Tape::recording() ? rate : 0, random}}, std::move(x), std::move(branch));
}

}  // namespace temper
