#include "core/engine/tape.h"

#include <doctest/doctest.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/ops/elementwise.h"
#include "core/ops/linear.h"
#include "core/ops/relu.h"

namespace temper {
namespace {

struct OneParameter {
  ParameterStore store;
  Parameter* parameter;

  explicit OneParameter(const std::vector<float>& values) {
    const auto count = static_cast<Index>(values.size());
    parameter = &store.root().declare({.name = "p", .shape = Shape{count}, .initialize = [values](const View& value, const Random&) {
                                         std::copy(values.begin(), values.end(), value.data);
                                       }});
    store.commit({});
  }
  std::vector<float> gradient() const { return {parameter->gradient.data, parameter->gradient.data + parameter->gradient.size()}; }
};

TEST_CASE("tape: a parameter and a tensor used more than once gather all their gradients") {
  OneParameter p({1.5f});
  Tape tape;
  const Tensor a = add(*p.parameter, *p.parameter);
  const Tensor b = add(a, a);
  tape.backward(add(relu(b), b));  // relu(4p) + 4p
  CHECK(p.gradient() == std::vector{8.0f});
  CHECK(tape.size() == 0);
}

TEST_CASE("tape: a branch that the loss does not depend on costs nothing and disturbs nothing") {
  OneParameter p({3.0f}), unused({5.0f});
  Tape tape;
  const Tensor side = multiply(*unused.parameter, *unused.parameter);
  tape.backward(scale(*p.parameter, 2));
  CHECK(p.gradient() == std::vector{2.0f});
  CHECK(unused.parameter->gradient_is_stale);
  CHECK(unused.store.zero_unwritten_gradients() == std::vector<std::string>{"p"});
  CHECK(unused.gradient() == std::vector{0.0f});
}

TEST_CASE("tape: alive means training, paused or gone means evaluation") {
  OneParameter p({1.0f});
  CHECK_FALSE(Tape::recording());
  {
    Tape tape;
    CHECK(Tape::recording());
    {
      const Tape::Pause pause;
      CHECK_FALSE(Tape::recording());
      scale(*p.parameter, 2);
      CHECK(tape.size() == 0);
    }
    CHECK(Tape::recording());
    scale(*p.parameter, 2);
    scale(Tensor(Shape{3}), 2);  // depends on no parameter
    CHECK(tape.size() == 1);
    {
      Tape inner;
      scale(*p.parameter, 2);
      CHECK(inner.size() == 1);
    }
    CHECK(tape.size() == 1);
    CHECK(Tape::recording());
    scale(*p.parameter, 2);
    CHECK(tape.size() == 2);
  }
  CHECK_FALSE(Tape::recording());
}

TEST_CASE("tape: what another tape recorded is a constant to this one") {
  OneParameter p({1.5f});
  Tape outer;
  const Tensor a = scale(*p.parameter, 3);
  Tape inner;
  const Tensor b = scale(*p.parameter, 2);
  inner.backward(multiply(a, b));
  CHECK(p.gradient() == std::vector{9.0f});  // 2 a, and nothing of b
}

// Says whether it was given memory for what its backward would read.
struct SavesOnTape {
  static constexpr auto name = "test saves";
  Shape shape(const Shape& x) const { return x; }
  std::array<Shape, 1> saved(const Shape& x) const { return {x}; }
  void forward(In<0> x, Out y, SavedOnTape<0> statistics) const {
    for (Index i = 0; i < x.size(); ++i) y[i] = statistics.data ? 1.0f : 0.0f;
    if (statistics.data) std::fill_n(statistics.data, x.size(), 0.0f);
  }
  void backward(Saved<0> statistics, Grad dy, Into<0> dx) const {
    for (Index i = 0; i < dy.size(); ++i) dx.store(i, dy[i] + statistics[i]);
  }
};

TEST_CASE("tape: statistics for backward are saved where there will be one, and nowhere else") {
  OneParameter p({2});
  const Tensor constant(Shape{1}, std::vector<float>{3});
  CHECK(Tape::apply(SavesOnTape{}, Tensor(*p.parameter)).item() == 0);
  const Tape tape;
  CHECK(Tape::apply(SavesOnTape{}, Tensor(*p.parameter)).item() == 1);
  CHECK(Tape::apply(SavesOnTape{}, constant).item() == 0);
}

TEST_CASE("tape: detach stops the gradient, reshape does not") {
  OneParameter p({1, 2, 3, 4});
  Tape tape;
  const Tensor x = scale(*p.parameter, 3);
  const Tensor product = multiply(x.reshape({2, 2}), x.detach().reshape({2, 2}));
  const std::array<float, 4> ones{1, 1, 1, 1};
  const Tensor row(Shape{1, 4}, ones);
  tape.backward(linear(row, product.reshape({1, 4})).reshape({}));
  CHECK(p.gradient() == std::vector{9.0f, 18.0f, 27.0f, 36.0f});  // 3 * 3p, not twice that
  CHECK_THROWS_WITH_AS(x.reshape({3}), doctest::Contains("reshape: (4) has 4 values, (3) has 3"), Error);
}

// Case 36.
TEST_CASE("tape: a second backward, a foreign loss and a loss of many values are named errors") {
  OneParameter p({1, 2});
  {
    Tape tape;
    CHECK_THROWS_WITH_AS(tape.backward(scale(*p.parameter, 2)), doctest::Contains("shape (2)"), Error);
    const Tensor outside = Tensor(Shape{1});
    CHECK_THROWS_WITH_AS(tape.backward(outside), doctest::Contains("not recorded on this tape"), Error);
  }
  OneParameter q({2});
  Tape tape;
  const Tensor loss = scale(*q.parameter, 2);
  tape.backward(loss);
  CHECK_THROWS_WITH_AS(tape.backward(loss), doctest::Contains("already run"), Error);
  CHECK_THROWS_WITH_AS(scale(*q.parameter, 2), doctest::Contains("begin a new Tape"), Error);
}

struct FailsBackward {
  static constexpr auto name = "test failure";
  Shape shape(const Shape& x) const { return x; }
  void forward(In<0> x, Out y) const { y[0] = x[0]; }
  void backward(Grad, Into<0>) const { throw Error("in the middle of backward"); }
};

TEST_CASE("tape: an input that is empty, or was moved from, is named, and only what may be absent may be empty") {
  const Tensor x({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK_THROWS_WITH_AS(relu(Tensor()), "relu: input 0 is empty; was it moved from?", Error);
  CHECK_THROWS_WITH_AS(scale(Tensor(), 2), "scale: input 0 is empty; was it moved from?", Error);
  CHECK_THROWS_WITH_AS(add(x, Tensor()), "add: input 1 is empty; was it moved from?", Error);
  CHECK_THROWS_WITH_AS(linear(x, Tensor()), "linear: input 1 is empty; was it moved from?", Error);
  Tensor moved({2}, std::vector<float>{1, 2});
  const Tensor taken = std::move(moved);
  CHECK(!moved);  // NOLINT(bugprone-use-after-move)
  CHECK(moved.shape() == Shape());
  CHECK_THROWS_WITH_AS(relu(moved), "relu: input 0 is empty; was it moved from?", Error);
  CHECK(taken.values()[1] == 2);
  CHECK(linear(x, Tensor({1, 3}, std::vector<float>{1, 1, 1})).values()[1] == 15);  // without a bias
}

TEST_CASE("tape: an exception in the middle of backward frees everything") {
  OneParameter p({1});
  const auto in_use = MemoryPool::shared().stats().bytes_in_use;
  {
    Tape tape;
    Tensor x = scale(*p.parameter, 2);
    for (int i = 0; i < 5; ++i) x = add(x, x);
    x = Tape::apply(FailsBackward{}, std::move(x));
    for (int i = 0; i < 5; ++i) x = add(x, x);
    CHECK_THROWS_WITH_AS(tape.backward(x), "in the middle of backward", Error);
    CHECK(tape.size() == 0);
  }
  CHECK(MemoryPool::shared().stats().bytes_in_use == in_use);
}

// Notes what it is told: "scale 6" is a forward pass and its output, "~scale 2" a backward pass and the input's gradient.
struct Notes : Tape::Hook {
  std::vector<std::string> lines;
  const float* parameter = nullptr;
  int begun = 0;

  void before(Pass, const AnyOp&, const OpCall&) override { ++begun; }
  void after(Pass pass, const AnyOp& op, const OpCall& call) override {
    if (call.inputs[0].data) parameter = call.inputs[0].data;
    lines.push_back(pass == Pass::forward ? str_cat(op.name(), " ", call.output[0])
                                          : str_cat("~", op.name(), " ", call.input_gradients[0][0]));
  }
};

TEST_CASE("tape: a watch sees every op of its thread, forward and backward, and the youngest alone") {
  OneParameter p({3});
  Notes notes;
  {
    Tape tape;
    const Tensor x = scale(*p.parameter, 2);
    CHECK(notes.parameter == p.parameter->value.data);
    tape.backward(scale(x, 5));
    const Notes inner;
    scale(Tensor(*p.parameter).detach(), 4);  // evaluation
    CHECK(inner.lines == std::vector<std::string>{"scale 12"});
  }
  CHECK(notes.lines == std::vector<std::string>{"scale 6", "scale 30", "~scale 5", "~scale 10"});
  CHECK(notes.begun == 4);
  scale(*p.parameter, 1);
  CHECK(notes.lines.back() == "scale 3");
}

struct Stops : Tape::Hook {
  void after(Pass pass, const AnyOp& op, const OpCall&) override {
    if (pass == Pass::backward) throw Error(str_cat("stopped at ", op.name()));
  }
};

TEST_CASE("tape: what a watch throws ends the pass and frees everything") {
  OneParameter p({1});
  const auto in_use = MemoryPool::shared().stats().bytes_in_use;
  {
    Tape tape;
    const Tensor x = add(scale(*p.parameter, 2), scale(*p.parameter, 3));
    const Stops stops;
    CHECK_THROWS_WITH_AS(tape.backward(x), "stopped at add", Error);
    CHECK(tape.size() == 0);
  }
  CHECK(MemoryPool::shared().stats().bytes_in_use == in_use);
}

// An op takes over the memory of a sole owner, and of nobody else.
TEST_CASE("tape: in place only where nobody else holds the memory") {
  const std::array<float, 2> values{-1, 2};
  Tensor x(Shape{2}, values);
  const float* memory = x.data();
  const Tensor held = x;
  CHECK(relu(x).data() != memory);
  CHECK(relu(std::move(x)).data() != memory);  // `held` shares it
  CHECK(held.data()[0] == -1);
  Tensor alone(Shape{2}, values);
  memory = alone.data();
  CHECK(relu(std::move(alone)).data() == memory);
}

// y = a, with b only looked at: no gradient of b exists, and none may be made up.
struct Look {
  static constexpr auto name = "test look";
  Shape shape(const Shape& a, const Shape&) const { return a; }
  void forward(In<0> a, In<1>, Out y) const { y[0] = a[0]; }
  void backward(Grad dy, Into<0> da) const { da.store(0, dy[0]); }
};

TEST_CASE("tape: an input that an op gives no gradient gets none") {
  OneParameter p({2}), q({3}), r({5});
  MemoryPool::shared().poison(true);
  {
    Tape tape;
    const Tensor watched = scale(*q.parameter, 2);
    tape.backward(Tape::apply(Look{}, Tape::apply(Look{}, scale(*p.parameter, 4), watched), Tensor(*r.parameter)));
  }
  MemoryPool::shared().poison(false);
  CHECK(p.gradient() == std::vector{4.0f});
  CHECK(q.parameter->gradient_is_stale);
  CHECK(r.parameter->gradient_is_stale);
  Tape tape;
  Tape::apply(Look{}, Tensor(Shape{1}), Tensor(*r.parameter));
  CHECK(tape.size() == 0);
}

void million_nodes() {
  OneParameter p({1});
  constexpr int kNodes = 1'000'000;
  {
    Tape tape;
    Tensor x = scale(*p.parameter, 1);
    for (int i = 1; i < kNodes; ++i) x = scale(std::move(x), 1);
    CHECK(tape.size() == kNodes);
    tape.backward(x);
    CHECK(p.gradient() == std::vector{1.0f});
  }
  Tape abandoned;  // freed without a backward pass
  Tensor x = scale(*p.parameter, 1);
  for (int i = 1; i < kNodes; ++i) x = scale(std::move(x), 1);
  CHECK(abandoned.size() == kNodes);
}

TEST_CASE("tape: a million nodes run backward and are freed with a 256 KiB stack") {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
  pthread_t thread;
  REQUIRE(pthread_create(
              &thread, &attributes,
              [](void*) -> void* {
                million_nodes();
                return nullptr;
              },
              nullptr) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  MemoryPool::shared().trim();
}

}  // namespace
}  // namespace temper
