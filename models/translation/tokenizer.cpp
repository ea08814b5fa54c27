#include "models/translation/tokenizer.h"

#include <array>
#include <utility>

#include "core/base/names.h"
#include "data/text/unicode.h"

namespace temper::translation {
namespace {

using data::CharacterClass;

constexpr std::array<std::pair<Tokenizer, std::string_view>, 3> kNames = {
    {{Tokenizer::none, "none"}, {Tokenizer::v13a, "13a"}, {Tokenizer::intl, "intl"}}};

// Puts spaces around every character that is one.
template <class Is> std::u32string spaced(const std::u32string& text, Is is) {
  std::u32string result;
  for (const char32_t c : text) result += is(c) ? std::u32string{U' ', c, U' '} : std::u32string{c};
  return result;
}

// Where a character that is `left` meets one that is `right`, puts `before`, a space between them, and `after`. A pair is read once, from
// the left: the second character begins no other.
template <class Left, class Right>
std::u32string parted(const std::u32string& text, Left left, Right right, const char32_t* before, const char32_t* after) {
  std::u32string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && left(text[i]) && right(text[i + 1])) {
      result += before;
      result += text[i];
      result += U' ';
      result += text[++i];
      result += after;
    } else {
      result += text[i];
    }
  }
  return result;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) text.replace(at, from.size(), to);
}

std::u32string spaced_13a(std::string_view line) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kReplaced = {
      {{"<skipped>", ""}, {"-\n", ""}, {"\n", " "}, {"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}}};
  std::string text(line);
  for (const auto& [from, to] : kReplaced) replace_all(text, from, to);

  // ASCII's punctuation and symbols except apostrophe, comma, dash and point.
  const auto separate = [](char32_t c) {
    return (c >= U'{' && c <= U'~') || (c >= U'[' && c <= U'`') || (c >= U' ' && c <= U'&') || (c >= U'(' && c <= U'+') ||
           (c >= U':' && c <= U'@') || c == U'/';
  };
  const auto digit = [](char32_t c) { return c >= U'0' && c <= U'9'; };
  const auto no_digit = [&](char32_t c) { return !digit(c); };
  const auto point = [](char32_t c) { return c == U'.' || c == U','; };
  const auto dash = [](char32_t c) { return c == U'-'; };
  std::u32string result = spaced(U' ' + data::code_points(text) + U' ', separate);
  result = parted(result, no_digit, point, U"", U" ");
  result = parted(result, point, no_digit, U" ", U"");
  return parted(result, digit, dash, U"", U" ");
}

std::u32string spaced_intl(std::string_view line) {
  const auto number = [](char32_t c) { return data::classify(c) == CharacterClass::number; };
  const auto no_number = [&](char32_t c) { return !number(c); };
  const auto punctuation = [](char32_t c) { return data::classify(c) == CharacterClass::punctuation; };
  const auto symbol = [](char32_t c) { return data::classify(c) == CharacterClass::symbol; };
  std::u32string result = parted(data::code_points(line), no_number, punctuation, U"", U" ");
  result = parted(result, punctuation, no_number, U" ", U"");
  return spaced(result, symbol);
}

std::vector<std::string> words(const std::u32string& text) {
  std::vector<std::string> result;
  std::u32string word;
  const auto end_word = [&] {
    if (!word.empty()) result.push_back(data::to_utf8(word));
    word.clear();
  };
  for (const char32_t c : text) {
    if (data::classify(c) == CharacterClass::space) {
      end_word();
    } else {
      word += c;
    }
  }
  end_word();
  return result;
}

}  // namespace

std::string_view name(Tokenizer tokenizer) {
  for (const auto& [value, text] : kNames) {
    if (value == tokenizer) return text;
  }
  return {};
}

Tokenizer parse_tokenizer(std::string_view name) {
  for (const auto& [value, text] : kNames) {
    if (text == name) return value;
  }
  const auto name_of = [](const auto& known) { return known.second; };
  throw Error(str_cat("--tokenizer: ", name, " is not known; ", did_you_mean(name, kNames, name_of), "use 13a, intl or none"));
}

std::vector<std::string> tokenize(std::string_view text, Tokenizer tokenizer) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  switch (tokenizer) {
    case Tokenizer::v13a:
      return words(spaced_13a(text));
    case Tokenizer::intl:
      return words(spaced_intl(text));
    default:
      return words(data::code_points(text));
  }
}

}  // namespace temper::translation
