#include "models/training/divergence.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/engine/tape.h"
#include "core/ops/elementwise.h"

namespace temper::training {
namespace {

struct TwoParameters {
  ParameterStore store;
  Parameter *first, *second;

  TwoParameters() {
    const auto one = [](const View& value, const Random&) { value[0] = 1; };
    first = &store.root().declare({.name = "first", .shape = Shape{1}, .initialize = one});
    second = &store.root().declare({.name = "second", .shape = Shape{1}, .initialize = one});
    store.commit({});
  }
  std::string found(float factor) {
    return first_not_finite(store, [&] {
      const Tape tape;
      const Tensor x = scale(Tensor(*first), factor);
      static_cast<void>(multiply(scale(Tensor(x), factor), Tensor(*second)));
    });
  }
};

TEST_CASE("divergence: the first that is not finite is named, a parameter or the result of a layer") {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  TwoParameters net;
  CHECK(net.found(2) == "");
  CHECK(net.found(1e30f) == "scale after first is the first layer with a result that is not finite");
  net.second->value[0] = kNaN;
  CHECK(net.found(2) == "second is not finite");
  net.first->value[0] = kNaN;
  CHECK(net.found(2) == "first is not finite");
}

}  // namespace
}  // namespace temper::training
