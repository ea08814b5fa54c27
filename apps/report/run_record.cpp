#include "apps/report/run_record.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "apps/report/epoch_log.h"
#include "apps/report/notation.h"
#include "core/check.h"
#include "core/json.h"

namespace temper::report {
namespace {

constexpr const char* kRewrite = "; the file is damaged: run the command that wrote it again";

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  TEMPER_CHECK(file, path.string(), ": cannot be read; check its permissions");
  std::ostringstream text;
  text << file.rdbuf();
  TEMPER_CHECK(!file.bad(), path.string(), ": reading failed; check the disk");
  return std::move(text).str();
}

// A JSON object together with where it stands, so that every complaint names file and key.
class Node {
 public:
  Node(const Json& json, std::string file, std::string key) : json_(json), file_(std::move(file)), key_(std::move(key)) {
    TEMPER_CHECK(json_.is_object(), file_, ": ", key_.empty() ? "the content" : key_, " is not an object", kRewrite);
  }

  bool has(const char* key) const { return json_.contains(key) && !json_.at(key).is_null(); }

  Node object(const char* key) const { return {value(key), file_, path(key)}; }

  std::string text(const char* key) const {
    const Json& found = value(key);
    TEMPER_CHECK(found.is_string(), file_, ": ", path(key), " is not a text", kRewrite);
    return found.get<std::string>();
  }
  std::string text_or(const char* key, const char* otherwise) const { return has(key) ? text(key) : otherwise; }

  // NaN for null and for an absent key: JSON cannot write the NaN of a diverged run.
  double number(const char* key) const {
    if (!has(key)) return kNotANumber;
    const Json& found = value(key);
    TEMPER_CHECK(found.is_number(), file_, ": ", path(key), " is not a number", kRewrite);
    return found.get<double>();
  }
  double number_or(const char* key, double otherwise) const { return has(key) ? number(key) : otherwise; }

  double fraction(const char* key) const {
    const double found = number(key);
    TEMPER_CHECK(!(found < 0 || found > 1 + 1e-6), file_, ": ", path(key), " is ", plain(found), ", not in 0..1", kRewrite);
    return found;
  }

  std::int64_t count(const char* key) const {
    if (!has(key)) return 0;
    const Json& found = value(key);
    const bool whole = found.is_number_unsigned() ? found.get<std::uint64_t>() <= std::uint64_t{1} << 62
                                                  : found.is_number_integer() && found.get<std::int64_t>() >= 0;
    TEMPER_CHECK(whole, file_, ": ", path(key), " is not a count", kRewrite);
    return found.get<std::int64_t>();
  }

  const Json& list(const char* key) const {
    const Json& found = value(key);
    TEMPER_CHECK(found.is_array(), file_, ": ", path(key), " is not an array", kRewrite);
    return found;
  }

  std::vector<Node> array(const char* key) const {
    std::vector<Node> nodes;
    for (const Json& element : list(key)) nodes.emplace_back(element, file_, concat(path(key), "[", nodes.size(), "]"));
    return nodes;
  }

  // The two numbers of an interval; NaN where the key is absent, as in older files.
  std::pair<double, double> ends_or_nan(const char* key) const {
    if (!has(key)) return {kNotANumber, kNotANumber};
    const Json& ends = list(key);
    const bool two = ends.size() == 2 && ends[0].is_number() && ends[1].is_number() && ends[0] <= ends[1];
    TEMPER_CHECK(two, file_, ": ", path(key), " is not two numbers, the lower one first", kRewrite);
    return {ends[0].get<double>(), ends[1].get<double>()};
  }

  std::vector<std::pair<std::string, std::string>> entries() const {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [key, value] : json_.items()) {
      if (value.is_null() || value == "") continue;
      found.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return found;
  }

 private:
  std::string path(const char* key) const { return key_.empty() ? key : key_ + "." + key; }
  const Json& value(const char* key) const {
    TEMPER_CHECK(json_.contains(key), file_, ": ", path(key), " is missing", kRewrite);
    return json_.at(key);
  }

