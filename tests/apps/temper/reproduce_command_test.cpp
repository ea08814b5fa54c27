#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "tests/apps/temper/program.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_CASE("reproduce command: a part of the paper at the quick scale, every number of which stands in a run") {
  const TemporaryFolder folder;
  const Json result = json_of(folder.path(), "reproduce mnist --out paper");
  CHECK(result["done"] == result["steps"]);
  REQUIRE(result["claims"].size() == 2);
  for (const Json& claim : result["claims"]) CHECK(claim["ours"].get<std::string>().find("95 % interval") != std::string::npos);

  const std::vector<std::string> lines = lines_of(read_file(folder.path() + "/paper/numbers.csv"));
  REQUIRE(lines.size() == 1 + 12);  // two teachers and their students, three seeds
  for (std::size_t i = 1; i < lines.size(); ++i) {
    CAPTURE(lines[i]);
    const auto last = lines[i].rfind(','), before = lines[i].rfind(',', last - 1);
    const Json run = Json::parse(read_file(folder.path() + "/paper/" + lines[i].substr(last + 1)));
    CHECK(std::stod(lines[i].substr(before + 1, last - before - 1)) ==
          doctest::Approx(1 - run["metrics"]["test"]["accuracy"].get<double>()).epsilon(1e-8));
  }
  const std::string page = read_file(folder.path() + "/paper/index.html");
  CHECK(page.find("MNIST: a better teacher that teaches worse") != std::string::npos);

  // What is done stays done, and the page is a function of it.
  const fs::path run = folder.path() + "/paper/runs/mnist-cnn-a0-s1/run.json";
  const auto written = fs::last_write_time(run);
  CHECK(json_of(folder.path(), "reproduce mnist --out paper")["claims"] == result["claims"]);
  CHECK(fs::last_write_time(run) == written);
  CHECK(read_file(folder.path() + "/paper/index.html") == page);
  fs::remove(run);
  const Json partial = json_of(folder.path(), "reproduce mnist --out paper --page");
  CHECK(partial["done"].get<int>() + 1 == partial["steps"].get<int>());
}

TEST_CASE("reproduce command: each number of the calibration stands in the file that it names") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp --epochs 12 --smoothing 0 --seed 1 --out paper/runs/pictures-mlp-a0-s1");
  json_of(folder.path(), "calibrate paper/runs/pictures-mlp-a0-s1");
  json_of(folder.path(), "reproduce table3 --out paper --page");
  const std::vector<std::string> lines = lines_of(read_file(folder.path() + "/paper/numbers.csv"));
  REQUIRE(lines.size() == 1 + 3);  // ECE, the temperature, ECE at that
  for (std::size_t i = 1; i < lines.size(); ++i) {
    CAPTURE(lines[i]);
    const auto last = lines[i].rfind(','), before = lines[i].rfind(',', last - 1);
    const double value = std::stod(lines[i].substr(before + 1, last - before - 1));
    const Json all = Json::parse(read_file(folder.path() + "/paper/" + lines[i].substr(last + 1))).flatten();
    CHECK(std::any_of(all.begin(), all.end(),
                      [&](const Json& one) { return one.is_number() && one.get<double>() == doctest::Approx(value).epsilon(1e-8); }));
  }
}

TEST_CASE("reproduce command: a run of other settings is not taken for what the plan asks for") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp --epochs 12 --smoothing 0 --seed 1 --out paper/runs/pictures-mlp-a0-s1");
  const std::string file = folder.path() + "/paper/runs/pictures-mlp-a0-s1/run.json", run = read_file(file);
  CHECK(temper_program(folder.path(), "reproduce table3 --out paper --plan").code == 0);
  fs::remove_all(folder.path() + "/paper/runs/pictures-mlp-a0-s1/checkpoint");  // as when it was copied without
  for (const auto& [key, value] : {std::pair{"smoothing", 0.9}, std::pair{"epochs", 1.0}}) {
    Json other = Json::parse(run);
    other["settings"][key] = key == std::string("epochs") ? Json(1) : Json(value);
    write_file(file, other.dump());
    for (const char* how : {"", " --page", " --plan"}) {
      CAPTURE(how);
      check_refused(folder.path(), str_cat("reproduce table3 --out paper", how), 1,
                    str_cat("run.json: it is not the run that the plan asks for: --resume: the run was started with ", key));
    }
  }
}

TEST_CASE("reproduce command: results that are damaged, or in the way, are named") {
  const TemporaryFolder folder;
  const std::string analysis = folder.path() + "/paper/analysis/pictures-mlp-a0-s1/projection";
  fs::create_directories(analysis);
  const auto is_refused = [&](const std::string& file, const std::string& text, const std::string& words) {
    CAPTURE(words);
    write_file(analysis + "/" + file, text);
    const Result result = temper_program(folder.path(), "reproduce fig1 --out paper --page");
    CHECK(result.code == 1);
    CHECK(result.err.find("pictures-mlp-a0-s1/projection/" + file + ": " + words) != std::string::npos);
    CHECK(result.err.find("; it is damaged: remove") != std::string::npos);
  };
  is_refused("analysis.json", "{", "not valid JSON at byte 2");
  is_refused("analysis.json", "{}", "key 'projection' not found");
  is_refused("analysis.json", R"({"projection": {"train": {"spread": "small"}}})", "type must be number, but is string");
  const std::string spread = R"({"spread": 0.3})";
  write_file(analysis + "/analysis.json", R"({"projection": {"train": )" + spread + R"(, "val": )" + spread + "}}");
  is_refused("projection-train.csv", "kind,sample,class,u,v\nsample,1,zero,0.5,far\n", "'far' where a coordinate belongs");

  fs::create_directory(folder.path() + "/other");
  write_file(folder.path() + "/other/runs", "a file");
  const Result result = temper_program(folder.path(), "reproduce mnist --out other");
  CHECK(result.code == 1);
  CHECK(result.err.find("\ntemper: error: " + folder.path() + "/other/runs/mnist-cnn-a0-s1/run.json: ") != std::string::npos);
  CHECK(result.err.ends_with("; check the path\n"));
}

TEST_CASE("reproduce command: the plan is a list of commands; what makes no sense is refused") {
  const TemporaryFolder folder;
  const Result plan = temper_program(folder.path(), "reproduce all --scale short --data somewhere --plan");
  CHECK(plan.code == 0);
  CHECK(plan.out.find("temper train --data cifar10:data/cifar-10-batches-bin --recipe fast-resnet") != std::string::npos);
  check_refused(folder.path(), "reproduce everything --out paper", 2, "everything");
  check_refused(folder.path(), "reproduce mnist --scale long --out paper", 2, "--scale");
  check_refused(folder.path(), "reproduce mnist --scale short --out paper", 2, "--data");
  check_refused(folder.path(), "reproduce mnist", 2, "--out");
  check_refused(folder.path(), "reproduce mnist --out paper --jobs -1", 2, "--jobs");
  check_refused(folder.path(), "reproduce mnist --scale short --data somewhere --out paper", 2, "somewhere/mnist");
  CHECK(!fs::exists(folder.path() + "/paper"));
}

}  // namespace
}  // namespace temper
