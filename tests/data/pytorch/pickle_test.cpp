#include "data/pytorch/pickle.h"

#include <doctest/doctest.h>

namespace temper::data {
namespace {

using namespace std::string_view_literals;

Pickle parse(std::string_view bytes) { return Pickle(bytes, "test"); }

TEST_CASE("pickle: constants of every width") {
  const Pickle pickle = parse(
      "\x80\x04(K\x07M\x01\x02J\xFE\xFF\xFF\xFF\x8A\x02\x00\xFF\x8A\x00"
      "G\x3F\xF8\0\0\0\0\0\0N\x88\x89X\x02\0\0\0ab\x8C\x01"
      "ct."sv);
  const Pickle::Value& list = pickle[pickle.root()];
  REQUIRE(list.items.size() == 11);
  const auto item = [&](std::size_t i) { return pickle[list.items[i]]; };
  const std::int64_t integers[] = {7, 513, -2, -256, 0};
  for (std::size_t i = 0; i < 5; ++i) CHECK(item(i).integer == integers[i]);
  CHECK(item(5).real == 1.5);
  CHECK(item(6).kind == Pickle::Kind::none);
  CHECK(item(7).integer == 1);
  CHECK(item(8).kind == Pickle::Kind::boolean);
  CHECK(item(9).text == "ab");
  CHECK(item(10).text == "c");
}

TEST_CASE("pickle: lists, dictionaries and what is named again") {
  const Pickle pickle = parse(
      "\x80\x02}q\x00(U\x01"
      "a]q\x01(K\x01K\x02"
      "eU\x01"
      "bh\x01u."sv);
  const Pickle::Value& dictionary = pickle[pickle.root()];
  CHECK(dictionary.kind == Pickle::Kind::dictionary);
  REQUIRE(dictionary.items.size() == 4);
  CHECK(dictionary.items[1] == dictionary.items[3]);
  CHECK(pickle[dictionary.items[1]].items.size() == 2);
}

TEST_CASE("pickle: functions are noted, never called") {
  const Pickle pickle = parse("cposix\nsystem\n(U\x04true\x74R.");
  const Pickle::Value& call = pickle[pickle.root()];
  CHECK(call.kind == Pickle::Kind::call);
  CHECK(pickle[call.items[0]].text == "posix.system");
  CHECK(parse("cos\nsystem\nU\x04trueR.")[0].text == "os.system");
  const Pickle object = parse("cbuiltins\nobject\n)\x81}b.");
  CHECK(object[object.root()].kind == Pickle::Kind::opaque);
}

TEST_CASE("pickle: nesting of any depth and shared values take no stack and no memory") {
  std::string deep = "N";
  for (int i = 0; i < 1'000'000; ++i) deep += '\x85';
  CHECK(parse(deep + ".").root() == 1'000'000);
  std::string laughs = "N";
  for (int i = 0; i < 100'000; ++i) laughs += "2\x86";  // pairs of pairs of ...: 2^100,000 values if they were copied
  const Pickle pickle = parse(laughs + ".");
  CHECK(pickle[pickle.root()].items.size() == 2);
}

TEST_CASE("pickle: what is no whole pickle is refused with its byte") {
  struct Case {
    const char *bytes, *message;
  };
  const Case cases[] = {
      {"", "byte 0: the pickle is cut off"},
      {"K", "cut off"},
      {".", "empty stack"},
      {"a.", "empty stack"},
      {"t.", "a mark"},
      {"(0.", "empty stack"},
      {"(N0N0", "cut off"},
      {"hA.", "was never stored"},
      {"}(Nu.", "no value"},
      {"cmodule", "does not end"},
      {"X\xFF\xFF\xFF\xFFx", "cut off"},
      {"I01\n.", "byte 0: the opcode 73"},
      {"N\xFF", "byte 1: the opcode 255"},
      {"q1.", "empty stack"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.bytes);
    CHECK_THROWS_WITH_AS(parse(c.bytes), doctest::Contains(c.message), Error);
  }
}

}  // namespace
}  // namespace temper::data
