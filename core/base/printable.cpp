#include "core/base/printable.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace temper {
namespace {

// The code point at the beginning of a text, and its bytes; no bytes: they are no UTF-8.
struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  std::uint32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[length] || surrogate || code > 0x10FFFF ? Character{} : Character{code, length};
}

// Controls, the ends of lines and paragraphs, and what turns the direction of writing.
bool is_obeyed(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string in_hex(std::uint32_t value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 0xF];
  return text;
}

std::string escaped(std::uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\r') return "\\r";
  if (code == '\t') return "\\t";
  return code < 0x80 ? "\\x" + in_hex(code, 2) : "\\u" + in_hex(code, 4);
}

struct CodeRange {
  std::uint32_t first, last;
};

bool lies_in(std::uint32_t code, std::initializer_list<CodeRange> ranges) {
  return std::ranges::any_of(ranges, [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

// As terminals do it, for the scripts that names are written in.
std::size_t columns_of(std::uint32_t code) {
  if (code < 0x300) return 1;
  if (lies_in(code, {{0x300, 0x36F},
                     {0x483, 0x489},
                     {0x591, 0x5BD},
                     {0x610, 0x61A},
                     {0x64B, 0x65F},
                     {0x1AB0, 0x1AFF},
                     {0x1DC0, 0x1DFF},
                     {0x200B, 0x200F},
                     {0x20D0, 0x20FF},
                     {0x3099, 0x309A},
                     {0xFE00, 0xFE0F},
                     {0xFE20, 0xFE2F},
                     {0xFEFF, 0xFEFF},
                     {0xE0100, 0xE01EF}}))
    return 0;
  return lies_in(code, {{0x1100, 0x115F},
                        {0x2E80, 0x303E},
                        {0x3041, 0x33FF},
                        {0x3400, 0x4DBF},
                        {0x4E00, 0x9FFF},
                        {0xA000, 0xA4CF},
                        {0xAC00, 0xD7A3},
                        {0xF900, 0xFAFF},
                        {0xFE30, 0xFE6F},
                        {0xFF00, 0xFF60},
                        {0xFFE0, 0xFFE6},
                        {0x1F300, 0x1F64F},
                        {0x1F680, 0x1F6FF},
                        {0x1F900, 0x1FAFF},
                        {0x20000, 0x3FFFD}})
             ? 2
             : 1;
}

// The bytes that make no more than so many columns, and those columns.
std::pair<std::size_t, std::size_t> measure(std::string_view text, std::size_t most) {
  std::size_t at = 0, wide = 0;
  while (at < text.size()) {
    const Character c = first_character(text.substr(at));
    const std::size_t more = c.bytes == 0 ? 1 : columns_of(c.code);
    if (wide + more > most) break;
    wide += more;
    at += std::max<std::size_t>(1, c.bytes);
  }
  return {at, wide};
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.bytes == 0) {
      result += "\\x" + in_hex(static_cast<unsigned char>(text[0]), 2);
    } else if (is_obeyed(c.code)) {
      result += escaped(c.code);
    } else {
      result += text.substr(0, c.bytes);
    }
    text.remove_prefix(std::max<std::size_t>(1, c.bytes));
  }
  return result;
}

std::size_t columns(std::string_view text) { return measure(text, text.size() * 2).second; }

std::string_view cut_to_columns(std::string_view text, std::size_t most) { return text.substr(0, measure(text, most).first); }

std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (!word.empty() && word[0] != '=' && word.find_first_not_of(kPlain) == word.npos) return std::string(word);
  const bool shown_as_it_is = printable(word) == word;
  std::string quoted = shown_as_it_is ? "'" : "$'";
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (shown_as_it_is) {
      quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    } else if (c == '\'' || c == '\\') {
      quoted += std::string("\\") + c;
    } else if (byte < 0x20 || byte >= 0x7F) {  // three octal digits: a digit that follows is not taken for one of them
      quoted += {'\\', static_cast<char>('0' + byte / 64), static_cast<char>('0' + byte / 8 % 8), static_cast<char>('0' + byte % 8)};
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string shell_path(std::string_view path) { return shell_word(path.starts_with('-') ? "./" + std::string(path) : std::string(path)); }

}  // namespace temper
