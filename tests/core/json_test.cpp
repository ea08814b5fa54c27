#include "core/json.h"

#include <doctest/doctest.h>

#include "core/check.h"

namespace temper {
namespace {

template <class Read> std::string complaint(Read read) {
  try {
    read();
  } catch (const std::exception& error) {
    return plain_words(error);
  }
  return "";
}

TEST_CASE("json: what is wrong with a text is said in words, without the library's names") {
  CHECK(parse_json("{\"b\": 1, \"a\": [null]}").dump() == "{\"b\":1,\"a\":[null]}");
  CHECK_THROWS_WITH_AS(parse_json(""), "not valid JSON at byte 1", Error);
  CHECK_THROWS_WITH_AS(parse_json("{\"a\": 1} {"), "not valid JSON at byte 10", Error);
  const Json json = parse_json("{\"a\": \"text\"}");
  CHECK(complaint([&] { json.at("b"); }) == "key 'b' not found");
  CHECK(complaint([&] { json.at("a").get<double>(); }) == "type must be number, but is string");
  CHECK(complaint([&] { throw Error("ours stays as it is"); }) == "ours stays as it is");
}

}  // namespace
}  // namespace temper
