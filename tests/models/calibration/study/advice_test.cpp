#include "models/calibration/study/advice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "models/calibration/calibrators/histogram_isotonic.h"
#include "models/calibration/calibrators/linear.h"
#include "models/calibration/calibrators/temperature.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using Sentences = std::vector<std::string>;

// A temperature that helped a lot, on many samples: nothing to say.
CalibrationRecord flawless() {
  CalibrationRecord record{.fitted_on = "val", .measured_on = "test", .classes = 3, .samples = 5000};
  record.evaluation.fitted = {.kind = &kTemperature, .calibrator = std::make_shared<TemperatureCalibrator>(2)};
  record.evaluation.before = {.metrics = {.samples = 10000, .accuracy = 0.9, .nll = 0.5, .ece = 0.1}, .ece_interval = {0.09, 0.11}};
  record.evaluation.after = {.metrics = {.samples = 10000, .accuracy = 0.9, .nll = 0.4, .ece = 0.01}, .ece_interval = {0, 0.02}};
  record.evaluation.change = {.accuracy = {-0.01, 0.01}, .nll = {-0.12, -0.08}, .ece = {-0.1, -0.08}};
  return record;
}

const Predictions& ordinary() {
  static const Predictions data = reference::random_predictions(2, 500, 3, 4);
  return data;
}

TEST_CASE("advice: none where a calibrator helped and the samples can tell") { CHECK(advise(flawless(), ordinary()).empty()); }

TEST_CASE("advice: every status that is not converged has its sentence") {
  CalibrationRecord record = flawless();
  record.evaluation.fitted = {&kTemperature, identity_calibrator(), Status::at_lower_bound};
  CHECK(advise(record, ordinary()) ==
        Sentences{"the fit ran to T = 0.001, the lower bound: among 5,000 samples there is no mistake that a smaller T would penalise, so "
                  "they cannot tell how sure the model may be, and the logits are left as they are; fit on more data"});
  record.evaluation.fitted = {&kTemperature, identity_calibrator(), Status::at_upper_bound};
  CHECK(advise(record, ordinary()) ==
        Sentences{"the fit ran to T = 1000, the upper bound: on 5,000 samples with an accuracy of 90.00 % the logits are worse than "
                  "useless, and are left as they are; check that logits and labels belong together"});
  record.evaluation.fitted = {&kMatrix, identity_calibrator(), Status::not_converged};
  CHECK(advise(record, ordinary()) ==
        Sentences{"the matrix fit took all its steps and is not at the minimum; an easier method may do as well"});
  record.evaluation.fitted = {&kTemperature, identity_calibrator(), Status::kept_identity};
  CHECK(advise(record, ordinary()) == Sentences{"nothing was changed: no other temperature has a lower NLL than T = 1"});
}

TEST_CASE("advice: a calibrator that was rejected is named with the score that decided") {
  CalibrationRecord record = flawless();
  record.evaluation.fitted = {&kIsotonic, identity_calibrator(), Status::kept_identity};
  record.evaluation.rejected = record.evaluation.after;
  record.evaluation.score_before = 0.25;
  record.evaluation.score_after = 0.3125;
  CHECK(advise(record, ordinary()) ==
        Sentences{"isotonic did not help on rows it was not fitted on (out of fold on 5,000 rows its Brier score is 0.3125, against "
                  "0.2500 as it was) and was rejected: the logits are left as they are"});
  record.evaluation.fitted.kind = &kVector;
  CHECK(advise(record, ordinary()).front().find("vector did not help") == 0);
  CHECK(advise(record, ordinary()).front().find("its NLL is 0.3125") != std::string::npos);
}

TEST_CASE("advice: a risen or infinite NLL, and changed predictions") {
  CalibrationRecord record = flawless();
  record.evaluation.after.metrics.nll = 0.6;
  record.evaluation.change.nll = {0.05, 0.15};
  CHECK(advise(record, ordinary()) == Sentences{"the NLL rose from 0.5000 to 0.6000 on the test rows (95 % interval of the change [0.0500, "
                                                "0.1500]): they differ from those fitted on, or are few"});
  record.evaluation.change.nll = {-0.05, 0.25};  // it may be chance: nothing is claimed
  CHECK(advise(record, ordinary()).empty());
  record.evaluation.change.nll = kNoInterval;  // of infinite losses
  record.evaluation.fitted.kind = &kHistogram;
  record.evaluation.after.metrics.nll = std::numeric_limits<double>::infinity();
  record.evaluation.changed = 1234;
  record.evaluation.after.metrics.accuracy = 0.91;
  CHECK(advise(record, ordinary()) ==
        Sentences{
            "histogram gives some labels a probability of 0, so the NLL is infinite; where the NLL matters take another method",
            "histogram changes 1,234 of 10,000 predictions; the accuracy goes from 90.00 % to 91.00 %, which may be chance (95 % interval "
            "of the change [-0.0100, 0.0100])"});
  record.evaluation.before.metrics.nll = std::numeric_limits<double>::infinity();  // it was infinite already
  record.evaluation.changed = 0;
  CHECK(advise(record, ordinary()).empty());
}

