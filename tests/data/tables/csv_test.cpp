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

TEST_CASE("csv: no spreadsheet takes a name for a formula, and numbers stay numbers") {
  CHECK(csv_field("=1+1") == "'=1+1");
  CHECK(csv_field("+cmd|' /C calc'!A0") == "'+cmd|' /C calc'!A0");
  CHECK(csv_field("-2+3") == "'-2+3");
  CHECK(csv_field("@SUM(A1)") == "'@SUM(A1)");
  CHECK(csv_field("=A1,B1") == "\"'=A1,B1\"");
  CHECK(csv_field("\t=1") == "'\t=1");
  CHECK(csv_field("\r=1") == "\"'\r=1\"");
  for (const char* plain : {"-1", "+1", "-1e-3", "a=b", "a-b", "1-1", "'=1"}) CHECK(csv_field(plain) == plain);
}

}  // namespace
}  // namespace temper::data
