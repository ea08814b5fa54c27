#include "models/training/class_weights.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "core/base/check.h"
#include "core/base/file.h"

namespace temper::training {
namespace {

constexpr const char* kFormatAdvice = "; write a line NAME,WEIGHT for each class";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

// from_chars knows no locale.
std::optional<float> weight_of(std::string_view text) {
  float weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(weight) || weight < 0) return std::nullopt;
  return weight;
}

std::vector<float> balanced(const data::Dataset& set) {
  std::vector<double> counts(static_cast<std::size_t>(set.classes()));
  for (const std::int32_t label : set.labels) ++counts[static_cast<std::size_t>(label)];
  std::vector<float> weights;
  for (const double count : counts)
    weights.push_back(count == 0 ? 1 : static_cast<float>(static_cast<double>(set.size()) / (static_cast<double>(counts.size()) * count)));
  return weights;
}

}  // namespace

std::vector<float> parse_class_weights(const std::string& bytes, const std::string& file, const std::vector<std::string>& class_names) {
  std::vector<std::optional<float>> found(class_names.size());
  std::size_t line_number = 0, unnamed = 0;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++line_number;
    if (line.empty()) continue;
    const std::size_t comma = line.rfind(',');  // a name may have one
    const std::string_view name = comma == std::string_view::npos ? "" : trimmed(line.substr(0, comma));
    const std::optional<float> weight = weight_of(trimmed(line.substr(comma + 1)));
    TEMPER_CHECK(weight, file, ": line ", line_number, ": the weight of a class is a finite number >= 0", kFormatAdvice);
    std::size_t k = unnamed;
    if (comma == std::string_view::npos)
      ++unnamed;
    else
      k = static_cast<std::size_t>(std::ranges::find(class_names, name) - class_names.begin());
    TEMPER_CHECK(k < class_names.size(), file, ": line ", line_number, ": ",
                 name.empty() ? str_cat("there are ", class_names.size(), " classes") : str_cat("there is no class \"", name, "\""),
                 kFormatAdvice);
    TEMPER_CHECK(!found[k], file, ": line ", line_number, ": the class ", class_names[k], " has a weight already", kFormatAdvice);
    found[k] = weight;
  }
  std::vector<float> weights;
  for (std::size_t k = 0; k < found.size(); ++k) {
    TEMPER_CHECK(found[k], file, ": the class ", class_names[k], " has no weight", kFormatAdvice);
    weights.push_back(*found[k]);
  }
  TEMPER_CHECK(std::ranges::any_of(weights, [](float weight) { return weight > 0; }), file,
               ": all weights are 0, so nothing would be learned", kFormatAdvice);
  return weights;
}

std::vector<float> class_weights(const std::string& setting, const data::Dataset& train_set) {
  if (setting.empty()) return {};
  if (setting == "balanced") return balanced(train_set);
  return parse_class_weights(read_file(setting), setting, train_set.class_names);
}

}  // namespace temper::training
