// `temper calibrate --logits` as a script sees it.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <sstream>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/random.h"
#include "data/tables/table.h"
#include "tests/apps/report/well_formed.h"
#include "tests/apps/temper/program.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

Result calibrate(const TemporaryFolder& folder, const std::string& arguments) {
  return temper_program(folder.path(), "calibrate " + arguments);
}

// It ends with an error of one line about that, and nothing on stdout.
void check_calibrate_refuses(const TemporaryFolder& folder, const std::string& arguments, const std::string& about) {
  CAPTURE(arguments);
  const Result result = calibrate(folder, arguments);
  CAPTURE(result.err);
  CHECK(result.code != 0);
  CHECK(result.out.empty());
  CHECK(result.err.starts_with("temper: error: "));
  CHECK(result.err.find(about) != std::string::npos);
  CHECK(result.err.find("; ") != std::string::npos);
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
}

// Overconfident logits of three classes, as text.
void write_sample(const TemporaryFolder& folder, int rows = 600) {
  const Random random(5, {});
  std::string logits = "a,b,c\n", labels = "label\n";
  for (int i = 0; i < rows; ++i) {
    const auto at = 4 * static_cast<std::uint64_t>(i);
    const int label = static_cast<int>(random.below(at, 3));
    labels += std::to_string(label) + "\n";
    for (int k = 0; k < 3; ++k)
      logits += std::to_string(4 * (random.normal(at + 1 + static_cast<std::uint64_t>(k)) + (k == label ? 1 : 0))) + (k < 2 ? "," : "\n");
  }
  write_file(folder / "z.csv", logits);
  write_file(folder / "y.csv", labels);
}

// "[0.034, 0.040]" with the page's no-break space.
std::string page_interval(const Json& metrics) {
  char text[64];
  std::snprintf(text, sizeof text, "[%.3f,\u00a0%.3f]", metrics.at("ece_interval")[0].get<double>(),
                metrics.at("ece_interval")[1].get<double>());
  return text;
}

TEST_CASE("calibrate command: JSON by the contract, a calibrator, a page and probabilities") {
  const TemporaryFolder folder;
  write_sample(folder);
  for (const char* method : {"temperature", "ensemble", "vector", "matrix", "dirichlet", "histogram", "isotonic"}) {
    CAPTURE(method);
    const Result result =
        calibrate(folder, str_cat("--logits z.csv --labels y.csv --json --out o --save-probabilities p.npy --method ", method));
    REQUIRE(result.code == 0);
    const Json json = Json::parse(result.out);
    CHECK(json.at("method") == method);
    CHECK(json.at("temperature").is_null() == (std::string(method) != "temperature"));
    CHECK(json.at("before").at("samples") == 600);
    CHECK(json.at("after").at("samples") == 600);
    CHECK(json.at("status") == "converged");
    CHECK(json.at("after").at("brier") < json.at("before").at("brier"));
    CHECK(json.at("after").at("ece") < json.at("before").at("ece"));
    for (const char* key :
         {"accuracy", "nll", "ece", "mce", "ace", "classwise_ece", "brier", "debiased_ece", "smooth_ece", "aurc", "auroc"})
      CHECK(json.at("before").contains(key));
    const Json stored = Json::parse(read_file(folder / "o/calibrator.json"));
    CHECK(stored.at("parameters").is_object());
    CHECK(stored.at("data_hash").get<std::string>().starts_with("fnv1a64:"));
    const std::string page = read_file(folder / "o/report.html");
    CHECK(page.find("risk") != std::string::npos);
    CHECK(report::well_formedness_error(page) == "");
    CHECK(page.find("95 % interval, by bootstrap") != std::string::npos);
    CHECK(page.find(page_interval(json.at("after"))) != std::string::npos);
    data::RowSink sink;
    Index rows = 0;
    sink.row = [&](Index, std::span<const double> p) {
      ++rows;
      CHECK(std::abs(p[0] + p[1] + p[2] - 1) <= 1e-12);
    };
    data::read_table(folder / "p.npy", sink);
    CHECK(rows == 600);
  }
}

TEST_CASE("calibrate command: all methods at once, and the person's table") {
  const TemporaryFolder folder;
  write_sample(folder);
  const Result result = calibrate(folder, "--logits z.csv --labels y.csv --method all --json");
  REQUIRE(result.code == 0);
  const Json json = Json::parse(result.out);
  CHECK(json.at("methods").size() == 7);
  for (const auto& [name, entry] : json.at("methods").items())
    if (!entry.at("after").at("nll").is_null()) CHECK(json.at("after").at("nll") <= entry.at("after").at("nll"));
  const Result text = calibrate(folder, "--logits z.csv --labels y.csv");
  CHECK(text.out.find("ECE [95 % interval]") != std::string::npos);
  CHECK(text.err.find("--out FOLDER keeps") != std::string::npos);
}

