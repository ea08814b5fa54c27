#include "optim/schedule.h"

#include <doctest/doctest.h>

#include <array>

namespace temper {
namespace {

using optim::Schedule;

void check_rates(const Schedule& schedule, std::initializer_list<double> expected) {
  Index step = 0;
  for (const double rate : expected) {
    CAPTURE(step);
    CHECK(schedule.at(step) == doctest::Approx(rate).epsilon(1e-6));
    ++step;
  }
}

}  // namespace

TEST_CASE("schedule: constant") { check_rates({.base = 0.3}, {0.3, 0.3, 0.3}); }

TEST_CASE("schedule: step drops at the milestone itself, in any order of milestones") {
  const Schedule resnet = {.kind = Schedule::Kind::step, .base = 0.1, .milestones = {48000, 32000}, .factor = 0.1};
  CHECK(resnet.at(0) == 0.1f);
  CHECK(resnet.at(31999) == 0.1f);
  CHECK(resnet.at(32000) == 0.01f);
  CHECK(resnet.at(47999) == 0.01f);
  CHECK(resnet.at(48000) == 0.001f);
  CHECK(resnet.at(1000000) == 0.001f);
  check_rates({.kind = Schedule::Kind::step, .base = 1, .milestones = {}}, {1, 1});
  check_rates({.kind = Schedule::Kind::step, .base = 1, .milestones = {1, 1, 3}, .factor = 0.5}, {1, 0.25, 0.25, 0.125});
}

TEST_CASE("schedule: cosine") {
  CHECK(optim::cosine(0, 30, 0.1f) == 0.1f);
  CHECK(optim::cosine(15, 30, 0.1f) == doctest::Approx(0.05).epsilon(1e-7));
  CHECK(optim::cosine(10, 30, 0.1f) == doctest::Approx(0.075).epsilon(1e-7));
  CHECK(optim::cosine(29, 30, 0.1f) == doctest::Approx(0.1 * 0.0027390523158633).epsilon(1e-8));
  CHECK(optim::cosine(30, 30, 0.1f) == 0);
  CHECK(optim::cosine(31, 30, 0.1f) == 0);
  check_rates({.kind = Schedule::Kind::cosine, .base = 1, .total = 1}, {1, 0, 0});
}

TEST_CASE("schedule: linear") { check_rates({.kind = Schedule::Kind::linear, .base = 1, .total = 4}, {1, 0.75, 0.5, 0.25, 0, 0}); }

TEST_CASE("schedule: warm-up in front of each kind") {
  check_rates({.base = 1, .warm_up = 4}, {0.25, 0.5, 0.75, 1, 1});
  check_rates({.kind = Schedule::Kind::step, .base = 1, .milestones = {3}, .factor = 0.1, .warm_up = 2}, {0.5, 1, 1, 0.1});
  check_rates({.kind = Schedule::Kind::linear, .base = 1, .total = 6, .warm_up = 2}, {0.5, 1, 1, 0.75, 0.5, 0.25, 0, 0});
  check_rates({.kind = Schedule::Kind::cosine, .base = 1, .total = 6, .warm_up = 2}, {0.5, 1, 1, 0.853553391, 0.5, 0.146446609, 0});
}

// np.interp(step, [0, int(peak total), total], [start, 1, end]), as the paper's code has it.
TEST_CASE("schedule: triangle") {
  const Schedule schedule{.kind = Schedule::Kind::triangle, .base = 2, .total = 10, .shape = {.start = 0.2, .peak = 0.25, .end = 0.5}};
  check_rates(schedule, {0.4, 1.2, 2, 1.875, 1.75, 1.625, 1.5, 1.375, 1.25, 1.125, 1, 1});
  check_rates({.kind = Schedule::Kind::triangle, .base = 1, .total = 2, .shape = {.start = 0, .peak = 1, .end = 0}}, {0, 0.5, 1, 1});
  check_rates({.kind = Schedule::Kind::triangle, .base = 1, .total = 2, .shape = {.start = 0, .peak = 0, .end = 0}}, {1, 0.5, 0});
  CHECK_THROWS_AS(optim::triangle(0, 0, {}, 1), Error);
  CHECK_THROWS_AS(optim::triangle(0, 1, {.peak = 1.5}, 1), Error);
  CHECK_THROWS_AS(optim::triangle(0, 1, {.start = -1}, 1), Error);
}

TEST_CASE("schedule: inverse square root, with and without its warm-up") {
  check_rates({.kind = Schedule::Kind::inverse_sqrt, .base = 6, .warm_up = 4}, {1.5, 3, 4.5, 6, 5.366563146, 4.898979486});
  check_rates({.kind = Schedule::Kind::inverse_sqrt, .base = 6}, {6, 4.242640687, 3.464101615, 3});
}

TEST_CASE("schedule: a warm-up as long as the run or longer rises through it and ends at 0") {
  check_rates({.kind = Schedule::Kind::linear, .base = 1, .total = 2, .warm_up = 2}, {0.5, 1, 0});
  check_rates({.kind = Schedule::Kind::cosine, .base = 1, .total = 2, .warm_up = 4}, {0.25, 0.5, 0.75, 1, 0});
}

TEST_CASE("schedule: never above base, never below 0") {
  for (const Schedule::Kind kind : {Schedule::Kind::constant, Schedule::Kind::step, Schedule::Kind::cosine, Schedule::Kind::linear}) {
    const Schedule schedule = {.kind = kind, .base = 0.7, .total = 97, .milestones = {20, 60}, .warm_up = 5};
    for (Index step = 0; step < 120; ++step) {
      CHECK(schedule.at(step) >= 0);
      CHECK(schedule.at(step) <= 0.7f);
    }
  }
}

TEST_CASE("schedule: refuses a run of no steps, negative steps and negative warm-ups") {
  CHECK_THROWS_AS(optim::cosine(0, 0, 1), Error);
  CHECK_THROWS_AS(optim::linear(0, 0, 1), Error);
  CHECK_THROWS_AS(optim::cosine(0, -3, 1), Error);
  CHECK_THROWS_AS(optim::cosine(-1, 3, 1), Error);
  CHECK_THROWS_AS(optim::warm_up(-1, 3), Error);
  CHECK_THROWS_AS((Schedule{.kind = Schedule::Kind::cosine}.at(0)), Error);
  CHECK_THROWS_AS((Schedule{}.at(-1)), Error);
  CHECK_THROWS_AS((Schedule{.warm_up = -1}.at(0)), Error);
  CHECK(optim::warm_up(0, 0) == 1);
}

TEST_CASE("schedule: kinds by name") {
  for (const Schedule::Kind kind : {Schedule::Kind::constant, Schedule::Kind::step, Schedule::Kind::cosine, Schedule::Kind::linear,
                                    Schedule::Kind::triangle, Schedule::Kind::inverse_sqrt}) {
    CHECK(optim::parse_schedule_kind(optim::name(kind)) == kind);
  }
  CHECK(optim::parse_schedule_kind("cosine") == Schedule::Kind::cosine);
  CHECK_THROWS_WITH_AS(optim::parse_schedule_kind("cosin"),
                       doctest::Contains("give constant, step, cosine, linear, triangle or inverse-sqrt"), Error);
}

}  // namespace temper
