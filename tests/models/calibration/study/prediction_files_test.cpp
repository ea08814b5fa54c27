#include "models/calibration/study/prediction_files.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/base/check.h"
#include "core/base/file.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/softmax.h"
#include "tests/temporary_folder.h"

namespace temper::calibration {
namespace {

struct Files {
  TemporaryFolder folder;
  PredictionFiles paths{.logits = folder / "z.csv", .labels = folder / "y.csv"};

  Predictions read(const std::string& logits, const std::string& labels, bool probabilities = false) {
    write_file(paths.logits, logits);
    write_file(paths.labels, labels);
    paths.probabilities = probabilities;
    return read_predictions(paths);
  }
  void refused(const std::string& logits, const std::string& labels, const char* why, bool probabilities = false) {
    CAPTURE(why);
    CHECK_THROWS_WITH_AS(read(logits, labels, probabilities), doctest::Contains(why), Error);
  }
};

TEST_CASE("prediction files: logits and labels") {
  Files files;
  const Predictions data = files.read("1,2,3\n4,5,-inf\n", "2\n0\n");
  CHECK(data.classes == 3);
  CHECK(data.labels == std::vector<std::int32_t>{2, 0});
  CHECK(data.logits == std::vector<float>{1, 2, 3, 4, 5, -std::numeric_limits<float>::infinity()});
}

TEST_CASE("prediction files: what does not fit together is named (cases S1, S2)") {
  Files files;
  files.refused("1,2\n3,4\n", "0\n", "2 rows of logits, but");
  files.refused("1,2\n", "0\n1\n", "1 rows of logits, but");
  files.refused("1,2\n3,4\n", "0\n2\n", "y.csv: label 2 of sample 1 is outside 0..1");
  files.refused("1,2\n3,4\n", "1\n2\n", "seem to count from 1");
  files.refused("1,2\n3,4\n", "0\n-1\n", "label -1 of sample 1");
  files.refused("1,2\n3,4\n", "0\n0.5\n", "label 0.5 of sample 1");
  files.refused("1,2\n3,4\n", "0\nnan\n", "label nan of sample 1");
  files.refused("1,2\n3,4\n", "0,1\n1,0\n", "2 numbers a row");
  files.refused("1\n3\n", "0\n0\n", "one number a row");
  files.refused("1,2\n3,nan\n", "0\n0\n", "logit 1 of sample 1 is NaN");
  files.refused("1,2\n3,inf\n", "0\n0\n", "is +inf");
  files.refused("1,1e39\n3,1\n", "0\n0\n", "is +inf");  // beyond float
  files.refused("0,1\n1,0\n", "1\n0\n", "add --probabilities");
  files.refused("0.2,0.8\n0.5,0.5\n", "1\n0\n", "add --probabilities");
}

TEST_CASE("prediction files: probabilities become logits whose softmax they are") {
  Files files;
  const Predictions data = files.read("0.2,0.8\n0,1\n0.4999,0.4999\n", "1\n1\n0\n", true);
  std::vector<double> p(2);
  softmax(data.row(0), 1, p);
  CHECK(p[0] == doctest::Approx(0.2).epsilon(1e-7));
  softmax(data.row(1), 1, p);
  CHECK(p == std::vector<double>{0, 1});
  softmax(data.row(2), 1, p);
  CHECK(p[0] == 0.5);
  files.refused("0.2,0.8\n0.2,0.9\n", "0\n0\n", "of sample 1 sum to 1.1", true);
  files.refused("20,80\n", "0\n", "not in 0..1", true);
  files.refused("-0.1,1.1\n", "0\n", "not in 0..1", true);
  files.refused("nan,1\n", "0\n", "not in 0..1", true);
}

TEST_CASE("prediction files: doubles that floats cannot tell apart keep their largest class") {
  Files files;
  const Predictions data = files.read("1,1.00000000001\n100000000,99999999.5\n-1e300,-2\n", "1\n0\n1\n");
  CHECK(accuracy(data) == 1);
  CHECK(data.logits[4] == std::numeric_limits<float>::lowest());
}

}  // namespace
}  // namespace temper::calibration