TEST_CASE("advice: few samples, missing classes, and data that the network has learned") {
  CalibrationRecord record = flawless();
  record.evaluation.change.ece = {-0.19, 0.01};
  CHECK(advise(record, ordinary()) == Sentences{"10,000 samples are too few to be sure: the ECE went from 0.1000 to 0.0100, which may be "
                                                "chance (95 % interval of the change [-0.1900, 0.0100])"});
  record.evaluation.change.ece = kNoInterval;
  CHECK(advise(record, ordinary()) == Sentences{"10,000 samples are too few to be sure: the ECE went from 0.1000 to 0.0100"});
  record.evaluation.fitted = {&kTemperature, identity_calibrator(), Status::kept_identity};
  record.evaluation.rejected = record.evaluation.after;
  CHECK(advise(record, ordinary()).size() == 1);  // nothing was changed, so the width matters to nothing

  Predictions learned{3, {}, {}};
  for (int i = 0; i < 200; ++i) {
    learned.logits.insert(learned.logits.end(), {0, 5, 1});
    learned.labels.push_back(1);
  }
  CHECK(advise(flawless(), learned) ==
        Sentences{"2 of 3 classes have no sample among those fitted on, so nothing was learned about them",
                  "100.00 % of the samples fitted on are right: if the network was trained on them, T comes out too small; fit on data "
                  "that it has not seen"});
  // 999 of 1,000 are as many as it takes, and fewer than 100 samples say nothing.
  const auto says_learned = [](int samples, int wrong) {
    Predictions data{2, {}, {}};
    for (int i = 0; i < samples; ++i) {
      data.logits.insert(data.logits.end(), {0, 5});
      data.labels.push_back(i < wrong ? 0 : 1);
    }
    const Sentences advice = advise(flawless(), data);
    return std::ranges::any_of(advice, [](const std::string& sentence) { return sentence.find("trained on them") != std::string::npos; });
  };
  CHECK(says_learned(1000, 1));
  CHECK_FALSE(says_learned(1000, 2));
  CHECK(says_learned(100, 0));
  CHECK_FALSE(says_learned(99, 0));
}

TEST_CASE("advice: another score to abstain by, where it is better by a tenth and by more than chance") {
  CalibrationRecord record = flawless();
  record.selective = {{.selector = {.score = Score::max_probability}, .aurc = 0.05},
                      {.selector = {.score = Score::p_norm, .p = 4}, .aurc = 0.0449, .difference = {-0.01, -0.0002}}};
  CHECK(advise(record, ordinary()) ==
        Sentences{
            "to abstain by the p-norm score (p = 4) is better than by the largest probability: AURC 0.0449 against 0.0500 (95 % interval "
            "of the difference [-0.0100, -0.0002]); networks with label smoothing often need that"});
  for (const Interval& chance : {Interval{-0.01, 0.0002}, Interval{-0.01, 0}, kNoInterval}) {
    record.selective[1].difference = chance;
    CHECK(advise(record, ordinary()).empty());
  }
  record.selective[1] = {.selector = {.score = Score::p_norm, .p = 4}, .aurc = 0.0451, .difference = {-0.01, -0.0002}};
  CHECK(advise(record, ordinary()).empty());
}

// Right as often as it says, in order of confidence; `off` is added to the confidence, and `spoilt` samples have the confidence of another.
Confidences made_up(double off, std::size_t spoilt) {
  Confidences result;
  for (std::size_t i = 0; i < 1000; ++i) {
    result.confidence.push_back(std::min(1.0, 0.6 + static_cast<double>(i % 10) / 25 + off));
    result.correct.push_back(i % 10 >= 5 || i % 20 < 5 ? 1 : 0);
  }
  for (std::size_t i = 0; i < spoilt; ++i) std::swap(result.confidence[i], result.confidence[999 - i]);
  return result;
}

TEST_CASE("advice: label smoothing against hard labels with a temperature, only where the samples show it") {
  HardTwin hard{.name = "hard",
                .temperature = 1.875,
                .before = {.aurc = 0.02},
                .after = {.ece = 0.0125},
                .as_trained = made_up(0, 0),
                .calibrated = made_up(0, 0)};
  const Sentences both = advise_on_smoothing(0.1, {.ece = 0.05, .aurc = 0.025}, made_up(-0.3, 400), hard);
  REQUIRE(both.size() == 2);
  CHECK(
      both[0].starts_with("smoothing 0.1 alone has an ECE of 0.0500; hard labels with temperature 1.88 (hard) reach 0.0125 (95 % interval "
                          "of the difference [0."));
  CHECK(both[1].starts_with(
      "smoothing 0.1 spoilt the order of the confidences: AURC 0.0250 against 0.0200 of hard labels (hard), and what is "
      "more than its mistakes account for by [0."));
  CHECK(both[1].ends_with("(95 % interval); abstain by the p-norm score"));
  // Larger numbers alone claim nothing: the samples are the same.
  CHECK(advise_on_smoothing(0.1, {.ece = 0.05, .aurc = 0.025}, made_up(0, 0), hard).empty());
  CHECK(advise_on_smoothing(0.1, {.ece = 0.05, .aurc = 0.025}, made_up(0, 4), hard).empty());
}

}  // namespace
}  // namespace temper::calibration
