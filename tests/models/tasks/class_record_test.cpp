#include "models/tasks/class_record.h"

#include <doctest/doctest.h>

#include <cmath>

#include "models/calibration/metrics/metrics.h"

namespace temper::tasks {
namespace {

using Pixels = std::vector<std::uint8_t>;

TEST_CASE("class record: a thumbnail is the image itself where it is small, and the mean of squares where it is not") {
  const Pixels tiny{1, 2, 3, 4, 5, 6};
  const runs::Thumbnail same = make_thumbnail(tiny, {3, 2, 1});
  CHECK(same.height == 3);
  CHECK(same.width == 2);
  CHECK(same.channels == 1);
  CHECK(same.pixels == tiny);
  // 3 x 2 in squares of 2: the lower row of squares is one pixel high.
  CHECK(make_thumbnail(tiny, {3, 2, 1}, 2).pixels == Pixels{3, 6});  // (1+2+3+4)/4 = 2.5, (5+6)/2 = 5.5: upwards
  const runs::Thumbnail colour = make_thumbnail(tiny, {1, 2, 3}, 1);
  CHECK(colour.channels == 3);
  CHECK(colour.pixels == Pixels{3, 4, 5});
  CHECK(make_thumbnail(tiny, {1, 3, 2}).pixels == Pixels{1, 3, 5});  // two channels: the first one in gray
  const runs::Thumbnail wide = make_thumbnail(Pixels(100 * 481 * 3, 9), {100, 481, 3});
  CHECK(wide.height == 10);
  CHECK(wide.width == 44);
  CHECK(wide.pixels == Pixels(10 * 44 * 3, 9));
}

// The label of sample i is predicted, but for one in three, which is taken for the next class, the surer the later it comes.
struct Sample {
  data::Dataset set{.name = "made-up test", .image = {2, 2, 1}, .pixels = {}, .labels = {}, .class_names = {}};
  calibration::Predictions predictions;

  Sample(Index samples, Index classes) {
    for (Index k = 0; k < classes; ++k) set.class_names.push_back(str_cat("class ", k));
    predictions.classes = classes;
    for (Index i = 0; i < samples; ++i) {
      const Index label = i % classes, predicted = i % 3 == 0 ? (label + 1) % classes : label;
      set.labels.push_back(static_cast<std::int32_t>(label));
      set.pixels.insert(set.pixels.end(), 4, static_cast<std::uint8_t>(i % 256));
      for (Index k = 0; k < classes; ++k) predictions.logits.push_back(k == predicted ? 3 + static_cast<float>(i) / 1000 : 0.0f);
    }
    predictions.labels = set.labels;
  }
};

TEST_CASE("class record: counts, images and outcomes of a set") {
  const Sample sample(60, 5);
  const runs::ClassRecord record = make_class_record(sample.set, sample.predictions, calibration::TemperatureCalibrator(2));
  CHECK(record.names.size() == 5);
  CHECK(record.confusion.wrong() == 20);
  CHECK(record.accuracy == calibration::accuracy(sample.predictions));
  CHECK(record.nll == doctest::Approx(calibration::nll(sample.predictions)).epsilon(1e-12));
  CHECK(record.data_hash == sample.set.fingerprint());
  REQUIRE(record.surest_mistakes.size() == 12);
  CHECK(record.surest_mistakes[0].index == 57);
  CHECK(record.surest_mistakes[1].index == 54);
  CHECK(record.surest_mistakes[0].label == 2);
  CHECK(record.surest_mistakes[0].predicted == 3);
  CHECK(record.surest_mistakes[0].picture.pixels == Pixels(4, 57));
  CHECK(record.surest_mistakes[0].file.empty());
  CHECK(record.worst[0].index == 57);
  // Confidence and loss are those at T = 2, the outcomes both.
  const double p = 1 / (1 + 4 * std::exp(-3.057 / 2));
  CHECK(record.surest_mistakes[0].confidence == doctest::Approx(p).epsilon(1e-6));
  CHECK(record.worst[0].loss == doctest::Approx(-std::log((1 - p) / 4)).epsilon(1e-6));
  CHECK(record.calibrated.confidence[57] == doctest::Approx(p).epsilon(1e-6));
  CHECK(record.as_trained.confidence[57] == doctest::Approx(1 / (1 + 4 * std::exp(-3.057))).epsilon(1e-6));
  CHECK(record.calibrated.correct[57] == 0);
  CHECK(record.calibrated.correct[58] == 1);
}

TEST_CASE("class record: of many classes the most frequent cells are kept, and the others counted") {
  // 200 classes, of which every label is taken for all others once, and for the next one twice: 39,800 cells.
  constexpr Index kClasses = 200;
  data::Dataset set{.name = "many", .image = {1, 1, 1}, .pixels = {}, .labels = {}, .class_names = std::vector<std::string>(kClasses, "c")};
  calibration::Predictions predictions{.classes = kClasses};
  const auto add = [&](Index label, Index predicted) {
    set.labels.push_back(static_cast<std::int32_t>(label));
    set.pixels.push_back(0);
    for (Index k = 0; k < kClasses; ++k) predictions.logits.push_back(k == predicted ? 5.0f : 0.0f);
  };
  for (Index label = 0; label < kClasses; ++label) {
    for (Index predicted = 0; predicted < kClasses; ++predicted)
      if (predicted != label) add(label, predicted);
    add(label, (label + 1) % kClasses);
  }
  predictions.labels = set.labels;
  const runs::ClassRecord record = make_class_record(set, predictions, *calibration::identity_calibrator());
  CHECK(record.confusion.mistakes.size() == runs::ClassRecord::kMostCells);
  CHECK(record.confusion.mistakes.front().count == 2);
  CHECK(record.confusion.left_out == 39'800 - 10'000);
  CHECK(record.confusion.wrong() == 40'000);
}

}  // namespace
}  // namespace temper::tasks
