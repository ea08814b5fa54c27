// A small reader of tags: is a piece of HTML or SVG well-formed in the sense of XML?
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace temper::report {

// "" when every tag is closed in order, attributes are quoted, and & and < are escaped; else what is wrong first. The content of <style> is
// not looked at, as in HTML.
inline std::string well_formedness_error(std::string_view text) {
  std::vector<std::string> open;
  std::size_t at = 0;
  const auto around = [&] { return "'" + std::string(text.substr(at, 60)) + "'"; };
  while (at < text.size()) {
    if (text[at] == '>') return "unescaped > at " + around();
    if (text[at] == '&') {
      const std::size_t end = text.find_first_not_of("#abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", at + 1);
      if (end == std::string_view::npos || text[end] != ';' || end == at + 1) return "unescaped & at " + around();
    }
    if (text[at] != '<') {
      ++at;
      continue;
    }
    std::size_t end = at + 1;  // of the tag: the first > outside quotes
    bool quoted = false;
    for (; end < text.size() && (quoted || text[end] != '>'); ++end) {
      if (text[end] == '"') quoted = !quoted;
      if (text[end] == '<') return "unescaped < in the tag at " + around();
      if (text[end] == '=' && !quoted && (end + 1 == text.size() || text[end + 1] != '"')) return "unquoted attribute at " + around();
    }
    if (end == text.size()) return "unclosed tag at " + around();
    const std::string_view tag = text.substr(at + 1, end - at - 1);
    if (tag.starts_with("!DOCTYPE")) {
      at = end + 1;
      continue;
    }
    const std::string name(tag.substr(tag.starts_with('/') ? 1 : 0, tag.find_first_of(" /\n", 1) - (tag.starts_with('/') ? 1 : 0)));
    if (name.empty()) return "nameless tag at " + around();
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes <" + (open.empty() ? "nothing" : open.back()) + ">";
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
      if (name == "style") end = text.find("</style>", end) - 1;
    }
    at = end + 1;
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace temper::report
