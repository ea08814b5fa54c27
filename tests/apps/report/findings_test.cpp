#include "apps/report/findings.h"

#include <doctest/doctest.h>

#include "apps/report/comparison.h"
#include "apps/report/notation.h"
#include "tests/apps/report/sample_run.h"
#include "tests/apps/report/well_formed.h"
#include "tests/contains.h"

namespace temper::report {
namespace {

std::string found(const std::vector<runs::Run>& runs) {
  std::string text = findings(runs);
  CHECK(well_formedness_error(text) == "");
  return text;
}

runs::Run student(const std::string& name, double teacher_smoothing, double accuracy) {
  runs::Run run = sample_run(name, 0, accuracy, 0.05);
  run.command = "distill";
  run.teacher = runs::TeacherRecord{.run = "t", .model = "resnet20", .smoothing = static_cast<float>(teacher_smoothing)};
  return run;
}

}  // namespace

TEST_CASE("report: sampling error and chance ECE by hand") {
  CHECK(sampling_error(0.9, 400) == doctest::Approx(0.015));
  CHECK(sampling_error(1, 100) == doctest::Approx(0.0070534));  // p = 0.995
  CHECK(sampling_error(1, 100) == doctest::Approx(sampling_error(0, 100)));
  CHECK(std::isnan(sampling_error(0.9, 0)));
  CHECK(sampling_error(0.7, 1) == doctest::Approx(0.5));
  const std::vector<calibration::Bin> bins{{.lower = 0, .upper = 0.5},
                                           {.lower = 0.5, .upper = 1, .count = 100, .confidence = 0.8, .accuracy = 0.7}};
  CHECK(chance_ece(bins) == doctest::Approx(0.0319154));  // sqrt(2/pi * 0.16 / 100)
  CHECK(mean_confidence(bins) == doctest::Approx(0.8));
  CHECK(std::isnan(chance_ece({})));
}

TEST_CASE("report: smoothing is compared with hard labels, and the temperature of the hard run is told") {
  std::vector<runs::Run> runs{sample_run("hard", 0, 0.950, 0.150), sample_run("smooth", 0.05, 0.955, 0.024)};
  runs[0].calibration = sample_calibration(runs[0], 1.9, 0.021);
  const std::string text = found(runs);
  CHECK(contains(text, "Smoothing 0.05 alone lowered ECE from 0.150 to 0.024"));
  CHECK(contains(text, "Temperature scaling of the hard-label run reaches 0.021 at T\u00a0=\u00a01.90"));
  CHECK(contains(text, "0.5 points more accuracy"));
  CHECK(contains(text, "less than the sampling error of 1.0 points, so no difference is shown"));
  CHECK_FALSE(contains(text, "may be chance"));
  runs[1].test.ece = 0.155;
  CHECK(contains(found(runs), "Smoothing 0.05 alone raised ECE from 0.150 to 0.155"));
  CHECK(contains(found(runs), "may be chance"));
}

TEST_CASE("report: a difference of accuracies is weighed against its sampling error") {
  const auto against = [](double accuracy) { return found({sample_run("hard", 0, 0.9, 0.1), sample_run("smooth", 0.1, accuracy, 0.1)}); };
  CHECK(contains(against(0.905), "no difference is shown"));
  CHECK(contains(against(0.92), "a hint, not proof"));  // 1.6 times hypot(.0095, .0086) = .0128
  CHECK(contains(against(0.92), "1.6 times the sampling error of 1.3 points"));
  CHECK(contains(against(0.95), "4.3 times the sampling error"));
  CHECK_FALSE(contains(against(0.95), "hint"));
  CHECK(contains(against(0.9), "has the accuracy of"));
}

namespace {

// The images of a run that is right about all but every `nth`, says `off` more than that, and is unsure of its `order`: 1 of the wrong
// ones, 0 of some right ones instead.
void give_images(runs::Run& run, std::size_t nth, double off, bool order, const std::string& data = "d") {
  run.classes = runs::ClassRecord{.data_hash = data};
  for (std::size_t i = 0; i < 1000; ++i) {
    const bool wrong = i % nth == 0, unsure = order ? wrong : i % nth == 1;
    run.classes->as_trained.correct.push_back(wrong ? 0 : 1);
    run.classes->as_trained.confidence.push_back(std::clamp(unsure ? 0.5 + off : 0.98 + off, 0.0, 1.0));
  }
}

}  // namespace

TEST_CASE("report: what two runs differ in is told image by image, and claimed only beyond its interval") {
  std::vector<runs::Run> runs{sample_run("hard", 0, 0.95, 0.02), sample_run("smooth", 0.1, 0.95, 0.3)};
  runs[0].test.aurc = 0.002;
  runs[1].test.aurc = 0.05;
  CHECK(contains(found(runs), "The AURC is 0.0500 against 0.0020; whether that is more than chance is not known."));
  CHECK_FALSE(contains(found(runs), "spoilt the order"));
  give_images(runs[0], 20, 0, true);
  give_images(runs[1], 20, -0.3, false);
  std::string text = found(runs);
  CHECK(contains(text,
                 "It spoilt the order of the confidences: the AURC is 0.0500 against 0.0020 (what the mistakes do not account for is 0.0"));
  CHECK(contains(text, "raised ECE from 0.020 to 0.300"));
  CHECK(contains(text, "(95 % interval of the change 0."));
  CHECK_FALSE(contains(text, "may be chance"));
  // The same images on both sides, whatever the metrics say: nothing is claimed.
  give_images(runs[1], 20, 0, true);
  text = found(runs);
  CHECK_FALSE(contains(text, "It spoilt the order"));
  CHECK(contains(text, "that the order of the confidences is spoilt is not shown"));
  CHECK(contains(text, "which may be chance (95 % interval of the change 0.000 to 0.000)"));
  // More mistakes in as good an order raise the AURC, and spoil nothing.
  give_images(runs[1], 5, 0, true);
  CHECK_FALSE(contains(found(runs), "It spoilt the order"));
  // Images of another set are not compared one by one.
  give_images(runs[1], 20, -0.3, false, "other");
  CHECK(contains(found(runs), "is not known"));
}

TEST_CASE("report: accuracies are compared image by image where the images are known") {
  std::vector<runs::Run> runs{sample_run("hard", 0, 0.95, 0.02), sample_run("smooth", 0.1, 0.9, 0.02)};
  give_images(runs[0], 20, 0, true);
  give_images(runs[1], 10, 0, true);  // wrong about all that the other is wrong about, and 50 more
  std::string text = found(runs);
  CHECK(contains(text,
                 "5.0 points less accuracy than <span class=\"run\">hard</span>, 90.0\u00a0% against 95.0\u00a0%: image by image, the 95 % "
                 "interval of the difference is -6.4 to -3.6 points"));
  CHECK_FALSE(contains(text, "no difference is shown"));
  // As many mistakes, nearly all about other images: the sampling errors are as before, the difference is none.
  give_images(runs[1], 20, 0, true);
  std::rotate(runs[1].classes->as_trained.correct.begin(), runs[1].classes->as_trained.correct.begin() + 7,
              runs[1].classes->as_trained.correct.end());
  runs[1].classes->as_trained.correct[5] = 0;
  runs[1].test.accuracy = 0.949;
  CHECK(contains(found(runs), "so no difference is shown"));
  // Seeds of a setting are averaged, image by image.
  runs::Run second = runs[0];
  second.name = "second";
  second.recipe.seed = 2;
  give_images(runs[1], 10, 0, true);
  runs[1].test.accuracy = 0.9;
  runs.push_back(second);
  CHECK(contains(found(runs), "interval of the difference is -6.4 to -3.6 points"));
  runs[2].classes.reset();
  CHECK(contains(found(runs), "times the sampling error"));
}

TEST_CASE("report: what a temperature did is claimed beyond its interval, and its meaning only then") {
  runs::Run run = sample_run("hot", 0, 0.95, 0.15);
  run.calibration = sample_calibration(run, 1.9, 0.05);
  run.calibration->evaluation.change = {.nll = {-0.1, -0.01}, .ece = {-0.12, -0.08}};
  CHECK(contains(found({run}),
                 "lowered ECE from 0.150 to 0.050 (95 % interval of the change -0.120 to -0.080). NLL went from 0.200 to 0.150; it "
                 "was too sure of itself"));
  run.calibration->evaluation.change = {.nll = {-0.1, 0.01}, .ece = {-0.12, 0.02}};
  CHECK(contains(found({run}),
                 "which may be chance (95 % interval of the change -0.120 to 0.020). NLL went from 0.200 to 0.150, which may be "
                 "chance."));
  CHECK_FALSE(contains(found({run}), "too sure of itself"));
}

TEST_CASE("report: students are compared by their teachers") {
  const std::string text = found({student("of-hard", 0, 0.95), student("of-smooth", 0.1, 0.90), sample_run("alone", 0, 0.93, 0.1)});
  CHECK(contains(
      text,
      "The student of the smoothed teacher, <span class=\"run\">of-smooth</span>, has 5.0 points less accuracy than the student of the "
      "hard teacher, <span class=\"run\">of-hard</span>"));
  CHECK(
      contains(text,
               "Taught by resnet20 with hard labels, <span class=\"run\">of-hard</span> has 2.0 points more accuracy than the same network "
               "trained alone, <span class=\"run\">alone</span>"));
  CHECK_FALSE(contains(text, "Label smoothing."));
}

TEST_CASE("report: nothing is said that the runs do not support") {
  CHECK_FALSE(contains(found({sample_run("smooth", 0.1, 0.9, 0.1)}), "alone"));
  CHECK_FALSE(contains(found({student("of-smooth", 0.1, 0.9)}), "hard teacher"));
  runs::Run elsewhere = sample_run("mnist", 0.1, 0.99, 0.1);
  elsewhere.data = "mnist:somewhere";
  const std::string apart = found({sample_run("digits", 0, 0.9, 0.1), elsewhere});
  CHECK_FALSE(contains(apart, "points more"));
  CHECK_FALSE(contains(apart, "somewhere"));
  runs::Run other_model = sample_run("mlp", 0.1, 0.99, 0.1);
  other_model.recipe.model = "mlp";
  CHECK_FALSE(contains(found({sample_run("cnn", 0, 0.9, 0.1), other_model}), "Label smoothing."));
}

TEST_CASE("report: runs that differ in more than smoothing say so") {
  runs::Run longer = sample_run("smooth", 0.1, 0.95, 0.02);
  longer.recipe.epochs = 300;
  CHECK(contains(found({sample_run("hard", 0, 0.9, 0.1), longer}), "also differ in epochs 300 against 3"));
}

TEST_CASE("report: seeds of one setting are averaged") {
  runs::Run second = sample_run("second", 0, 0.92, 0.10);
  second.recipe.seed = 2;
  const std::vector<runs::Run> runs{sample_run("first", 0, 0.90, 0.20), second};
  const std::vector<Comparison> compared = comparisons(runs);
  REQUIRE(compared.size() == 1);
  REQUIRE(compared[0].arms.size() == 1);
  CHECK(compared[0].arms[0].before().accuracy == doctest::Approx(0.91));
  CHECK(compared[0].arms[0].before().ece == doctest::Approx(0.15));
  CHECK(contains(found(runs), "mean of 2 runs of cnn"));
  CHECK_FALSE(contains(found(runs), "one seed"));
}

TEST_CASE("report: bounds, harm and divergence are told") {
  runs::Run run = sample_run("stuck", 0, 0.9, 0.1);
  run.calibration = sample_calibration(run, 100, 0.2);
  run.calibration->evaluation.fitted.status = calibration::Status::at_upper_bound;
  run.calibration->evaluation.after.metrics.nll = 0.9;
  CHECK_FALSE(contains(found({run}), "made things worse"));  // it may be chance
  run.calibration->evaluation.change.nll = {0.5, 0.9};
  CHECK(contains(found({run}), "ran to the bound of its search"));
  CHECK(contains(found({run}), "made things worse"));
  runs::Run lost = sample_run("lost", 0, kNotMeasured, kNotMeasured);
  lost.epochs[1].val.nll = kNotMeasured;
  CHECK(contains(found({lost}), "diverged: its loss is not a finite number in epoch 2"));
}

TEST_CASE("report: numbers and dates as people write them") {
  CHECK(decimal(-0.0001, 2) == "0.00");
  CHECK(decimal(-0.5, 1) == "-0.5");
  CHECK(decimal(kNotMeasured, 2) == "–");
  CHECK(percent(0.9725, 1) == "97.2\u00a0%");
  CHECK(plain(0.1) == "0.1");
  CHECK(count(999) == "999");
  CHECK(count(1234567) == "1\u202f234\u202f567");
  CHECK(count(-1234) == "-1\u202f234");
  CHECK(duration(4.25) == "4.2\u00a0s");
  CHECK(duration(99.99) == "1\u00a0min 40\u00a0s");
  CHECK(duration(12000) == "3\u00a0h 20\u00a0min");
  CHECK(duration(-1) == "–");
  CHECK(date("2026-11-25T02:00:00Z") == "25 November 2026");
  CHECK(date("2026-13-25") == "2026-13-25");
  CHECK(date("yesterday") == "yesterday");
  CHECK(escape("<a href=\"x\">&'\x01") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;\ufffd");
  CHECK(data_name("digits") == "digits");
  CHECK(data_name("mnist:/home/me/mnist") == "mnist");
  CHECK(data_name("folder:/home/me/cats/") == "cats");
  CHECK(data_name("folder:") == "folder");
}

}  // namespace temper::report
