// Unicode: normalisation, case and character classes of UTF-8 text. The only file that includes ICU.
#pragma once

#include <string>
#include <string_view>

namespace temper::data {

bool valid_utf8(std::string_view text);

// Compatibility composition (Unicode's NFKC): one spelling for what looks and means the same, such as the ligature ﬁ and fi, or ä in one
// code point and in two. requires: valid UTF-8.
std::string nfkc(std::string_view text);

// Unicode's full lower case without a language, as Python's str.lower: ÄÖẞ becomes äöß. requires: valid UTF-8.
std::string lower_case(std::string_view text);

// By Unicode's general category: N*, P*, S*, and what Python's str.split takes for a space.
enum class CharacterClass { other, number, punctuation, symbol, space };
CharacterClass classify(char32_t character);

std::u32string code_points(std::string_view text);  // U+FFFD for a byte that is no UTF-8
std::string to_utf8(std::u32string_view characters);

}  // namespace temper::data
