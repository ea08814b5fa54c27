#include "core/base/json.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/check.h"

namespace temper {
namespace {

template <class Read> std::string complaint(Read read) {
  try {
    read();
  } catch (const std::exception& error) {
    return error_text(error);
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

TEST_CASE("json: a key twice, a NUL, and what takes longer than it is long is refused") {
  const auto refused = [](std::string_view text, const char* why) {
    CHECK_THROWS_WITH_AS(parse_json(text), doctest::Contains(why), Error);
  };
  refused(R"({"a": 1, "b": {"a": 2, "c": 3, "c": 4}})", "the key c occurs twice");
  CHECK(parse_json(R"([{"a": 1}, {"a": {"a": 1}}])").size() == 2);
  refused(std::string_view("{\"a\": 1}\0{", 10), "at byte 9");
  refused(std::string_view("{\"a\0\": 1}", 9), "at byte 4");
  refused(R"({"a\u0000b": 1})", "a NUL in it");
  refused(R"(["\u0000"])", "a NUL in it");
  refused("[1e999]", "number overflow");
  CHECK_NOTHROW(parse_json(std::string(100, '[') + std::string(100, ']')));
  refused(std::string(102, '[') + std::string(102, ']'), "inside each other");
  std::string keys = "{\"x\": 0";
  for (int i = 0; i < 5000; ++i) keys += ", \"" + std::to_string(i) + "\": 0";
  refused(keys + "}", "more than 4096 keys");
  refused(std::string(100'000'001, ' '), "more than 100000000");
}

TEST_CASE("json: a node names the whole path of what is wrong, and null is absent") {
  const Json json = parse_json(R"({"a": {"b": [{"n": 1.5, "f": 2, "c": -1, "t": 7, "i": [2, 1]}, 3], "none": null}})");
  const JsonNode node(json);
  const JsonNode a = node.object("a");
  CHECK_FALSE(a.has("none"));
  CHECK(std::isnan(a.number_or("none")));
  CHECK(a.number_or("absent", 3) == 3);
  CHECK(a.count_or("none", 4) == 4);
  CHECK(a.text_or("none", "x") == "x");
  CHECK(a.flag_or("none", true));
  CHECK(a.numbers("none").empty());
  CHECK(a.texts("none").empty());
  CHECK(std::isnan(a.interval("none").first));
  CHECK(std::isnan(JsonNode(Json{{"i", {nullptr, nullptr}}}).interval("i").second));
  CHECK(a.numbers("b").size() == 2);
  CHECK_THROWS_WITH_AS(a.text("none"), "a.none is missing", Error);
  CHECK_THROWS_WITH_AS(node.array("a"), "a is not an array", Error);
  CHECK_THROWS_WITH_AS(a.objects("b"), "a.b[1] is not an object", Error);
  CHECK_THROWS_WITH_AS(JsonNode{Json(3)}, "the content is not an object", Error);
  const JsonNode b(a.array("b").at(0), "a.b[0]");
  CHECK(b.number_or("n") == 1.5);
  CHECK_THROWS_WITH_AS(b.number_or("i"), "a.b[0].i is not a number", Error);
  CHECK_THROWS_WITH_AS(b.fraction_or("f"), "a.b[0].f is 2, not in 0..1", Error);
  CHECK_THROWS_WITH_AS(b.count_or("c"), "a.b[0].c is not a count", Error);
  CHECK_THROWS_WITH_AS(b.count_or("n"), "a.b[0].n is not a count", Error);
  CHECK_THROWS_WITH_AS(b.text_or("t", ""), "a.b[0].t is not a text", Error);
  CHECK_THROWS_WITH_AS(b.flag_or("t", true), "a.b[0].t is neither true nor false", Error);
  CHECK_THROWS_WITH_AS(b.interval("i"), "a.b[0].i is not two numbers, the lower one first", Error);
  CHECK_THROWS_WITH_AS(b.texts("i"), "a.b[0].i has an element that is not a text", Error);
}

}  // namespace
}  // namespace temper
