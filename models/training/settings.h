// The settings of a recipe as a list: what the command line, configuration files, run.json and `temper train --show-config` have in common.
// A new setting is a field of Recipe and a row in settings.cpp.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/training/recipe.h"

namespace temper::training {

using Value = std::variant<bool, Index, double, std::string, std::vector<Index>, std::vector<double>, std::vector<std::string>>;

// Which numbers a setting may have; of a list, each. Everything where there is no rule.
struct Rule {
  bool (*allows)(double) = nullptr;
  const char* advice = "";  // "give at least 1"
};

// Of which runs a setting changes anything: of all where there is no scope.
struct Scope {
  bool (*covers)(const Recipe&) = nullptr;
  const char* what = "";   // "--optimizer sgd"
  bool of_photos = false;  // only those of data::DataSource::photos
};

struct Setting {
  std::string group;      // "Optimizer": settings of a group follow one another
  std::string key;        // "weight_decay", in files
  std::string option;     // "--weight-decay", on the command line. "--flip{random},--no-flip{none}" are flags for values, as CLI11 has them
  std::string type_name;  // "W"
  std::string help;
  std::function<Value(const Recipe&)> read;
  // Takes a whole number for a real one. Throws Error, saying what it takes, for a value of another kind and for an unknown name; the
  // rule is for check().
  std::function<void(Recipe&, const Value&)> write;
  Rule rule = {};
  Scope scope = {};

  // Throws Error "--option: ..." for a number that the rule does not allow, and for an unknown name.
  void check(const Recipe& recipe) const;

  // Whether it is one number or one name, of which a sweep may try several: not a flag, a list, a file or a text.
  bool can_vary() const;
  bool for_distillation() const { return group == "Distillation"; }
  bool is_for_network(const Recipe& recipe) const;
  // Whether it changes anything. Those of images are not for networks that read text, and the other way round; others have a scope.
  bool applies_to(const Recipe& recipe) const;
  bool applies_to(const Recipe& recipe, const std::string& data) const;  // the spec of the data; of an unknown one as above
  // What it is for instead, "--optimizer sgd" or "folders of photos", where it does not apply.
  std::string belongs_to(const Recipe& recipe, const std::string& data) const;
  // Whether it also applies to weights that were trained elsewhere: their preprocessing, their label smoothing, and the images that are
  // left to measure them on.
  bool for_any_weights() const;
};

const std::vector<Setting>& settings();
const Setting* find_setting(std::string_view key);  // null for a key that is none

// A value of the setting's kind from text, as "0.05"; and the shortest text of a value that gives it again. Throws Error "it takes ...".
Value parse_value(const Setting& setting, std::string_view text);
std::string plain_text(const Value& value);

}  // namespace temper::training
