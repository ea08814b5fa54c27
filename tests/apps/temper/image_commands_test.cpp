// Image folders and `temper predict` as a script sees them: digits written as PNG files.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"
#include "data/dataset.h"
#include "tests/apps/temper/program.h"
#include "tests/data/images/pictures.h"

namespace temper::tests {
namespace {

namespace fs = std::filesystem;

Bytes gray_png(const data::Dataset& set, Index sample) {
  const std::span<const std::uint8_t> pixels = set.pixel_span(sample);
  return png(static_cast<std::uint32_t>(set.image[0]), static_cast<std::uint32_t>(set.image[1]), 8, 0, {pixels.begin(), pixels.end()});
}

void write_digits(const FileFolder& folder, const std::string& name, const data::Dataset& set, Index count) {
  for (Index i = 0; i < count; ++i)
    folder.write(str_cat(name, "/", set.labels[static_cast<std::size_t>(i)], "/", i, ".png"), gray_png(set, i));
}

TEST_CASE("image commands: a folder of digits is described, learned, calibrated, evaluated elsewhere and predicted") {
  const FileFolder folder;
  const data::Splits digits = data::digits();
  write_digits(folder, "digits/train", digits.train, 600);
  write_digits(folder, "digits/test", digits.test, 100);
  folder.write("digits/train/3/Thumbs.db", "x");
  folder.write("digits/test/.DS_Store", "x");

  const Json described = Json::parse(temper_program(folder.path(), "data folder:digits --json").out);
  CHECK(described.at("image") == Json({8, 8, 3}));
  CHECK(described.at("train").at("samples").get<int>() + described.at("val").at("samples").get<int>() == 600);
  CHECK(described.at("test").at("samples") == 100);
  CHECK(described.at("photos").at("skipped").at("foreign") == 1);
  CHECK(described.at("photos").at("skipped").at("hidden") == 1);
  CHECK(holds(temper_program(folder.path(), "data folder:digits").out,
              {"class", "540", "60", "100", "left out: 1 hidden, 1 that are no pictures"}));

  const std::string how = "train --data folder:digits --model cnn --batch 32 --no-flip --no-random-resized-crop --json ";
  const Result trained = temper_program(folder.path(), how + "--epochs 3 --out run");
  REQUIRE(trained.code == 0);
  CHECK(holds(trained.err, {"left out 1 hidden, 1 that are no pictures"}));
  CHECK(Json::parse(trained.out).at("accuracy") > 0.7);
  const Json run = Json::parse(read_file(folder.path("run/run.json")));
  CHECK(run.at("preprocessing").at("image") == Json({8, 8}));
  CHECK(run.at("settings").at("random_resized_crop") == false);

  REQUIRE(temper_program(folder.path(), "calibrate run --json").code == 0);
  const Json measured = Json::parse(temper_program(folder.path(), "eval run --json").out);
  CHECK(measured.at("accuracy") == Json::parse(trained.out).at("accuracy"));

  // Other folders for the run: its classes stay what they are, though one has nine less; a class that the run has not is refused.
  folder.write("sevens/test/7/a.png", gray_png(digits.train, std::ranges::find(digits.train.labels, 7) - digits.train.labels.begin()));
  const Json sevens = Json::parse(temper_program(folder.path(), "eval run --data folder:sevens --json").out);
  CHECK(sevens.at("samples") == 1);
  CHECK(sevens.at("accuracy") == 1.0);
  folder.write("sevens/test/ten/a.png", gray_png(digits.train, 0));
  const Result refused = temper_program(folder.path(), "eval run --data folder:sevens");
  CHECK(refused.code == 1);
  CHECK(holds(refused.err, {"the class ten", "none of the run's"}));

  // Predictions of the test images are right as often as eval says, and the calibrator changes no answer.
  int right = 0;
  const Json predicted = Json::parse(temper_program(folder.path(), "predict run digits/test/*/*.png --json --top 10").out);
  const Json raw = Json::parse(temper_program(folder.path(), "predict run digits/test/*/*.png --json --top 10 --raw").out);
  CHECK(predicted.at("calibrator") == "temperature");
  CHECK(raw.at("calibrator").is_null());
  REQUIRE(predicted.at("images").size() == 100);
  for (std::size_t i = 0; i < 100; ++i) {
    const Json& image = predicted.at("images")[i];
    double sum = 0;
    for (const Json& one : image.at("classes")) sum += one.at("probability").get<double>();
    CHECK(sum == doctest::Approx(1));
    const Json& best = image.at("classes")[0];
    right += image.at("image").get<std::string>().starts_with(str_cat("digits/test/", best.at("class").get<std::string>(), "/")) ? 1 : 0;
    CHECK(best.at("class") == raw.at("images")[i].at("classes")[0].at("class"));
  }
  CHECK(right == std::lround(100 * measured.at("accuracy").get<double>()));

  // Photos at random end up the same on any number of threads.
  for (const char* threads : {"1", "3"})
    REQUIRE(temper_program(folder.path(), str_cat("train --data folder:digits --model cnn --epochs 1 --contrast 0.4 --threads ", threads,
                                                  " --out at", threads, " --memory-budget ", threads == std::string("1") ? "0" : "1"))
                .code == 0);
  CHECK(read_file(folder.path("at1/model.safetensors")) == read_file(folder.path("at3/model.safetensors")));
}

TEST_CASE("image commands: predict brings colour pictures of any size to a gray model, and names the bad ones") {
  const FileFolder folder;
  REQUIRE(temper_program(folder.path(), "train --data digits --model cnn --epochs 3 --out run").code == 0);
  const data::Splits digits = data::digits();
  // The first test digit, five times as large and green: its luminance is less, its shape the same.
  const std::span<const std::uint8_t> pixels = digits.test.pixel_span(0);
  folder.write("large.png", png(40, 60, [&](Index y, Index x, Index c) {
                 const Index column = (x - 10) / 5;
                 return x < 10 || x >= 50 ? 0 : c == 1 ? pixels[static_cast<std::size_t>(y / 5 * 8 + column)] : c == 0 ? 30 : 0;
               }));
  folder.write("exact.png", gray_png(digits.test, 0));
  folder.write("bad.png", "x");
  const Result result = temper_program(folder.path(), "predict run large.png bad.png exact.png none.jpg --json --top 1");
  CHECK(result.code == 1);
  CHECK(std::ranges::count(result.err, '\n') == 2);
  CHECK(holds(result.err, {"temper: error: bad.png: ", "temper: error: none.jpg: no such file"}));
  const Json json = Json::parse(result.out);
  REQUIRE(json.at("images").size() == 2);
  CHECK(json.at("errors").size() == 2);
  const std::string truth = std::to_string(digits.test.labels[0]);
  CHECK(json.at("images")[0].at("image") == "large.png");
  for (const Json& image : json.at("images")) {
    CHECK(image.at("classes").size() == 1);
    CHECK(image.at("classes")[0].at("class") == truth);
  }
  const Result table = temper_program(folder.path(), "predict run exact.png --top 2");
  CHECK(table.code == 0);
  CHECK(holds(table.out, {"not calibrated", "the middle 8 x 8 is cut out, as luminance", "exact.png", "probability", " %"}));
  CHECK(temper_program(folder.path(), "predict run exact.png --top 0").code == 2);
  CHECK(temper_program(folder.path(), "predict run").code == 2);
  CHECK(temper_program(folder.path(), "predict nowhere exact.png").code == 1);
}

TEST_CASE("image commands: bad folders and settings are refused, and nothing is left behind") {
  const FileFolder folder;
  write_digits(folder, "digits/train", data::digits().train, 60);
  folder.write("digits/train/0/empty.jpg", "");
  const std::string train = "train --data folder:digits --model cnn --epochs 1 --out run ";
  const auto refused = [&](const std::string& arguments, int code, const std::vector<std::string>& parts) {
    const Result result = temper_program(folder.path(), arguments);
    CHECK(result.code == code);
    CHECK(std::ranges::count(result.err, '\n') == 1);
    holds(result.err, parts);
    CHECK_FALSE(fs::exists(folder.path("run")));
  };
  refused("train --data folder:nowhere --model cnn --out run", 1, {"nowhere"});
  refused("train --data folder --model cnn --out run", 2, {"folder:DIR"});
  refused(train, 1, {"digits/train/0/empty.jpg", "--skip-bad-images"});
  refused(train + "--image-size -1", 2, {"--image-size"});
  refused(train + "--image-size 16 --resize 8", 2, {"--resize"});
  refused(train + "--smallest-area 0", 2, {"--smallest-area"});
  refused(train + "--brightness -1", 2, {"--brightness"});
  refused(train + "--memory-budget -1", 2, {"--memory-budget"});
  const Result skipped = temper_program(folder.path(), train + "--skip-bad-images --json");
  CHECK(skipped.code == 0);
  CHECK(holds(skipped.err, {"left out 1 damaged picture", "empty.jpg"}));
  CHECK(temper_program(folder.path(), "eval run --json").code == 0);  // the run knows that it skips
}

}  // namespace
}  // namespace temper::tests
