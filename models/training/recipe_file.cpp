#include "models/training/recipe_file.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "core/base/names.h"
#include "models/training/settings.h"

namespace temper::training {
namespace {

std::string known_keys() {
  std::string keys;
  for (const Setting& setting : settings()) keys += (keys.empty() ? "" : ", ") + setting.key;
  return keys;
}

// A list, when all its items are of one kind.
template <class Item> std::optional<std::vector<Item>> json_list(const toml::array& array) {
  std::vector<Item> list;
  for (const toml::node& node : array) {
    const auto item = node.value<Item>();
    const bool fits = std::same_as<Item, std::string> ? node.is_string()
                      : std::same_as<Item, double>    ? node.is_number()
                                                      : node.is_integer();
    if (!item || !fits) return std::nullopt;
    list.push_back(*item);
  }
  return list;
}

std::optional<Value> to_value(const toml::node& node, const Setting& setting) {
  if (node.is_boolean()) return Value(*node.value<bool>());
  if (node.is_integer()) return Value(Index{*node.value<std::int64_t>()});
  if (node.is_floating_point()) return Value(*node.value<double>());
  if (node.is_string()) return Value(*node.value<std::string>());
  if (!node.is_array()) return std::nullopt;
  const Value usual = setting.read({});
  if (node.as_array()->empty()) return usual;  // every list is empty by default
  if (std::holds_alternative<std::vector<Index>>(usual)) {
    if (auto numbers = json_list<std::int64_t>(*node.as_array())) return Value(std::vector<Index>(numbers->begin(), numbers->end()));
  }
  if (auto numbers = json_list<double>(*node.as_array())) return Value(std::move(*numbers));
  if (auto texts = json_list<std::string>(*node.as_array())) return Value(std::move(*texts));
  return std::nullopt;
}

// The values of a list for a setting that is one number or name.
void read_list(const Setting& setting, const toml::array& array, SettingLists& lists) {
  std::vector<std::string> values;
  for (const toml::node& node : array) {
    const std::optional<Value> value = node.is_array() ? std::nullopt : to_value(node, setting);
    TEMPER_CHECK(value, setting.key, ": a list has numbers or names");
    Recipe any;
    setting.write(any, *value);
    values.push_back(plain_text(setting.read(any)));
  }
  TEMPER_CHECK(!values.empty(), setting.key, ": the list is empty; give one value or more");
  lists.emplace_back(setting.key, std::move(values));
}

void set_from(std::string_view key, const toml::node& node, Recipe& recipe, SettingLists* lists) {
  const Setting* setting = find_setting(key);
  TEMPER_CHECK(setting, key, " is not a setting; ", did_you_mean(key, settings(), &Setting::key), "known are ", known_keys());
  if (lists && node.is_array() && setting->can_vary()) return read_list(*setting, *node.as_array(), *lists);
  const std::optional<Value> value = to_value(node, *setting);
  TEMPER_CHECK(value, key, ": a value of this kind is not taken; give true or false, a number, text, or a list of one kind");
  try {
    setting->write(recipe, *value);
  } catch (const Error& error) {
    throw Error(str_cat(key, ": ", error.what(), "; see temper train --show-config"));
  }
}

std::string number_text(double number) {
  char text[32];
  std::string digits(text, std::to_chars(text, text + sizeof text, number).ptr);
  return digits.find_first_of(".einf") == std::string::npos ? digits + ".0" : digits;
}

std::string quoted(const std::string& text) {
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  if (std::ranges::all_of(text, plain)) return '"' + text + '"';
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << toml::toml_formatter(toml::value<std::string>(text));
  return out.str();
}

template <class Items, class Write> std::string list_text(const Items& items, Write write) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + write(item);
  return "[" + text + "]";
}

struct WriteValue {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(Index value) const { return std::to_string(value); }
  std::string operator()(double value) const { return number_text(value); }
  std::string operator()(const std::string& value) const { return quoted(value); }
  std::string operator()(const std::vector<Index>& values) const { return list_text(values, *this); }
  std::string operator()(const std::vector<double>& values) const { return list_text(values, number_text); }
  std::string operator()(const std::vector<std::string>& values) const { return list_text(values, quoted); }
};

}  // namespace

std::vector<std::string> read_recipe(std::string_view text, const std::string& source, Recipe& recipe, SettingLists* lists) {
  toml::table table;
  try {
    table = toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    throw Error(str_cat(source, ": line ", error.source().begin.line, ": ", error.description(), "; write lines as epochs = 30"));
  }
  std::vector<std::pair<std::uint32_t, std::string>> keys;  // in the order of the text
  Recipe changed = recipe;
  for (const auto& [key, node] : table) {
    const std::uint32_t line = node.source().begin.line;
    try {
      set_from(key.str(), node, changed, lists);
    } catch (const Error& error) {
      throw Error(str_cat(source, ": line ", line, ": ", error.what()));
    }
    keys.emplace_back(line, std::string(key.str()));
  }
  recipe = std::move(changed);
  std::ranges::sort(keys);
  std::vector<std::string> names;
  for (auto& [line, key] : keys) names.push_back(std::move(key));
  return names;
}

std::string setting_text(const Setting& setting, const Recipe& recipe) {
  return setting.key + " = " + std::visit(WriteValue{}, setting.read(recipe));
}

std::string write_recipe(const Recipe& recipe, bool with_distillation) {
  std::string text, group;
  for (const Setting& setting : settings()) {
    if ((setting.for_distillation() && !with_distillation) || !setting.applies_to(recipe)) continue;
    if (setting.group != group) text += (group.empty() ? "# " : "\n# ") + setting.group + "\n";
    group = setting.group;
    std::string line = setting_text(setting, recipe);
    line.resize(std::max<std::size_t>(line.size(), 28), ' ');
    text += line + "  # " + setting.help + "\n";
  }
  return text;
}

}  // namespace temper::training
