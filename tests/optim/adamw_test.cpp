#include "optim/adamw.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/optim/golden.h"

namespace temper {
namespace {

using optim::AdamW;
using optim::AdamWOptions;

}  // namespace

TEST_CASE("adamw: the numbers of PyTorch") {
  // run(lambda w: torch.optim.AdamW([w], 0.1))
  check_golden<AdamW>(AdamWOptions{}, {-0.778749049f, 0.0341214128f, -0.642390609f, 0.364805937f, -0.687878251f, 0.918429613f});
  // run(lambda w: torch.optim.AdamW([w], 0.1, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1))
  check_golden<AdamW>(AdamWOptions{.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.1},
                      {-0.764441192f, 0.0337797627f, -0.635178804f, 0.36246568f, -0.670136809f, 0.890369415f});
}

TEST_CASE("adamw: without decay it is Adam") {
  // run(lambda w: torch.optim.AdamW([w], 0.1, betas=(0.9, 0.997), eps=1e-9, weight_decay=0))
  check_golden<AdamW>(AdamWOptions{.beta1 = 0.9, .beta2 = 0.997, .epsilon = 1e-9, .weight_decay = 0},
                      {-0.781152427f, 0.0345910639f, -0.644209921f, 0.365954995f, -0.689419091f, 0.920696974f});
}

TEST_CASE("adamw: weight decay by kind and factor") { check_decay<AdamW>(AdamWOptions{}); }

TEST_CASE("adamw: a resumed run ends in the same bits") { check_resume<AdamW>(AdamWOptions{}); }

TEST_CASE("adamw: a clip's scale within the step is the same as clipping before it") { check_clipped<AdamW>(AdamWOptions{}); }

TEST_CASE("adamw: every element of every chunk as if it were alone") {
  check_chunks<AdamW>(AdamWOptions{.weight_decay = 0.1, .decay_norm_and_bias = false});
}

TEST_CASE("adamw: every number of threads computes the same bits") { check_thread_counts<AdamW>(AdamWOptions{}); }

TEST_CASE("adamw: a step asks for no memory") { check_no_allocation<AdamW>(AdamWOptions{}); }

TEST_CASE("adamw: state is named") {
  ToyStore toy;
  toy.add("w", 3, [](Index) { return 1.0; });
  toy.commit();
  AdamW adamw(toy.store);
  REQUIRE(adamw.state().size() == 2);
  CHECK(adamw.state()[0].name == "first_moment");
  CHECK(adamw.state()[1].name == "second_moment");
}

TEST_CASE("adamw: a parameter whose gradient is always 0 stays where it is") {
  ToyStore toy;
  Parameter& w = toy.add("w", 2, [](Index) { return 1.0; });
  toy.commit();
  AdamW adamw(toy.store, {.epsilon = 2e-38, .weight_decay = 0});
  for (int t = 0; t < 3; ++t) {
    set_gradient(w, [](Index) { return 0.0; });
    adamw.step(0.1f);
  }
  CHECK(w.value[0] == 1);
}

TEST_CASE("adamw: refuses what cannot be") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  ToyStore toy;
  toy.add("w", 1, [](Index) { return 1.0; });
  CHECK_THROWS_AS(AdamW{toy.store}, Error);
  toy.commit();
  for (const AdamWOptions& options :
       {AdamWOptions{.beta1 = 1}, AdamWOptions{.beta1 = -0.1}, AdamWOptions{.beta2 = 1}, AdamWOptions{.beta2 = kNaN},
        AdamWOptions{.epsilon = 0}, AdamWOptions{.epsilon = 1e-40}, AdamWOptions{.weight_decay = -1}}) {
    CHECK_THROWS_AS(AdamW(toy.store, options), Error);
  }
}

}  // namespace temper
