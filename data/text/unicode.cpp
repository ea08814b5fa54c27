#include "data/text/unicode.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include "core/base/check.h"

namespace temper::data {
namespace {

icu::UnicodeString from_utf8(std::string_view text) {
  TEMPER_CHECK(text.size() < (1u << 30), "text: a line of ", text.size(), " bytes; is it one?");
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string bytes;
  text.toUTF8String(bytes);
  return bytes;
}

// The next code point; negative where there is none.
UChar32 next(std::string_view text, std::size_t& i) {
  UChar32 character = 0;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  U8_NEXT(bytes, i, text.size(), character);
  return character;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (next(text, i) < 0) return false;
  }
  return true;
}

std::string nfkc(std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* const normalizer = icu::Normalizer2::getNFKCInstance(error);
  const icu::UnicodeString result = U_SUCCESS(error) ? normalizer->normalize(from_utf8(text), error) : icu::UnicodeString();
  TEMPER_CHECK(U_SUCCESS(error), "text: ICU cannot normalise (", u_errorName(error), "); reinstall libicu");
  return to_utf8(result);
}

std::string lower_case(std::string_view text) { return to_utf8(from_utf8(text).toLower(icu::Locale::getRoot())); }

CharacterClass classify(char32_t character) {
  const auto c = static_cast<UChar32>(character);
  // Python's spaces: Unicode's, and the four separators of ASCII, which ICU leaves out of White_Space.
  if (u_isUWhiteSpace(c) || (c >= 0x1C && c <= 0x1F)) return CharacterClass::space;
  const auto category = U_GET_GC_MASK(c);
  if (category & U_GC_N_MASK) return CharacterClass::number;
  if (category & U_GC_P_MASK) return CharacterClass::punctuation;
  if (category & U_GC_S_MASK) return CharacterClass::symbol;
  return CharacterClass::other;
}

std::u32string code_points(std::string_view text) {
  constexpr char32_t kReplacement = 0xFFFD;
  std::u32string characters;
  for (std::size_t i = 0; i < text.size();) {
    const UChar32 character = next(text, i);
    characters.push_back(character < 0 ? kReplacement : static_cast<char32_t>(character));
  }
  return characters;
}

std::string to_utf8(std::u32string_view characters) {
  icu::UnicodeString text;
  for (const char32_t character : characters) text.append(static_cast<UChar32>(character));
  return to_utf8(text);
}

}  // namespace temper::data
