#include "optim/clip.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/optim/toy_store.h"
#include "tests/restored.h"

namespace temper {
namespace {

using optim::clip_global_norm;

struct TwoParameters : ToyStore {
  Parameter& a = add("a", 2, [](Index) { return 1.0; });
  Parameter& b = add(
      "layer.b", 1, [](Index) { return 1.0; }, Parameter::Kind::bias);

  TwoParameters(double a0, double a1, double b0) {
    commit();
    set_gradient(a, [&](Index i) { return i == 0 ? a0 : a1; });
    set_gradient(b, [&](Index) { return b0; });
  }
};

}  // namespace

TEST_CASE("clip: the norm is common to all parameters and returned as it was") {
  TwoParameters toy(2, 3, 6);
  CHECK(clip_global_norm(toy.store, 3.5) == 7);
  CHECK(toy.a.gradient[0] == 1);
  CHECK(toy.a.gradient[1] == 1.5f);
  CHECK(toy.b.gradient[0] == 3);
  CHECK(clip_global_norm(toy.store, 3.5) == 3.5);
  CHECK(toy.b.gradient[0] == 3);
}

TEST_CASE("clip: the smallest normal gradients count, denormals are 0 as in every loop") {
  TwoParameters small(3e-37, 0, 4e-37), denormal(1e-42, 1e-42, 1e-42);
  CHECK(clip_global_norm(small.store, 1) / 5e-37 == doctest::Approx(1));
  CHECK(clip_global_norm(denormal.store, 1) == 0);
}

TEST_CASE("clip: gradients within the norm keep their bits") {
  TwoParameters toy(0.1, -0.2, 0.3);
  const std::vector<float> before = copy_of(toy.store.gradients());
  clip_global_norm(toy.store, 1);
  clip_global_norm(toy.store, std::numeric_limits<double>::infinity());
  CHECK(copy_of(toy.store.gradients()) == before);
}

TEST_CASE("clip: all gradients 0") {
  TwoParameters toy(0, 0, 0);
  CHECK(clip_global_norm(toy.store, 1) == 0);
  CHECK(toy.a.gradient[0] == 0);
}

TEST_CASE("clip: neither huge nor tiny gradients break the norm") {
  TwoParameters huge(3e30, 0, 4e30);
  CHECK(clip_global_norm(huge.store, 1) == doctest::Approx(5e30).epsilon(1e-7));
  CHECK(huge.a.gradient[0] == doctest::Approx(0.6).epsilon(1e-6));
  CHECK(huge.b.gradient[0] == doctest::Approx(0.8).epsilon(1e-6));

  TwoParameters largest(3e38, 3e38, 3e38);
  CHECK(clip_global_norm(largest.store, 1e-6) == doctest::Approx(3e38 * std::sqrt(3.0)).epsilon(1e-7));
  CHECK(largest.a.gradient[0] == doctest::Approx(1e-6 / std::sqrt(3.0)).epsilon(1e-6));

  TwoParameters tiny(3e-30, 0, 4e-30);
  CHECK(clip_global_norm(tiny.store, 1) == doctest::Approx(5e-30).epsilon(1e-7).scale(1e-30));
  CHECK(tiny.a.gradient[0] == 3e-30f);
  clip_global_norm(tiny.store, 1e-30);
  CHECK(tiny.a.gradient[0] == doctest::Approx(6e-31).epsilon(1e-6).scale(1e-31));
}

TEST_CASE("clip: a gradient that is not finite is refused by name") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()}) {
    TwoParameters toy(100, 1, bad);
    CHECK_THROWS_WITH_AS(clip_global_norm(toy.store, 1), doctest::Contains("layer.b"), Error);
    CHECK(toy.a.gradient[0] == 100);
  }
  TwoParameters both(1, kInfinity, kInfinity);
  CHECK_THROWS_WITH_AS(clip_global_norm(both.store, 1), doctest::Contains("of a holds inf"), Error);
}

TEST_CASE("clip: what no backward pass has written since the last step counts as 0") {
  TwoParameters toy(3, 4, 1000);
  toy.b.gradient_is_stale = true;
  CHECK(clip_global_norm(toy.store, 1) == 5);
  CHECK(toy.b.gradient_is_stale);
}

TEST_CASE("clip: the largest norm must be positive") {
  TwoParameters toy(1, 1, 1);
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) CHECK_THROWS_AS(clip_global_norm(toy.store, bad), Error);
}

TEST_CASE("clip: the norm is the definition's and every element is scaled, far beyond one chunk") {
  ToyStore toy;
  Parameter& w = toy.add("w", 3 * kElementGrain + 5, [](Index) { return 1.0; });
  Parameter& b = toy.add("b", 19, [](Index) { return 1.0; });
  toy.commit();
  const auto of_w = [](Index i) { return static_cast<double>(i % 31) - 15; };
  const auto of_b = [](Index i) { return static_cast<double>(i) * 100; };
  set_gradient(w, of_w);
  set_gradient(b, of_b);
  double squares = 0;
  for (Index i = 0; i < w.gradient.size(); ++i) squares += of_w(i) * of_w(i);
  for (Index i = 0; i < 19; ++i) squares += of_b(i) * of_b(i);
  const double norm = std::sqrt(squares);  // of whole numbers: exact
  CHECK(clip_global_norm(toy.store, norm) == norm);
  CHECK(b.gradient[18] == 1800);
  CHECK(clip_global_norm(toy.store, norm / 4) == norm);
  bool scaled = true;
  for (Index i = 0; i < w.gradient.size(); ++i) scaled = scaled && w.gradient[i] == static_cast<float>(of_w(i) / 4);
  for (Index i = 0; i < 19; ++i) scaled = scaled && b.gradient[i] == static_cast<float>(of_b(i) / 4);
  CHECK(scaled);
}

TEST_CASE("clip: every number of threads computes the same bits") {
  const ThreadsRestored restored;
  std::vector<double> norms;
  std::vector<float> first;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    ToyStore toy;
    Parameter& w = toy.add("w", 5 * kElementGrain + 3, [](Index) { return 1.0; });
    toy.commit();
    set_gradient(w, [](Index i) { return std::sin(static_cast<double>(i)); });
    norms.push_back(clip_global_norm(toy.store, 1));
    if (first.empty()) first = copy_of(toy.store.gradients());
    CHECK(norms.back() == norms.front());
    CHECK(copy_of(toy.store.gradients()) == first);
  }
  CHECK(norms.front() == doctest::Approx(std::sqrt((5.0 * kElementGrain + 3) / 2)).epsilon(1e-4));
}

}  // namespace temper