TEST_CASE("calibrate command: a stored calibrator is applied to new logits") {
  const TemporaryFolder folder;
  write_sample(folder);
  for (const char* method : {"temperature", "vector", "matrix", "dirichlet", "isotonic"}) {
    CAPTURE(method);
    REQUIRE(calibrate(folder, str_cat("--logits z.csv --labels y.csv --out o --save-probabilities p.csv --method ", method)).code == 0);
    const Result applied = calibrate(folder, "--apply o --logits z.csv --save-probabilities q.csv --json");
    REQUIRE(applied.code == 0);
    CHECK(read_file(folder / "q.csv") == read_file(folder / "p.csv"));
    const Json json = Json::parse(applied.out);
    CHECK(json.at("method") == method);
    CHECK(json.at("samples") == 600);
    CHECK_FALSE(json.contains("after"));  // no labels, nothing to measure
  }
  const Result measured = calibrate(folder, "--apply o/calibrator.json --logits z.csv --labels y.csv --json");
  REQUIRE(measured.code == 0);
  const Json json = Json::parse(measured.out);
  CHECK(json.at("after").at("brier") < json.at("before").at("brier"));
  CHECK(json.at("after").at("ece_interval").size() == 2);
  CHECK(measured.err.find("fitted on") != std::string::npos);  // the very rows of the fit
  CHECK(calibrate(folder, "--apply o --logits z.csv --labels y.csv").out.find("applied to 600 rows of 3 classes") != std::string::npos);
}

TEST_CASE("calibrate command: a calibrator that does not fit is refused, and nothing is written") {
  const TemporaryFolder folder;
  write_sample(folder, 60);
  REQUIRE(calibrate(folder, "--logits z.csv --labels y.csv --out o").code == 0);
  const std::string stored = read_file(folder / "o/calibrator.json");
  write_file(folder / "half.json", stored.substr(0, stored.size() / 2));
  write_file(folder / "cold.json", R"({"method": "temperature", "status": "converged", "classes": 3, "temperature": -1.8})");
  write_file(folder / "two.csv", "1,2\n3,4\n");
  write_file(folder / "p.csv", "0.2,0.3,0.5\n0.5,0.5,0\n");
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"--apply o --logits two.csv --save-probabilities q.npy", "fitted on 3 classes, and there are 2"},
      {"--apply half.json --logits z.csv --save-probabilities q.npy", "half.json"},
      {"--apply cold.json --logits z.csv --save-probabilities q.npy", "cold.json"},
      {"--apply missing --logits z.csv --save-probabilities q.npy", "missing"},
      {"--apply o --logits p.csv --save-probabilities q.npy", "add --probabilities"},
      {"--apply o --logits z.csv --save-probabilities ./z.csv", "--save-probabilities: ./z.csv is read by this command"},
      {"--logits z.csv --labels y.csv --table y.csv", "--table: y.csv is read by this command"},
      {"--logits z.csv --labels y.csv --out z.csv", "z.csv: making the folder failed"},
      {"--apply o --logits z.csv", "--apply: nothing to do"},
      {"--apply o --save-probabilities q.npy", "--logits: missing"},
      {"--apply o --logits z.csv --labels y.csv --method vector", "--apply: it fits nothing"},
      {"--apply o --logits z.csv --labels y.csv --out q.npy", "--apply: it fits nothing"}};
  for (const auto& [arguments, about] : refused) {
    check_calibrate_refuses(folder, arguments, about);
    CHECK_FALSE(std::filesystem::exists(folder / "q.npy"));
  }
}

TEST_CASE("calibrate command: the table of all methods and metrics, as CSV and Markdown") {
  const TemporaryFolder folder;
  write_sample(folder);
  const Result result = calibrate(folder, "--logits z.csv --labels y.csv --method all --table t.csv --table t.md --json");
  REQUIRE(result.code == 0);
  const Json json = Json::parse(result.out);
  std::istringstream lines(read_file(folder / "t.csv"));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) {
    rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  REQUIRE(rows.size() == 9);  // a heading, the logits as they are, seven methods
  std::map<std::string, std::size_t> column;
  for (std::size_t i = 0; i < rows[0].size(); ++i) column[rows[0][i]] = i;
  const auto number = [&](std::size_t row, const char* key) { return std::stod(rows[row].at(column.at(key))); };
  CHECK(rows[1].at(column.at("method")) == "none");
  for (const char* key :
       {"accuracy", "nll", "brier", "ece", "ace", "classwise_ece", "debiased_ece", "smooth_ece", "mce", "aurc", "auroc"}) {
    CAPTURE(key);
    CHECK(number(1, key) == json.at("before").at(key).get<double>());
    for (std::size_t row = 2; row < rows.size(); ++row) {
      const Json& after = json.at("methods").at(rows[row].at(column.at("method"))).at("after");
      if (!after.at(key).is_null()) CHECK(number(row, key) == after.at(key).get<double>());
      CHECK(number(row, "ece_lower") == after.at("ece_interval")[0].get<double>());
      CHECK(number(row, "ece_upper") == after.at("ece_interval")[1].get<double>());
    }
  }
  CHECK(read_file(folder / "t.md").find("**" + json.at("method").get<std::string>() + "**") != std::string::npos);
  CHECK(calibrate(folder, "--logits z.csv --labels y.csv --table t.txt").err.find("--table: t.txt") != std::string::npos);
}

