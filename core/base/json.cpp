#include "core/base/json.h"

#include <set>

#include "core/base/check.h"

namespace temper {

namespace {

// Hears of each part of a text as it is parsed, and refuses what nlohmann-json lets pass.
class Watch {
 public:
  void operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    TEMPER_CHECK(depth <= kDeepest, "not valid JSON: more than ", kDeepest, " arrays and objects inside each other");
    if (event == Json::parse_event_t::object_start) keys_.emplace_back();
    if (event == Json::parse_event_t::object_end) keys_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      TEMPER_CHECK(keys_.back().insert(key).second, "not valid JSON: the key ", key, " occurs twice");
      TEMPER_CHECK(keys_.back().size() <= kMostKeys, "not valid JSON: an object of more than ", kMostKeys, " keys");
    }
    const bool text = (event == Json::parse_event_t::key || event == Json::parse_event_t::value) && parsed.is_string();
    TEMPER_CHECK(!text || parsed.get_ref<const std::string&>().find('\0') == std::string::npos, "not valid JSON: a text with a NUL in it");
  }

 private:
  static constexpr int kDeepest = 100;
  static constexpr std::size_t kMostKeys = 4096;  // keys are searched one by one

  std::vector<std::set<std::string>> keys_;  // of the objects around the place where the parser is
};

}  // namespace

Json parse_json(std::string_view text) {
  constexpr std::size_t kMostBytes = 100'000'000;
  TEMPER_CHECK(text.size() <= kMostBytes, "not valid JSON: ", text.size(), " bytes, more than ", kMostBytes);
  const std::size_t zero = text.find('\0');  // the parser would take it for the end
  TEMPER_CHECK(zero == std::string_view::npos, "not valid JSON at byte ", zero + 1);
  try {
    Watch watch;
    return Json::parse(text, [&](int depth, Json::parse_event_t event, const Json& parsed) {
      watch(depth, event, parsed);
      return true;
    });
  } catch (const Json::parse_error& error) {
    throw Error(str_cat("not valid JSON at byte ", error.byte));
  } catch (const Json::exception& error) {  // a number beyond all
    throw Error(str_cat("not valid JSON: ", error_text(error)));
  }
}

std::string error_text(const std::exception& error) {
  const std::string_view what = error.what();
  const std::size_t name = what.starts_with("[json.exception.") ? what.find("] ") + 2 : 0;
  return std::string(what.substr(name));
}

JsonNode::JsonNode(const Json& json, std::string path) : json_(json), path_(std::move(path)) {
  TEMPER_CHECK(json_.is_object(), path_.empty() ? "the content" : path_, " is not an object");
}

bool JsonNode::has(std::string_view key) const {
  const auto found = json_.find(key);
  return found != json_.end() && !found->is_null();
}

std::string JsonNode::path(std::string_view key) const { return path_.empty() ? std::string(key) : str_cat(path_, ".", key); }

const Json& JsonNode::at(std::string_view key) const {
  TEMPER_CHECK(has(key), path(key), " is missing");
  return *json_.find(key);
}

JsonNode JsonNode::object(std::string_view key) const { return JsonNode(at(key), path(key)); }

std::string JsonNode::text(std::string_view key) const {
  const Json& found = at(key);
  TEMPER_CHECK(found.is_string(), path(key), " is not a text");
  return found.get<std::string>();
}

const Json& JsonNode::array(std::string_view key) const {
  const Json& found = at(key);
  TEMPER_CHECK(found.is_array(), path(key), " is not an array");
  return found;
}

std::vector<JsonNode> JsonNode::objects(std::string_view key) const {
  std::vector<JsonNode> nodes;
  for (const Json& element : array(key)) nodes.emplace_back(element, str_cat(path(key), "[", nodes.size(), "]"));
  return nodes;
}

std::string JsonNode::text_or(std::string_view key, std::string_view otherwise) const {
  return has(key) ? text(key) : std::string(otherwise);
}

bool JsonNode::flag_or(std::string_view key, bool otherwise) const {
  if (!has(key)) return otherwise;
  TEMPER_CHECK(at(key).is_boolean(), path(key), " is neither true nor false");
  return at(key).get<bool>();
}

double JsonNode::number_or(std::string_view key, double otherwise) const {
  if (!has(key)) return otherwise;
  TEMPER_CHECK(at(key).is_number(), path(key), " is not a number");
  return at(key).get<double>();
}

double JsonNode::fraction_or(std::string_view key, double otherwise) const {
  const double found = number_or(key, otherwise);
  TEMPER_CHECK(!(found < 0 || found > 1 + 1e-6), path(key), " is ", found, ", not in 0..1");
  return found;
}

Index JsonNode::count_or(std::string_view key, Index otherwise) const {
  if (!has(key)) return otherwise;
  const Json& found = at(key);
  const bool whole = found.is_number_unsigned() ? found.get<std::uint64_t>() <= std::uint64_t{1} << 62
                                                : found.is_number_integer() && found.get<std::int64_t>() >= 0;
  TEMPER_CHECK(whole, path(key), " is not a count");
  return found.get<Index>();
}

std::vector<double> JsonNode::numbers(std::string_view key) const {
  std::vector<double> found;
  if (!has(key)) return found;
  for (const Json& element : array(key)) found.push_back(element.is_number() ? element.get<double>() : kAbsent);
  return found;
}

std::vector<std::string> JsonNode::texts(std::string_view key) const {
  std::vector<std::string> found;
  if (!has(key)) return found;
  for (const Json& element : array(key)) {
    TEMPER_CHECK(element.is_string(), path(key), " has an element that is not a text");
    found.push_back(element.get<std::string>());
  }
  return found;
}

std::pair<double, double> JsonNode::interval(std::string_view key) const {
  if (!has(key)) return {kAbsent, kAbsent};
  const Json& ends = array(key);
  if (ends == Json{nullptr, nullptr}) return {kAbsent, kAbsent};
  const bool two = ends.size() == 2 && ends[0].is_number() && ends[1].is_number() && ends[0] <= ends[1];
  TEMPER_CHECK(two, path(key), " is not two numbers, the lower one first");
  return {ends[0].get<double>(), ends[1].get<double>()};
}

}  // namespace temper
