#include "models/networks/resnet.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/softmax_cross_entropy.h"
#include "models/networks/registry.h"
#include "optim/sgd.h"

namespace temper::models {
namespace {

// A few steps on fixed images and labels.
std::vector<float> trained(const std::string& name, const Shape& image, int thread_count, double* first_loss = nullptr,
                           double* last_loss = nullptr) {
  const int before = threads();
  set_threads(thread_count);
  ParameterStore store;
  const auto network = make_network(name, store.root(), {.image = image, .classes = 10});
  store.commit({.seed = 4});
  optim::Sgd sgd(store, {.momentum = 0.9, .nesterov = true});
  const Random random(2, {});
  Tensor images(Shape{12, image[0], image[1], image[2]});
  for (Index i = 0; i < images.size(); ++i) images.data()[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
  const std::int32_t labels[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1};
  for (int step = 0; step < 8; ++step) {
    Tape tape;
    const Tensor loss = softmax_cross_entropy((*network)(images), labels);
    if (step == 0 && first_loss) *first_loss = loss.item();
    if (last_loss) *last_loss = loss.item();
    tape.backward(loss);
    sgd.step(0.02f);
    CHECK(sgd.untouched().empty());
  }
  set_threads(before);
  return {store.all_values().begin(), store.all_values().end()};
}

TEST_CASE("networks: the networks of the paper learn, every parameter gets a gradient, and the bits do not depend on the threads") {
  struct Case {
    const char* name;
    Shape image;
  };
  for (const Case& c : {Case{"resnet20", {16, 16, 3}}, Case{"resnet8-wide", {16, 16, 3}}, Case{"alexnet", {24, 24, 3}}}) {
    CAPTURE(c.name);
    double first = 0, last = 0;
    const std::vector<float> one = trained(c.name, c.image, 1, &first, &last);
    CHECK(last < first);
    for (const int count : {2, 3}) {
      const std::vector<float> many = trained(c.name, c.image, count);
      CHECK(std::memcmp(one.data(), many.data(), one.size() * sizeof(float)) == 0);
    }
  }
}

}  // namespace
}  // namespace temper::models
