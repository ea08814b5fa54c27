#include "models/runs/classes_file.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/contains.h"
#include "tests/temporary_folder.h"

namespace temper::runs {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

ClassRecord small_record() {
  ClassRecord record{.data_hash = "abc", .accuracy = 0.5, .nll = 1.25, .calibrator = "temperature", .temperature = 1.5};
  record.names = {"cat", "dog \"x\"", "Müller"};
  record.confusion.mistakes = {{0, 1, 1}, {2, 0, 1}};
  record.confusion.classes = {{1, 2, 2}, {1, 1, 2}, {0, 1, 0}};
  record.worst = {{.index = 3,
                   .label = 2,
                   .predicted = 0,
                   .confidence = 0.75,
                   .loss = kInfinity,
                   .file = "a/b.png",
                   .picture = {.height = 1, .width = 2, .channels = 3, .pixels = {0, 1, 2, 253, 254, 255}}}};
  record.surest_mistakes = {{.index = 1, .label = 0, .predicted = 1, .confidence = 0.999, .loss = 6.5}};
  record.as_trained = {{1, 1 - 1e-12, 0.5, 0.375}, {1, 0, 1, 0}};
  record.calibrated = {{1, 0.75, 0.5, 0.375}, {0, 0, 1, 1}};
  return record;
}

std::string text_of(const ClassRecord& record) {
  const TemporaryFolder folder;
  save_classes(folder.path(), record);
  return read_file(folder / "classes.json");
}

std::string refusal(const std::string& text) {
  const TemporaryFolder folder;
  write_file(folder / "classes.json", text);
  try {
    load_classes(folder / "classes.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("classes file: what is written is read") {
  const TemporaryFolder folder;
  const ClassRecord record = small_record();
  save_classes(folder.path(), record);
  const ClassRecord read = load_classes(folder / "classes.json");
  CHECK(read.split == "test");
  CHECK(read.data_hash == "abc");
  CHECK(read.accuracy == 0.5);
  CHECK(read.nll == 1.25);
  CHECK(read.calibrator == "temperature");
  CHECK(read.temperature == 1.5);
  CHECK(read.names == record.names);
  CHECK(read.confusion == record.confusion);
  REQUIRE(read.worst.size() == 1);
  CHECK(read.worst[0].index == 3);
  CHECK(read.worst[0].label == 2);
  CHECK(read.worst[0].loss == kInfinity);
  CHECK(read.worst[0].file == "a/b.png");
  CHECK(read.worst[0].picture.width == 2);
  CHECK(read.worst[0].picture.pixels == record.worst[0].picture.pixels);
  REQUIRE(read.surest_mistakes.size() == 1);
  CHECK(read.surest_mistakes[0].confidence == 0.999);
  CHECK(read.surest_mistakes[0].picture.channels == 0);
  CHECK(read.as_trained.correct == record.as_trained.correct);
  CHECK(read.calibrated.correct == record.calibrated.correct);
  for (std::size_t i = 0; i < 4; ++i) {
    // The doubt keeps its digits, however small: 1e-12 is not rounded to 0, so the order of sure samples stays.
    const double doubt = 1 - record.as_trained.confidence[i];
    CHECK(std::abs(1 - read.as_trained.confidence[i] - doubt) <= 1e-4 * doubt);
    CHECK(read.calibrated.confidence[i] == record.calibrated.confidence[i]);
  }
}

TEST_CASE("classes file: a name that is no UTF-8 is written all the same") {
  ClassRecord record = small_record();
  record.worst[0].file = "a\xff.png";
  CHECK(refusal(text_of(record)) == "accepted");
}

TEST_CASE("classes file: its size is bounded, whatever the data") {
  ClassRecord record = small_record();
  record.worst.assign(ClassRecord::kMostImages, record.worst[0]);
  for (ImageRecord& image : record.worst) image.picture = {48, 48, 3, std::vector<std::uint8_t>(48 * 48 * 3, 200)};
  record.surest_mistakes = record.worst;
  CHECK(text_of(record).size() < 300'000);
}

TEST_CASE("classes file: damage is refused with the file and the key") {
  const std::string sound = text_of(small_record());
  CHECK(refusal(sound) == "accepted");
  struct Damage {
    const char *from, *to, *reason;
  };
  const Damage damages[] = {
      {"\"split\": \"test\"", "\"split\": 3", "split is not a text"},
      {"\"samples\": 4", "\"samples\": 5", "support adds up to 4, not to the 5 samples"},
      {"\"samples\": 4", "\"samples\": 3", "support adds up to more than the 3 samples"},
      {"\"samples\": 4", "\"samples\": 0", "samples is 0, not in 1..2^40"},
      {"\"samples\": 4", "\"samples\": 4611686018427387904", "samples is 4611686018427387904, not in 1..2^40"},
      {"\"samples\": 4", "\"samples\": 4.5", "samples is not a count"},
      {"\"accuracy\": 0.5", "\"accuracy\": 50", "accuracy is 50, not in 0..1"},
      {"\"nll\": 1.25", "\"nll\": \"low\"", "nll is not a number"},
      {"[\"cat\",", "[7,", "classes has an element that is not a text"},
      {"[\"cat\",", "[", "right has 3 numbers for 2 classes"},
      {"\"right\": [1,1,0]", "\"right\": [1,1]", "right has 2 numbers for 3 classes"},
      {"\"right\": [1,1,0]", "\"right\": [1,1,-1]", "right has an element that is not a count of samples"},
      {"\"right\": [1,1,0]", "\"right\": [1,1,18446744073709551615]", "right has an element that is not a count of samples"},
      {"\"right\": [1,1,0]", "\"right\": [1,2,0]", "right has 2 for class 1, more than its support"},
      {"\"right\": [1,1,0]", "\"right\": 1", "right is not an array"},
      {"\"predicted\": [2,2,0]", "\"predicted\": [2,3,0]", "predicted does not add up to the 4 samples"},
      {"[[0,1,1]", "[[0,0,1]", "mistakes has [0,0,1], which is no cell off the diagonal of 3 classes"},
      {"[[0,1,1]", "[[0,3,1]", "mistakes has [0,3,1], which is no cell"},
      {"[[0,1,1]", "[[0,1,0]", "whose count is not in 1..4"},
      {"[[0,1,1]", "[[0,1]", "not three counts"},
      {"[[0,1,1]", "[[0,1,1.5]", "not three counts"},
      {"[[0,1,1]", "[[0,-1,1]", "not three counts"},
      {"[[0,1,1]", "[[2,0,1]", "mistakes has the cell [2,0,1] twice"},
      {"[[0,1,1]", "[[0,1,2]", "more than the support or the predictions of its classes leave"},
      {"[[0,1,1],", "[", "left_out is 0, but 1 wrong samples are in no cell"},
      {"\"left_out\": 0", "\"left_out\": 9", "left_out is 9, but 0 wrong samples"},
      {"\"index\":3", "\"index\":4", "worst[0].index is 4, not below 4"},
      {"\"index\":3,", "", "worst[0].index is missing"},
      {"\"label\":2", "\"label\":3", "worst[0].label is 3, not below 3"},
      {"\"predicted\":0", "\"predicted\":-1", "worst[0].predicted is not a count"},
      {"\"confidence\":0.75", "\"confidence\":7.5", "worst[0].confidence is 7.5, not in 0..1"},
      {"\"loss\":6.5", "\"loss\":\"6.5\"", "surest_mistakes[0].loss is not a number"},
      {"\"file\":\"a/b.png\"", "\"file\":1", "worst[0].file is not a text"},
      {"\"height\":1", "\"height\":49", "worst[0].picture.height: 49 x 2 pixels are not 1..48 a side"},
      {"\"height\":1", "\"height\":4611686018427387904", "are not 1..48 a side"},
      {"\"height\":1", "\"height\":2", "worst[0].picture.pixels has 6 bytes, not 12"},
      {"\"channels\":3", "\"channels\":2", "worst[0].picture.channels is 2, not 1 or 3"},
      {"\"pixels\":\"", "\"pixels\":\"?", "worst[0].picture.pixels: "},
      {"\"as_trained\":\"", "\"as_trained\":\"AAAA", "outcomes.as_trained has "},
      {"\"as_trained\":\"", "\"as_trained\":\"*", "outcomes.as_trained: "},
      {"\"outcomes\": {", "\"outcomes\": 1, \"x\": {", "outcomes is not an object"},
      {"\"worst\": [", "\"worst\": {\"a\":[", "not valid JSON"},
  };
  for (const Damage& damage : damages) {
    CAPTURE(damage.to);
    std::string text = sound;
    const std::size_t at = text.find(damage.from);
    REQUIRE(at != std::string::npos);
    text.replace(at, std::string(damage.from).size(), damage.to);
    const std::string found = refusal(text);
    CAPTURE(found);
    CHECK(contains(found, damage.reason));
    CHECK(contains(found, "classes.json: "));
    CHECK(contains(found, "; run `temper eval` on the run again, or remove the file"));
  }
  // A number that is no confidence: 2 as a float.
  std::string text = sound;
  const std::size_t at = text.find("\"calibrated\":\"") + 14;
  text.replace(at, 8, "AAAAQAAA");
  CHECK(contains(refusal(text), "outcomes.calibrated has 2 for sample 0, not one in -1..1"));
  for (std::size_t length = 0; length < sound.size() - 2; length += 7) CHECK(refusal(sound.substr(0, length)) != "accepted");
}

TEST_CASE("classes file: a record belongs to the metrics that it was measured with, and to no others") {
  const ClassRecord record = small_record();
  const calibration::Metrics same{.samples = 4, .accuracy = 0.5, .nll = 1.2500001};
  CHECK(agrees(record, same));
  CHECK_FALSE(agrees(record, {.samples = 5, .accuracy = 0.5, .nll = 1.25}));
  CHECK_FALSE(agrees(record, {.samples = 4, .accuracy = 0.5, .nll = 1.35}));
  CHECK_FALSE(agrees(record, {.samples = 4, .accuracy = 1, .nll = 1.25}));
  CHECK_FALSE(agrees(record, {.samples = 4, .accuracy = 0.5}));
  ClassRecord infinite = record;
  infinite.nll = kInfinity;
  CHECK(agrees(infinite, {.samples = 4, .accuracy = 0.5, .nll = calibration::kNotMeasured}));  // JSON has no infinity
}

}  // namespace
}  // namespace temper::runs