  const Json& json_;
  std::string file_, key_;
};

Json parse(const std::filesystem::path& path) {
  try {
    return parse_json(file_text(path));
  } catch (const Error& error) {
    throw Error(about(path.string(), error.what(), kRewrite));
  }
}

Metrics metrics(const Node& node) {
  const auto [lower, upper] = node.ends_or_nan("ece_interval");
  return {.samples = node.count("samples"),
          .accuracy = node.fraction("accuracy"),
          .nll = node.number("nll"),
          .ece = node.fraction("ece"),
          .mce = node.fraction("mce"),
          .ace = node.fraction("ace"),
          .classwise_ece = node.fraction("classwise_ece"),
          .brier = node.number("brier"),
          .aurc = node.fraction("aurc"),
          .debiased_ece = node.fraction("debiased_ece"),
          .smooth_ece = node.fraction("smooth_ece"),
          .auroc = node.fraction("auroc"),
          .ece_lower = lower,
          .ece_upper = upper};
}

std::vector<ReliabilityBin> bins(const std::vector<Node>& nodes) {
  std::vector<ReliabilityBin> found;
  for (const Node& node : nodes) {
    ReliabilityBin bin{.lower = node.fraction("lower"), .upper = node.fraction("upper"), .count = node.count("count")};
    if (bin.count > 0) {
      bin.confidence = node.fraction("confidence");
      bin.accuracy = node.fraction("accuracy");
    }
    found.push_back(bin);
  }
  return found;
}

std::vector<ReliabilityBin> bins_of(const Node& parent, const char* split) {
  if (!parent.has("reliability")) return {};
  const Node reliability = parent.object("reliability");
  return reliability.has(split) ? bins(reliability.array(split)) : std::vector<ReliabilityBin>{};
}

std::vector<double> numbers(const Node& parent, const char* key) {
  std::vector<double> found;
  if (!parent.has(key)) return found;
  for (const Json& element : parent.list(key)) found.push_back(element.is_number() ? element.get<double>() : kNotANumber);
  return found;
}

std::vector<CurvePoint> risk_curve(const Node& root, const char* when) {
  std::vector<CurvePoint> curve;
  if (!root.has("risk_coverage")) return curve;
  for (const Node& node : root.object("risk_coverage").array(when)) curve.push_back({node.fraction("coverage"), node.fraction("risk")});
  return curve;
}

std::vector<CurvePoint> nll_curve(const Node& root) {
  std::vector<CurvePoint> curve;
  if (!root.has("nll_by_temperature")) return curve;
  const Node both = root.object("nll_by_temperature");
  const std::vector<double> temperatures = numbers(both, "temperature"), nlls = numbers(both, "nll");
  for (std::size_t i = 0; i < std::min(temperatures.size(), nlls.size()); ++i) curve.push_back({temperatures[i], nlls[i]});
  return curve;
}

std::vector<std::string> texts(const Node& parent, const char* key) {
  std::vector<std::string> found;
  if (!parent.has(key)) return found;
  for (const Json& element : parent.list(key))
    if (element.is_string()) found.push_back(element.get<std::string>());
  return found;
}

}  // namespace

Calibration read_calibration(const std::filesystem::path& path) {
  const Json json = parse(path);
  const Node root(json, path.string(), "");
  const double temperature = root.number("temperature");
  TEMPER_CHECK(!(temperature <= 0), path.string(), ": temperature is ", plain(temperature), ", not above 0; run `temper calibrate` again");
  return {.method = root.text("method"),
          .temperature = temperature,
          .status = root.text_or("status", ""),
          .fitted_on = root.text_or("fitted_on", ""),
          .samples = root.count("samples"),
          .before = metrics(root.object("before")),
          .after = metrics(root.object("after")),
          .bins_before = bins_of(root, "before"),
          .bins_after = bins_of(root, "after"),
          .measured_on = root.text_or("measured_on", "test"),
          .risk_before = risk_curve(root, "before"),
          .risk_after = risk_curve(root, "after"),
          .nll_by_temperature = nll_curve(root),
          .advice = texts(root, "advice")};
}

namespace {

Teacher teacher(const Node& node) {
  return {.run = node.text_or("run", ""),
          .model = node.text_or("model", ""),
          .smoothing = node.number_or("smoothing", 0),
          .temperature = node.number_or("temperature", 1),
          .beta = node.number_or("beta", 1),
          .form = node.text_or("form", ""),
          .student_temperature = node.number_or("student_temperature", 0),
          .factor = node.text_or("factor", ""),
          .equivalent_smoothing = node.number_or("equivalent_smoothing", kNotANumber)};
}

RunRecord run(const std::filesystem::path& path) {
  const Json json = parse(path);
  const Node root(json, path.string(), "");
  const Node settings = root.object("settings");
  const Node measured = root.object("metrics");
  RunRecord record;
  record.version = root.text_or("temper", "");
  record.command = root.text_or("command", "train");
  record.created = root.text_or("created", "");
  record.data = settings.text("data");
  record.model = settings.text("model");
  record.smoothing = settings.number_or("smoothing", 0);
  record.parameters = root.count("parameters");
  record.seconds = root.number("seconds");
  if (root.has("teacher")) record.teacher = teacher(root.object("teacher"));
  if (measured.has("val")) record.val = metrics(measured.object("val"));
  record.test = metrics(measured.object("test"));
  if (root.has("bleu")) {
    const Node bleu = root.object("bleu");
    record.translations = {.bleu = bleu.number("score"), .signature = bleu.text_or("signature", "")};
  }
  record.test_bins = bins_of(root, "test");
  record.settings = settings.entries();
  if (root.has("machine")) record.machine = root.object("machine").entries();
  return record;
}

// "runs/hard/" and "." have a last component too.
std::string last_component(const std::filesystem::path& folder) {
  const std::filesystem::path whole = std::filesystem::absolute(folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

}  // namespace

RunRecord read_run_record(const std::filesystem::path& folder) {
  std::error_code unreadable;  // the overloads without it throw their own exception type
  TEMPER_CHECK(std::filesystem::is_directory(folder, unreadable), folder.string(),
               ": not a folder; give the folder that --out named when training");
  TEMPER_CHECK(std::filesystem::exists(folder / "run.json", unreadable), (folder / "run.json").string(),
               ": missing; give the folder of a finished run, or finish it with --resume");
  RunRecord record = run(folder / "run.json");
  record.name = last_component(folder);
  if (std::filesystem::exists(folder / "log.csv", unreadable)) {
    record.log = parse_epoch_log(file_text(folder / "log.csv"), (folder / "log.csv").string());
  }
  if (std::filesystem::exists(folder / "calibrator.json", unreadable)) record.calibration = read_calibration(folder / "calibrator.json");
  return record;
}

std::optional<int> diverged_at(const RunRecord& run) {
  const auto broken =
      std::ranges::find_if(run.log, [](const EpochRecord& row) { return !std::isfinite(row.train_loss) || !std::isfinite(row.val_nll); });
  if (broken == run.log.end()) return std::nullopt;
  return broken->epoch;
}

}  // namespace temper::report
