#include "data/tables/csv.h"

#include <doctest/doctest.h>

namespace temper::data {
namespace {

TEST_CASE("csv: a field is quoted only where it must be") {
  CHECK(csv_field("") == "");
  CHECK(csv_field("runs/hard 1") == "runs/hard 1");
  CHECK(csv_field("a,b") == "\"a,b\"");
  CHECK(csv_field("two\nlines") == "\"two\nlines\"");
  CHECK(csv_field("carriage\rreturn") == "\"carriage\rreturn\"");
  CHECK(csv_field("so \"sure\"") == "\"so \"\"sure\"\"\"");
}

}  // namespace
}  // namespace temper::data
