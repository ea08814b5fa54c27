#include "apps/report/page.h"

#include <doctest/doctest.h>

#include "core/base/check.h"
#include "tests/apps/report/sample_run.h"
#include "tests/apps/report/well_formed.h"
#include "tests/contains.h"

namespace temper::report {
namespace {

std::string checked_page(const std::vector<runs::Run>& runs) {
  std::string text = page(runs);
  CHECK(well_formedness_error(text) == "");
  for (const char* outside : {"http:", "https:", "//", "src=", "href=", "@import", "<script", "<link"}) {
    CAPTURE(outside);
    CHECK_FALSE(contains(text, outside));
  }
  for (const char* broken : {"=\"nan", "=\"-nan", "=\"inf", ">nan", ">inf", "-nan", "MISSING"}) {
    CAPTURE(broken);
    CHECK_FALSE(contains(text, broken));
  }
  return text;
}

}  // namespace

TEST_CASE("report: the page is well-formed, self-contained and shows every run") {
  std::vector<runs::Run> runs{sample_run("hard", 0, 0.95, 0.08), sample_run("smooth", 0.1, 0.96, 0.03)};
  runs[0].calibration = sample_calibration(runs[0], 1.9, 0.02);
  const std::string text = checked_page(runs);
  CHECK(contains(text, "2 runs on digits"));
  CHECK(contains(text, "25 November 2026"));
  CHECK(contains(text, ">hard</th>"));
  CHECK(contains(text, ">smooth</th>"));
  CHECK(contains(text, "After, T\u00a0=\u00a01.90"));
  CHECK(contains(text, "Not calibrated"));
  CHECK(contains(text, "0.080 <span class=\"arrow\">→</span> 0.020"));  // one calibrated run: nothing to be best of
  CHECK(contains(text, "<strong class=\"best\" title=\"best on this test split\">0.030</strong>"));
  CHECK(text == page(runs));
}

TEST_CASE("report: names and settings cannot break out of the page") {
  const std::string evil = "</td><script>alert(\"1\")</script>&'\n";
  runs::Run run = sample_run(evil, 0, 0.95, 0.08);
  run.recipe.model = run.version = run.command = run.created = run.data = evil;
  run.teacher = runs::TeacherRecord{.run = evil, .model = evil, .smoothing = 0.1f};
  run.recipe.freeze = {{evil, 1}};
  run.machine = {.cpu = evil, .cores = 1, .blas = evil, .compiler = evil};
  run.calibration = sample_calibration(run, 1.5, 0.02);
  const calibration::CalibratorKind kind{.name = evil, .description = ""};
  run.calibration->evaluation.fitted.kind = &kind;
  run.calibration->advice = {evil};
  run.score = {.signature = evil};
  runs::Run other = sample_run("b", 0, 0.9, 0.1);
  other.recipe.freeze = {{evil, 2}};
  for (const std::vector<runs::Run>& runs : {std::vector{run}, std::vector{run, other}}) {
    const std::string text = page(runs);
    CHECK(well_formedness_error(text) == "");
    CHECK_FALSE(contains(text, "<script"));
  }
}

TEST_CASE("report: missing parts render") {
  runs::Run bare;
  bare.name = "bare";
  runs::Run no_log = sample_run("no-log", 0, 0.95, 0.08);
  no_log.epochs.clear();
  runs::Run no_bins = sample_run("no-bins", 0.1, 0.95, 0.08);
  no_bins.calibration = sample_calibration(no_bins, 1.2, 0.05);
  no_bins.test_reliability.clear();
  no_bins.calibration->evaluation.before.reliability.clear();
  no_bins.calibration->evaluation.after.reliability.clear();
  runs::Run one_epoch = sample_run("one-epoch", 0, 0.5, 0.3);
  one_epoch.epochs.resize(1);
  CHECK(contains(checked_page({bare}), "No run has a log"));
  CHECK(contains(checked_page({no_log}), "No run has a log"));
  CHECK(contains(checked_page({no_bins}), "No reliability bins were recorded"));
  CHECK(contains(checked_page({one_epoch}), "saw a single epoch"));
  CHECK(contains(checked_page({bare, no_log, no_bins, one_epoch}), "no-log (no log)"));
}

TEST_CASE("report: a diverged run renders without a number that is none") {
  runs::Run run = sample_run("lost", 0, 0.1, kNotMeasured);
  run.test.nll = run.test.brier = kNotMeasured;
  run.epochs[1].train_loss = kNotMeasured;
  run.epochs[2].train_loss = run.epochs[2].val.nll = std::numeric_limits<double>::infinity();
  run.epochs[2].val.accuracy = kNotMeasured;
  for (calibration::Bin& bin : run.test_reliability) bin.accuracy = kNotMeasured;
  const std::string text = checked_page({run, sample_run("fine", 0, 0.9, 0.1)});
  CHECK(contains(text, "diverged, epoch 2"));
  CHECK(contains(text, "class=\"cross\""));
  for (training::EpochRecord& row : run.epochs) row = {.epoch = row.epoch};
  CHECK(contains(checked_page({run}), "diverged, epoch 1"));
}

TEST_CASE("report: extreme numbers render") {
  runs::Run run = sample_run("extreme", 1, 1, 0);
  run.test.samples = std::numeric_limits<std::int64_t>::max();
  run.test.nll = 1e300;
  run.parameters = std::numeric_limits<std::int64_t>::max();
  run.seconds = 1e300;
  run.epochs = {{.epoch = 0, .train_loss = 1e308, .val = {.accuracy = 0, .nll = 1e-308}},
                {.epoch = 1'000'000'000, .train_loss = -1e308, .val = {.accuracy = 1, .nll = 0}}};
  for (calibration::Bin& bin : run.test_reliability) bin.count = std::numeric_limits<std::int64_t>::max() / 100;
  CHECK(contains(checked_page({run}), "extreme"));
}

TEST_CASE("report: twenty runs, equal names among them, are told apart") {
  std::vector<runs::Run> runs;
  runs.reserve(20);
  for (int i = 0; i < 20; ++i) runs.push_back(sample_run(i < 2 ? "same" : "run" + std::to_string(i), 0.01 * i, 0.9, 0.1));
  const std::string text = checked_page(runs);
  CHECK(contains(text, ">same</th>"));
  CHECK(contains(text, ">same (2)</th>"));
  for (int i = 2; i < 20; ++i) CHECK(contains(text, ">run" + std::to_string(i) + "</th>"));
  CHECK(contains(text, "colour5 dash2"));  // the twentieth
}

TEST_CASE("report: the runs of a setting stand beneath its mean and standard deviation, a setting with one seed by itself") {
  std::vector<runs::Run> runs{sample_run("a1", 0, 0.96, 0.02), sample_run("b", 0.1, 0.9, 0.04), sample_run("a2", 0, 0.98, 0.04)};
  runs[2].recipe.seed = 2;
  const std::string text = checked_page(runs);
  const std::string table = text.substr(text.find("<table class=\"runs\">"));
  CAPTURE(table.substr(0, 2500));
  const auto at = [&](const char* what) { return table.find(what); };
  CHECK(at("smoothing 0<br/><span class=\"quiet\">mean of 2 seeds") < at(">a1<"));
  CHECK(at("97.0 <span class=\"quiet\">±1.4<") < at(">a1<"));
  CHECK(at("0.030 <span class=\"quiet\">±0.014") < at(">a1<"));
  CHECK(at(">a1<") < at(">a2<"));
  CHECK(at(">a2<") < at(">b<"));
  CHECK_FALSE(contains(table, "mean of 1 seed"));
}

TEST_CASE("report: a page needs a run") { CHECK_THROWS_WITH_AS(page({}), doctest::Contains("no runs; name"), Error); }

}  // namespace temper::report
