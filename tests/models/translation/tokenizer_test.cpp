#include "models/translation/tokenizer.h"

#include <doctest/doctest.h>

#include "core/base/check.h"

namespace temper::translation {
namespace {

// The words, joined by spaces.
std::string tokens(const char* text, Tokenizer tokenizer) {
  std::string joined;
  for (const std::string& word : tokenize(text, tokenizer)) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

struct Case {
  const char *text, *v13a, *intl;
};

// Expected: sacreBLEU's regular expressions, run in Python.
constexpr Case kCases[] = {
    {"Er sagte: \"Das kostet 1.000,50 €!\" (z.B. 3-4 Stück, 10-fach)",
     "Er sagte : \" Das kostet 1.000,50 € ! \" ( z . B . 3 - 4 Stück , 10 - fach )",
     "Er sagte : \" Das kostet 1.000,50 € ! \" ( z . B . 3-4 Stück , 10 - fach )"},
    {"&quot;x&amp;y&quot; <skipped>a/b 2,5.", "\" x & y \" a / b 2,5 .", "& quot ; x & amp ; y & quot ; < skipped > a / b 2,5."},
    {"„Hallo“, sagte er … 5°C ½.", "„Hallo“ , sagte er … 5°C ½ .", "„ Hallo “ , sagte er … 5 ° C ½."},
    {"end 2004.", "end 2004 .", "end 2004."},
    {"a.b,c 1.b c.1", "a . b , c 1 . b c . 1", "a . b , c 1 . b c . 1"},
    {"—– ¡Qué! x²", "—– ¡Qué ! x²", "— – ¡ Qué ! x²"},
    {"...,,", ". . . , ,", ". . . , ,"},
    {"it's a well-known case \n", "it's a well-known case", "it ' s a well - known case"},
    {"", "", ""},
    {" \t ", "", ""},
};

TEST_CASE("tokenizer: 13a and international as sacreBLEU's, none by spaces") {
  for (const Case& c : kCases) {
    CAPTURE(c.text);
    CHECK(tokens(c.text, Tokenizer::v13a) == c.v13a);
    CHECK(tokens(c.text, Tokenizer::intl) == c.intl);
  }
  CHECK(tokens(" a,b\u00A0 c. ", Tokenizer::none) == "a,b c.");
}

TEST_CASE("tokenizer: by name") {
  for (const char* text : {"none", "13a", "intl"}) CHECK(name(parse_tokenizer(text)) == text);
  CHECK_THROWS_WITH_AS(parse_tokenizer("13b"), "--tokenizer: 13b is not known; did you mean 13a? use 13a, intl or none", Error);
}

}  // namespace
}  // namespace temper::translation
