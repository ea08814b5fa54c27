#include "core/ops/embedding.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "core/ops/linear.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

// Ids over the whole table, some of them often, others never.
std::vector<std::int32_t> some_ids(Index count, Index vocabulary) {
  std::vector<std::int32_t> ids;
  for (Index t = 0; t < count; ++t) ids.push_back(static_cast<std::int32_t>(t * t * 7 % vocabulary));
  return ids;
}

Array reference_embedding(const Array& table, const std::vector<std::int32_t>& ids) {
  const Index D = table.shape[1];
  Array y({static_cast<Index>(ids.size()), D});
  for (Index t = 0; t < y.shape[0]; ++t) {
    for (Index d = 0; d < D; ++d) y[t * D + d] = table[ids[static_cast<std::size_t>(t)] * D + d];
  }
  return y;
}

TEST_CASE("embedding: rows by number; equal ids add their gradients up") {
  struct Case {
    Index vocabulary, width, ids;
  };
  for (const Case& c : {Case{1, 1, 1}, Case{3, 2, 7}, Case{7, 5, 0}, Case{10, 3, 40}, Case{1100, 2, 60}}) {
    CAPTURE(c.vocabulary);
    const std::vector<std::int32_t> ids = some_ids(c.ids, c.vocabulary);
    check_op({.inputs = {{c.vocabulary, c.width}},
              .op = [&](auto x) { return embedding(std::move(x[0]), ids); },
              .reference = [&](auto x) { return reference_embedding(x[0], ids); }});
  }
}

TEST_CASE("embedding: a table that is the output layer as well gets both gradients") {
  const std::vector<std::int32_t> ids = some_ids(14, 4);
  check_op({.inputs = {{4, 3}},
            .op = [&](auto x) { return linear(embedding(x[0], ids), x[0]); },
            .reference =
                [&](auto x) {
                  const Array h = reference_embedding(x[0], ids);
                  Array y({14, 4});
                  for (Index t = 0; t < 14; ++t) {
                    for (Index v = 0; v < 4; ++v) {
                      for (Index d = 0; d < 3; ++d) y[t * 4 + v] += h[t * 3 + d] * x[0][v * 3 + d];
                    }
                  }
                  return y;
                },
            .tolerance = 2e-6});
}

TEST_CASE("embedding: the ids may be gone before backward") {
  ParameterStore store;
  Parameter& table = store.root().declare(
      {.name = "table", .shape = {3, 1}, .initialize = [](const View& value, const Random&) { std::fill_n(value.data, 3, 1.0f); }});
  store.commit({});
  Tape tape;
  Tensor y;
  {
    std::vector<std::int32_t> ids = {1};
    y = embedding(table, ids);
    ids[0] = 2;
  }
  tape.backward(y);
  CHECK(table.gradient[0] == 0);
  CHECK(table.gradient[1] == 1);
  CHECK(table.gradient[2] == 0);
}

TEST_CASE("embedding: an id that the table does not have is refused by its position") {
  const Tensor table(Shape{3, 2}, std::vector<float>(6));
  for (const std::int32_t wrong : {-1, 3, 1'000'000}) {
    CHECK_THROWS_WITH_AS(embedding(table, std::vector<std::int32_t>{0, wrong}),
                         str_cat("embedding: id ", wrong, " at position 1 is not in 0..2; correct it").c_str(), Error);
  }
  CHECK_THROWS_AS(embedding(Tensor(Shape{3}, std::vector<float>(3)), std::vector<std::int32_t>{0}), Error);
}

}  // namespace
}  // namespace temper
