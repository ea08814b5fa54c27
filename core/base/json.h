// JSON that keeps its keys in the order in which they were written. Only for sources: no public header includes this one.
#pragma once

#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/file.h"
#include "core/base/shape.h"

namespace temper {

using Json = nlohmann::ordered_json;

// Throws Error "not valid JSON at byte N", also for a key that occurs twice in an object, a NUL in or between texts, 100 arrays and objects
// inside each other, 4,096 keys in an object and more than 100 MB; the caller adds the name of the file.
Json parse_json(std::string_view text);

// The message of an error met while reading JSON, without nlohmann-json's prefix: "key 'settings' not found".
std::string error_text(const std::exception& error);

// A JSON object of a file that an older or a newer version may have written, together with the path to it: every Error names the key, as in
// "metrics.val.nll is not a number"; the caller adds the name of the file. Null counts as absent, unknown keys are skipped. Keeps
// a reference.
class JsonNode {
 public:
  static constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

  explicit JsonNode(const Json& json, std::string path = "");  // throws Error unless it is an object

  const Json& json() const { return json_; }
  bool has(std::string_view key) const;
  std::string path(std::string_view key) const;

  // These throw Error when the key is absent or holds something else.
  JsonNode object(std::string_view key) const;
  std::string text(std::string_view key) const;
  // parse(text), whose Error then names the key too.
  template <class Parse> auto parse(std::string_view key, Parse parse) const {
    const std::string value = text(key);
    try {
      return parse(value);
    } catch (const Error& error) {
      throw Error(file_error_message(path(key), error.what()));
    }
  }
  const Json& array(std::string_view key) const;
  std::vector<JsonNode> objects(std::string_view key) const;  // of an array

  // These only when it holds something else.
  std::string text_or(std::string_view key, std::string_view otherwise) const;
  bool flag_or(std::string_view key, bool otherwise) const;
  double number_or(std::string_view key, double otherwise = kAbsent) const;
  double fraction_or(std::string_view key, double otherwise = kAbsent) const;  // in 0..1, up to rounding
  Index count_or(std::string_view key, Index otherwise = 0) const;             // in 0..2^62
  std::vector<double> numbers(std::string_view key) const;                     // empty when absent; NaN for an element that is none
  std::vector<std::string> texts(std::string_view key) const;                  // empty when absent
  std::pair<double, double> interval(std::string_view key) const;              // kAbsent twice when absent; the lower end first

 private:
  const Json& at(std::string_view key) const;

  const Json& json_;
  std::string path_;
};

// Returns read(JsonNode) of the content of a file. Its exceptions become an Error with the name of the file and advice.
template <class Read> auto read_json_file(const std::string& path, const char* advice, Read read) {
  try {
    const Json json = parse_json(read_file(path));
    return read(JsonNode(json));
  } catch (const std::exception& error) {
    throw Error(file_error_message(path, error_text(error), "; ", advice));
  }
}

}  // namespace temper
