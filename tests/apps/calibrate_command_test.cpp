// `temper calibrate --logits` as a script sees it.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/check.h"
#include "core/file.h"
#include "core/json.h"
#include "core/random.h"
#include "data/tables/table.h"
#include "tests/apps/program.h"
#include "tests/apps/well_formed.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

Result calibrate(const TemporaryFolder& folder, const std::string& arguments) {
  return temper_program(folder.path(), "calibrate " + arguments);
}

// Overconfident logits of three classes, as text.
void write_sample(const TemporaryFolder& folder, int rows = 600) {
  const Random random(5, {});
  std::string logits = "a,b,c\n", labels = "label\n";
  for (int i = 0; i < rows; ++i) {
    const auto at = static_cast<std::uint64_t>(4 * i);
    const int label = static_cast<int>(random.below(at, 3));
    labels += std::to_string(label) + "\n";
    for (int k = 0; k < 3; ++k)
      logits += std::to_string(4 * (random.normal(at + 1 + static_cast<std::uint64_t>(k)) + (k == label ? 1 : 0))) + (k < 2 ? "," : "\n");
  }
  write_file(folder / "z.csv", logits);
  write_file(folder / "y.csv", labels);
}

TEST_CASE("calibrate command: JSON by the contract, a calibrator, a page and probabilities") {
  const TemporaryFolder folder;
  write_sample(folder);
  for (const char* method : {"temperature", "ensemble", "vector", "matrix", "dirichlet", "histogram", "isotonic"}) {
    CAPTURE(method);
    const Result result =
        calibrate(folder, concat("--logits z.csv --labels y.csv --json --out o --save-probabilities p.npy --method ", method));
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
  CHECK(bound.find("T = 1000 is the upper bound") != std::string::npos);
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
}

}  // namespace
}  // namespace temper
