#include "data/normalization.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/data/file_folder.h"

namespace temper::data {

using namespace tests;

TEST_CASE("data: mean and deviation are measured channel by channel") {
  // Channel 0: 0, 255, 0, 255. Channel 1: 51 everywhere. Channel 2: 0, 51, 102, 153.
  const Dataset set{.name = "set",
                    .image = {1, 2, 3},
                    .pixels = {0, 51, 0, 255, 51, 51, 0, 51, 102, 255, 51, 153},
                    .labels = {0, 0},
                    .class_names = {"a"}};
  const Normalization n = Normalization::measure(set);
  REQUIRE(n.mean.size() == 3);
  CHECK(n.mean[0] == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(n.std[0] == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(n.mean[1] == doctest::Approx(0.2).epsilon(1e-15));
  CHECK(n.std[1] == 1);
  CHECK(n.mean[2] == doctest::Approx(0.3).epsilon(1e-15));
  CHECK(n.std[2] == doctest::Approx(std::sqrt(0.05)).epsilon(1e-15));

  const std::vector<float> table = n.table();
  REQUIRE(table.size() == 3 * 256);
  CHECK(table[0] == -1);
  CHECK(table[255] == 1);
  CHECK(std::fabs(table[256 + 51]) < 1e-7f);
  CHECK(table[256 + 255] == doctest::Approx(0.8));
  CHECK(table[512 + 102] == doctest::Approx(0.1 / std::sqrt(0.05)));
}

TEST_CASE("data: normalisation refuses nonsense") {
  const Dataset empty{.name = "empty", .image = {1, 1, 1}, .pixels = {}, .labels = {}, .class_names = {"a"}};
  CHECK(holds(error_of([&] { Normalization::measure(empty); }), {"empty", "no images"}));
  const auto table_error = [](std::vector<double> mean, std::vector<double> std) {
    return error_of([&] { Normalization{std::move(mean), std::move(std)}.table(); });
  };
  CHECK(table_error({0.5}, {0.5}).empty());
  CHECK(holds(table_error({0.5}, {0}), {"channel 0", "positive"}));
  CHECK(holds(table_error({0.5, 0.5}, {1, -1}), {"channel 1"}));
  CHECK(holds(table_error({std::numeric_limits<double>::quiet_NaN()}, {1}), {"finite"}));
  CHECK(holds(table_error({0.5}, {std::numeric_limits<double>::infinity()}), {"finite"}));
  CHECK(holds(table_error({0.5, 0.5}, {1}), {"2 means but 1"}));
}

}  // namespace temper::data