TEST_CASE("calibrate command: several runs make one object and one table, each its own calibrator") {
  const TemporaryFolder folder;
  for (const char* run : {"hard", "smooth"}) {
    const std::string smoothing = run == std::string("smooth") ? "0.1" : "0";
    const std::string command =
        str_cat("cd ", folder.path(), " && ", TEMPER_PROGRAM, " train --data digits --model mlp --epochs 2 --smoothing ", smoothing,
                " --out runs/", run, " >log 2>&1");
    REQUIRE(std::system(command.c_str()) == 0);
  }
  const Result result = calibrate(folder, "runs/hard runs/smooth --table t.csv --json");
  REQUIRE(result.code == 0);
  const Json runs = Json::parse(result.out).at("runs");
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].at("run") == "runs/hard");
  CHECK(runs[1].at("run") == "runs/smooth");
  for (const Json& run : runs) {
    const std::string stored = read_file(folder / (run.at("run").get<std::string>() + "/calibrator.json"));
    CHECK(Json::parse(stored).at("temperature") == run.at("temperature"));
  }
  // The hard run was calibrated first, so the smooth one is set against it.
  CHECK(result.err.find("runs/smooth: smoothing 0.1 alone has an ECE of ") != std::string::npos);
  CHECK(result.err.find(" (hard) reach ") != std::string::npos);
  CHECK(result.err.find(" (95 % interval of the difference [0.") != std::string::npos);
  CHECK(result.err.find("runs/hard: smoothing") == std::string::npos);
  const std::string table = read_file(folder / "t.csv");
  for (const char* row : {"\nhard,none,", "\nhard,temperature,", "\nsmooth,none,", "\nsmooth,temperature,"})
    CHECK(table.find(row) != std::string::npos);
  CHECK(calibrate(folder, "runs/hard runs/smooth --save-probabilities p.npy").err.find("one file cannot hold") != std::string::npos);
}

TEST_CASE("calibrate command: what cannot be measured is an empty field of the table") {
  const TemporaryFolder folder;
  write_file(folder / "z.csv", "1,0\n0,1\n1,0\n0,1\n3,0\n0,9\n");  // all right: there is no AUROC of right against wrong
  write_file(folder / "y.csv", "0\n1\n0\n1\n0\n1\n");
  REQUIRE(calibrate(folder, "--logits z.csv --labels y.csv --table t.csv").code == 0);
  const std::string table = read_file(folder / "t.csv");
  CHECK(table.find("nan") == std::string::npos);
  CHECK(table.find(",,") != std::string::npos);
}

TEST_CASE("calibrate command: advice carries its numbers") {
  const TemporaryFolder folder;
  write_sample(folder, 30);
  CHECK(calibrate(folder, "--logits z.csv --labels y.csv").err.find("30 samples are too few") != std::string::npos);
  std::string logits, labels;
  for (int i = 0; i < 200; ++i) {
    logits += i % 4 < 3 ? "2,0\n" : "0,2\n";
    labels += "1\n";
  }
  write_file(folder / "z.csv", logits);
  write_file(folder / "y.csv", labels);
  const std::string bound = calibrate(folder, "--logits z.csv --labels y.csv").err;  // case 12
  CHECK(bound.find("the fit ran to T = 1000, the upper bound") != std::string::npos);
  CHECK(bound.find("1 of 2 classes have no sample") != std::string::npos);
}

TEST_CASE("calibrate command: one line of error, nothing on stdout") {
  const TemporaryFolder folder;
  write_sample(folder, 10);
  write_file(folder / "p.csv", "0.2,0.8\n0.5,0.5\n");
  write_file(folder / "two.csv", "0\n1\n");
  write_file(folder / "one.csv", "0\n");
  write_file(folder / "row.csv", "1,2\n");
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"", "--logits: nothing to calibrate"},
      {"run --logits z.csv --labels y.csv", "--logits: a run has its own"},
      {"--logits z.csv", "--labels: missing"},
      {"run --labels y.csv", "--labels: they belong"},
      {"--logits z.csv --labels missing.csv", "missing.csv"},
      {"--logits z.csv --labels two.csv", "2 labels"},
      {"--logits p.csv --labels two.csv", "add --probabilities"},
      {"--logits row.csv --labels one.csv", "one row"},
      {"--logits z.csv --labels y.csv --method magic", "--method: magic"},
      {"--logits z.csv --labels y.csv --coverage 1.5", "--coverage"},
      {"--logits z.csv --labels y.csv --folds 1", "--folds"},
      {"--logits z.csv --labels y.csv --save-probabilities p.doc", "--save-probabilities"}};
  for (const auto& [arguments, about] : refused) {
    check_calibrate_refuses(folder, arguments, about);
  }
}

}  // namespace
}  // namespace temper
