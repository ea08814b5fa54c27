#include "models/runs/sweep.h"

#include <algorithm>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"

namespace temper::runs {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile = "sweep.json";
constexpr std::size_t kMostRuns = 100'000;

std::string file_of(const std::string& folder) { return (fs::path(folder) / kFile).string(); }

// A key or a value becomes a part of a folder's name.
bool is_plain(const std::string& text) {
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' || c == '+';
  });
}

Sweep read(const JsonNode& node) {
  Sweep sweep{.command = node.text("command"), .arguments = node.texts("arguments"), .axes = {}};
  TEMPER_CHECK(sweep.command == "train" || sweep.command == "distill", node.path("command"), " is neither train nor distill");
  std::size_t runs = 1;
  for (const JsonNode& axis : node.objects("axes")) {
    sweep.axes.push_back({axis.text("setting"), axis.texts("values")});
    const SweepAxis& read = sweep.axes.back();
    TEMPER_CHECK(is_plain(read.key) && !read.values.empty() && std::ranges::all_of(read.values, is_plain), axis.path("values"),
                 " has something that is no value of a setting");
    runs *= read.values.size();
    TEMPER_CHECK(runs <= kMostRuns, node.path("axes"), " are more than ", kMostRuns, " runs");
  }
  return sweep;
}

}  // namespace

std::vector<SweepPoint> points(const Sweep& sweep) {
  std::vector<SweepPoint> all{{}};
  for (const SweepAxis& axis : sweep.axes) {
    std::vector<SweepPoint> longer;
    for (const SweepPoint& point : all) {
      for (const std::string& value : axis.values) {
        longer.push_back(point);
        longer.back().name += (point.name.empty() ? "" : "-") + axis.key + value;
        longer.back().settings.emplace_back(axis.key, value);
      }
    }
    all = std::move(longer);
  }
  return all;
}

bool is_sweep(const std::string& folder) { return fs::exists(file_of(folder)); }

void write_sweep(const std::string& folder, const Sweep& sweep) {
  Json axes = Json::array();
  for (const SweepAxis& axis : sweep.axes) axes.push_back({{"setting", axis.key}, {"values", axis.values}});
  const Json json{{"command", sweep.command}, {"arguments", sweep.arguments}, {"axes", axes}};
  write_file(file_of(folder), json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Sweep read_sweep(const std::string& folder) {
  return read_json_file(file_of(folder), "correct it there, or restore the file from a copy", read);
}

std::vector<std::string> runs_of(const std::vector<std::string>& folders, std::vector<std::string>* missing) {
  std::vector<std::string> runs;
  for (const std::string& folder : folders) {
    if (!is_sweep(folder)) {
      runs.push_back(folder);
      continue;
    }
    const std::size_t before = runs.size();
    for (const SweepPoint& point : points(read_sweep(folder))) {
      const fs::path run = fs::path(folder) / point.name;
      if (fs::exists(run / "run.json"))
        runs.push_back(run.string());
      else if (missing)
        missing->push_back(run.string());
    }
    TEMPER_CHECK(runs.size() > before, folder, ": none of its runs is finished; go on with `temper train --resume --out ", folder, "`");
  }
  return runs;
}

}  // namespace temper::runs
