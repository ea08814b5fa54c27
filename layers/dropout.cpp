#include "layers/dropout.h"

#include "core/engine/tape.h"
#include "core/ops/dropout.h"
#include "core/ops/elementwise.h"
#include "layers/random_scope.h"

namespace temper::layers {

Dropout::Dropout(float dropped) : rate(dropped) {
  TEMPER_CHECK(rate >= 0 && rate < 1, "dropout layer: a rate of ", rate, " is not in [0, 1); give the share of elements to drop");
}

Tensor Dropout::operator()(Tensor x) const {
  if (!Tape::recording() || rate == 0) return x;
  return dropout(std::move(x), rate, RandomScope::next());
}

Tensor Dropout::operator()(Tensor x, Tensor branch) const {
  if (!Tape::recording() || rate == 0) return add(std::move(x), std::move(branch));
  return add_dropout(std::move(x), std::move(branch), rate, RandomScope::next());
}

}  // namespace temper::layers
