// The house rules that a program can check: which room may include which, and which file may see which outside library.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = TEMPER_SOURCE_DIR;

struct Include {
  std::string file;  // "core/engine/gemm.cpp"
  std::string what;  // "core/engine/gemm.h" or "cblas.h"
  bool quoted;
};

std::vector<Include> includes_of(const std::string& room) {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> includes;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / room)) {
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
    std::ifstream file(entry.path());
    std::smatch match;
    for (std::string line; std::getline(file, line);) {
      if (std::regex_search(line, match, kInclude))
        includes.push_back({fs::relative(entry.path(), kRoot).string(), match[2], match[1] == "\""});
    }
  }
  return includes;
}

const std::vector<std::string> kRooms = {"core", "layers", "optim", "data", "models", "apps"};

TEST_CASE("architecture: includes go down only") {
  // A room may include itself and what is named here, with all rooms below that; a name that ends in / stands for the files of that folder
  // alone.
  const std::map<std::string, std::vector<std::string>> may_include = {
      {"core/base", {}},
      {"core/engine", {"core/base"}},
      {"core/kernels", {"core/base", "core/engine"}},
      {"core/ops", {"core/base", "core/engine", "core/kernels"}},
      {"layers", {"core"}},
      {"optim", {"core"}},
      {"optim/distributed", {"core", "optim"}},
      {"data", {"core"}},
      {"models/calibration", {"core"}},
      {"models/calibration/metrics", {"core", "models/calibration/"}},
      {"models/calibration/calibrators", {"core", "models/calibration/", "models/calibration/metrics"}},
      {"models/calibration/study", {"core", "data/tables", "models/calibration"}},
      {"models/networks", {"core", "layers", "optim", "data", "models/calibration/"}},
      {"models/analysis", {"core", "data", "models/calibration/", "models/networks"}},
      {"models/training", {"core", "layers", "optim", "data", "models/calibration", "models/networks"}},
      {"models/runs", {"core", "models/calibration", "models/networks", "models/training", "models/translation"}},
      {"models/tasks", {"core", "optim", "data", "models"}},
      {"models/translation", {"core", "data", "models/calibration", "models/networks", "models/training"}},
      {"apps/report", {"core", "models"}},
      {"apps/reproduce", {"core", "data", "models", "apps/report"}},
      {"apps/temper/terminal", {"core", "optim", "data", "models"}},
      {"apps/temper/commands", {"core", "layers", "optim", "data", "models", "apps/report", "apps/reproduce", "apps/temper/terminal"}},
      {"apps/temper", {"core", "models", "apps/temper"}},
  };
  const auto lies_in = [](const std::string& file, const std::string& room) {
    if (room.ends_with('/')) return fs::path(file).parent_path().string() + "/" == room;
    return file.starts_with(room + "/");
  };
  const auto room_of = [&](const std::string& file) {
    std::string room;
    for (const auto& [name, others] : may_include) {
      if (lies_in(file, name) && name.size() > room.size()) room = name;
    }
    return room;
  };
  for (const std::string& top : kRooms) {
    const std::vector<Include> includes = includes_of(top);
    CHECK(includes.size() > 10);
    for (const Include& include : includes) {
      if (!include.quoted) continue;
      CAPTURE(include.file);
      CAPTURE(include.what);
      CHECK(fs::exists(kRoot / include.what));
      const std::string room = room_of(include.file);
      REQUIRE(room != "");
      const std::vector<std::string>& seen = may_include.at(room);
      const bool allowed = room_of(include.what) == room ||
                           std::any_of(seen.begin(), seen.end(), [&](const std::string& other) { return lies_in(include.what, other); });
      CHECK(allowed);
    }
  }
}

TEST_CASE("architecture: an op never includes another op") {
  // options.h is no op: what convolution and normalisation have in common.
  for (const Include& include : includes_of("core/ops")) {
    const std::string own = fs::path(include.file).replace_extension(".h").string();
    if (!include.what.starts_with("core/ops/") || include.what == own || include.what == "core/ops/options.h") continue;
    CHECK_MESSAGE(false, include.file, " includes ", include.what);
  }
}

