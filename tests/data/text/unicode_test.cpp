#include "data/text/unicode.h"

#include <doctest/doctest.h>

#include <string>

namespace temper::data {
namespace {

TEST_CASE("unicode: valid UTF-8 and what is none") {
  for (const char* text : {"", "a", "Grüße", "\xF0\x9F\x98\x80", "\xEF\xBF\xBF"}) CHECK(valid_utf8(text));
  for (const char* text : {"\xFF", "a\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"}) CHECK_FALSE(valid_utf8(text));
}

TEST_CASE("unicode: one spelling for what looks the same") {
  CHECK(nfkc("u\xCC\x88") == "ü");
  CHECK(nfkc("ﬁne ½ Ｈ①") == "fine 1⁄2 H1");
  CHECK(nfkc("Straße") == "Straße");
}

TEST_CASE("unicode: lower case as Python's str.lower") {
  CHECK(lower_case("ÄÖÜẞ Straße ABC") == "äöüß straße abc");
  CHECK(lower_case("ΣΑΣ") == "σας");  // the sigma at a word's end
  CHECK(lower_case("İ") == "i\xCC\x87");
  CHECK(lower_case("Привет, Ł!") == "привет, ł!");
}

TEST_CASE("unicode: the classes of characters") {
  for (const char32_t c : std::u32string(U"09٣½Ⅻ")) CHECK(classify(c) == CharacterClass::number);
  for (const char32_t c : std::u32string(U".,!?-_\"„“»。¿§")) CHECK(classify(c) == CharacterClass::punctuation);
  for (const char32_t c : std::u32string(U"$+<=>^`|~€°")) CHECK(classify(c) == CharacterClass::symbol);
  for (const char32_t c : std::u32string(U" \t\n\u00A0\u2028\u001C\u3000")) CHECK(classify(c) == CharacterClass::space);
  for (const char32_t c : std::u32string(U"aß漢\u0308")) CHECK(classify(c) == CharacterClass::other);
}

TEST_CASE("unicode: to code points and back") {
  const std::string text = "aß漢\xF0\x9F\x98\x80";
  CHECK(code_points(text) == U"aß漢😀");
  CHECK(to_utf8(code_points(text)) == text);
  CHECK(code_points("a\xFF"
                    "b") == U"a\uFFFDb");
}

}  // namespace
}  // namespace temper::data
