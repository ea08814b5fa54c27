#include "core/ops/elementwise.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

void check_equal(const char* op, const Shape& a, const Shape& b) {
  TEMPER_CHECK(a == b, op, ": the shapes ", a, " and ", b, " differ; give both the same shape");
}

// body(i) for every element, on all threads.
template <class Body> void for_each(Index size, Body body) {
  parallel_for(size, kElementGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) body(i);
  });
}

struct Add {
  static constexpr auto name = "add";

  Shape shape(const Shape& a, const Shape& b) const {
    check_equal(name, a, b);
    return a;
  }
  void forward(In<0> a, In<1> b, OutOver<0> y) const {
    for_each(y.size(), [&](Index i) { y[i] = a[i] + b[i]; });
  }
  void backward(Grad dy, Into<0> da, Into<1> db) const {
    if (da) for_each(dy.size(), [&](Index i) { da.store(i, dy[i]); });
    if (db) for_each(dy.size(), [&](Index i) { db.store(i, dy[i]); });
  }
};

struct Multiply {
  static constexpr auto name = "multiply";

  Shape shape(const Shape& a, const Shape& b) const {
    check_equal(name, a, b);
    return a;
  }
  void forward(In<0> a, In<1> b, Out y) const {
    for_each(y.size(), [&](Index i) { y[i] = a[i] * b[i]; });
  }
  void backward(In<0> a, In<1> b, Grad dy, Into<0> da, Into<1> db) const {
    if (da) for_each(dy.size(), [&](Index i) { da.store(i, dy[i] * b[i]); });
    if (db) for_each(dy.size(), [&](Index i) { db.store(i, dy[i] * a[i]); });
  }
};

struct Scale {
  static constexpr auto name = "scale";
  float factor;

  Shape shape(const Shape& x) const { return x; }
  void forward(In<0> x, OutOver<0> y) const {
    for_each(y.size(), [&](Index i) { y[i] = factor * x[i]; });
  }
  void backward(Grad dy, IntoOver<0> dx) const {
    for_each(dy.size(), [&](Index i) { dx.store(i, factor * dy[i]); });
  }
};

}  // namespace

Tensor add(Tensor a, Tensor b) { return Tape::apply(Add{}, std::move(a), std::move(b)); }
Tensor multiply(Tensor a, Tensor b) { return Tape::apply(Multiply{}, std::move(a), std::move(b)); }
Tensor scale(Tensor x, float factor) { return Tape::apply(Scale{factor}, std::move(x)); }

}  // namespace temper