TEST_CASE("architecture: calibration needs core and tables alone; in it study sees calibrators, these see metrics, and all the ground") {
  const std::string calibration = "models/calibration";
  // A folder, and the rooms of calibration that it sees; "" is the ground, the files that lie in no room.
  const std::map<std::string, std::set<std::string>> may_include = {
      {"", {""}},
      {"metrics", {"", "metrics"}},
      {"calibrators", {"", "metrics", "calibrators"}},
      {"study", {"", "metrics", "calibrators", "study"}},
  };
  for (const Include& include : includes_of(calibration)) {
    if (!include.quoted || include.what.starts_with("core/") || include.what.starts_with("data/tables/")) continue;
    const auto room = [&](const std::string& file) { return fs::path(file).parent_path().lexically_relative(calibration).string(); };
    const std::string from = room(include.file) == "." ? "" : room(include.file), to = room(include.what) == "." ? "" : room(include.what);
    CHECK_MESSAGE((may_include.contains(from) && may_include.at(from).contains(to)), include.file, " includes ", include.what);
  }
}

TEST_CASE("architecture: each outside library is seen by its owner alone") {
  struct Owner {
    std::regex header;
    std::regex files;
  };
  const std::vector<Owner> owners = {
      {std::regex("^(cblas|openblas.*)\\.h"), std::regex("core/engine/gemm\\.cpp")},
      {std::regex("^hwy/.*"), std::regex("core/kernels/.*")},
      {std::regex("^.*intrin\\.h"), std::regex("core/engine/denormals\\.h")},
      {std::regex("^nlohmann/.*"), std::regex("core/base/json\\.h")},
      {std::regex("^toml\\+\\+/.*"), std::regex("models/training/recipe_file\\.cpp")},
      {std::regex("^zlib\\.h"), std::regex("data/unpack\\.cpp")},
      {std::regex("^zip\\.h"), std::regex("data/tables/zip\\.cpp")},
      {std::regex("^mpi\\.h"), std::regex("optim/distributed/communicator_mpi\\.cpp")},
      {std::regex("^sentencepiece.*"), std::regex("data/text/subwords\\.cpp")},
      {std::regex("^unicode/.*"), std::regex("data/text/unicode\\.cpp")},
      {std::regex("^stb.*"), std::regex("data/images/image\\.cpp")},
      {std::regex("^CLI/.*"), std::regex("apps/temper/.*")},
      {std::regex("^fmt/.*"), std::regex("apps/.*")},
      {std::regex("^boost/.*"), std::regex("apps/reproduce/statistics\\.cpp")},
  };
  for (const std::string& room : kRooms) {
    for (const Include& include : includes_of(room)) {
      for (const Owner& owner : owners) {
        if (!std::regex_match(include.what, owner.header)) continue;
        CHECK_MESSAGE(std::regex_match(include.file, owner.files), include.file, " includes ", include.what);
      }
    }
  }
}

// Headers that users install must not need a JSON library.
TEST_CASE("architecture: no public header includes the JSON header") {
  for (const std::string& room : kRooms) {
    if (room == "apps") continue;
    for (const Include& include : includes_of(room)) {
      const bool for_sources_only = include.file.ends_with("/json.h");
      CHECK_MESSAGE((for_sources_only || !include.file.ends_with(".h") || !include.what.ends_with("json.h")), include.file);
    }
  }
}

TEST_CASE("architecture: headers are contracts of at most 150 lines, sources at most 400, and nothing is left open") {
  for (const std::string& room : kRooms) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kRoot / room)) {
      const bool header = entry.path().extension() == ".h";
      if (!header && entry.path().extension() != ".cpp") continue;
      std::ifstream file(entry.path());
      int lines = 0;
      for (std::string line; std::getline(file, line); ++lines) {
        for (const char* word : {"TO"
                                 "DO",
                                 "FIX"
                                 "ME",
                                 "XX"
                                 "X"})
          CHECK_MESSAGE(line.find(word) == std::string::npos, entry.path().string(), ": ", line);
      }
      CHECK_MESSAGE(lines <= (header ? 150 : 400), entry.path().string(), " has ", lines, " lines");
    }
  }
}

}  // namespace
