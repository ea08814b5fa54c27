#include "core/base/names.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <vector>

namespace temper {
namespace {

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

// The fewest slips that make b of a: the distance of Damerau and Levenshtein, in which a pair that was exchanged is not changed again.
std::size_t count_slips(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> slips((a.size() + 1) * width);  // [i width + j]: from the first i letters of a to the first j of b
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& least = slips[i * width + j];
      if (i == 0 || j == 0) {
        least = i + j;
        continue;
      }
      const std::size_t* const row = &slips[(i - 1) * width];
      least = std::min({row[j] + 1, row[width + j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) least = std::min(least, slips[(i - 2) * width + j - 2] + 1);
    }
  }
  return slips.back();
}

}  // namespace

std::string closest_name(std::string_view text, std::span<const std::string> names) {
  constexpr std::size_t kLongest = 100;  // nobody means anything by more, and the work grows with the square
  if (text.size() > kLongest) return "";
  const std::string small = in_small_letters(text);
  std::string closest;
  std::size_t least = kLongest;
  for (const std::string& name : names) {
    if (name.size() > kLongest) continue;
    const std::size_t slips = count_slips(small, in_small_letters(name));
    const std::size_t most = std::max<std::size_t>(1, std::max(small.size(), name.size()) / 3);
    if (slips > most || slips >= std::min(small.size(), name.size()) || slips >= least) continue;
    least = slips;
    closest = name;
  }
  return closest;
}

std::string did_you_mean(std::string_view text, std::span<const std::string> names) {
  const std::string closest = closest_name(text, names);
  return closest.empty() ? "" : "did you mean " + closest + "? ";
}

std::vector<std::string> distinct_names(std::span<const std::string> paths) {
  namespace fs = std::filesystem;
  struct Path {
    std::vector<std::string> parts;
    std::size_t shown = 1;

    std::string name() const {
      std::string text;
      for (std::size_t i = parts.size() - std::min(shown, parts.size()); i < parts.size(); ++i)
        text += (text.empty() ? "" : "/") + parts[i];
      return text;
    }
  };
  std::vector<Path> all;
  for (const std::string& given : paths) {
    Path path;
    std::error_code unknown;  // where we are
    for (const fs::path& part : fs::absolute(given, unknown).lexically_normal())
      if (!part.empty() && part != "/") path.parts.push_back(part.string());
    if (path.parts.empty()) path.parts.push_back(given);
    all.push_back(std::move(path));
  }
  for (bool more = true; more;) {
    more = false;
    std::map<std::string, std::set<std::vector<std::string>>> by_name;
    for (const Path& path : all) by_name[path.name()].insert(path.parts);
    for (Path& path : all) {
      if (by_name.at(path.name()).size() < 2 || path.shown >= path.parts.size()) continue;
      ++path.shown;
      more = true;
    }
  }
  std::vector<std::string> names;
  for (const Path& path : all) names.push_back(path.name());
  return names;
}

}  // namespace temper
