#include "models/calibration/study/data_hash.h"

#include <doctest/doctest.h>

namespace temper::calibration {
namespace {

TEST_CASE("data hash: it sees every number and their order") {
  const Predictions data{2, {1, 2, 3, 4}, {0, 1}}, other{2, {1, 2, 3, 5}, {0, 1}}, turned{2, {3, 4, 1, 2}, {1, 0}},
      labels{2, {1, 2, 3, 4}, {1, 1}};
  CHECK(data_hash(data) == data_hash(Predictions{data}));
  for (const Predictions* different : {&other, &turned, &labels}) CHECK(data_hash(*different) != data_hash(data));
  CHECK(data_hash(data).starts_with("fnv1a64:"));
  CHECK(data_hash(data).size() == 24);
}

}  // namespace
}  // namespace temper::calibration
