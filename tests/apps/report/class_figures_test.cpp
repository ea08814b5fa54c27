#include "apps/report/class_figures.h"

#include <doctest/doctest.h>

#include "apps/report/page.h"
#include "apps/report/png.h"
#include "core/base/base64.h"
#include "core/base/random.h"
#include "data/images/image.h"
#include "tests/apps/report/sample_run.h"
#include "tests/apps/report/well_formed.h"
#include "tests/contains.h"

namespace temper::report {
namespace {

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

std::string drawn(const std::vector<runs::Run>& runs) {
  std::string text = class_figures(runs);
  CHECK(well_formedness_error(text) == "");
  return text;
}

// Ten images a class, one of which is taken for the next class; of class 0 two more for class 2.
runs::Run classified(std::size_t classes) {
  runs::Run run = sample_run("net", 0, 0.9, 0.1);
  run.classes = runs::ClassRecord{};
  runs::ClassRecord& record = *run.classes;
  const auto number = static_cast<Index>(classes);
  for (Index k = 0; k < number; ++k) {
    record.names.push_back(str_cat("class", k));
    record.confusion.classes.push_back({9, 10, 10});
    record.confusion.mistakes.push_back({k, (k + 1) % number, 1});
  }
  record.confusion.classes[0] = {7, 10, 8};
  record.confusion.classes[2].predicted = 12;
  record.confusion.mistakes.insert(record.confusion.mistakes.begin(), {0, 2, 2});
  record.worst = {{.index = 17, .label = 1, .predicted = 2, .confidence = 0.875, .loss = 4.5, .picture = {1, 2, 1, {0, 255}}}};
  record.surest_mistakes = {{.index = 4, .label = 0, .predicted = 2, .confidence = 0.5, .loss = kNotMeasured, .file = "a/b/c.png"}};
  return run;
}

TEST_CASE("class figures: the pixels of a thumbnail come back from its PNG") {
  const Random random(1, {5});
  for (const Index channels : {1, 3}) {
    runs::Thumbnail picture{.height = 47, .width = 48, .channels = channels};
    for (Index i = 0; i < 47 * 48 * channels; ++i)
      picture.pixels.push_back(static_cast<std::uint8_t>(random.below(static_cast<std::uint64_t>(i), 256)));
    const data::Image read = data::decode_image(png(picture), "thumbnail");
    CHECK(read.height == 47);
    CHECK(read.width == 48);
    bool same = true;
    for (std::size_t i = 0; i < read.pixels.size(); ++i) same = same && read.pixels[i] == picture.pixels[channels == 3 ? i : i / 3];
    CHECK(same);
    const std::string address = png_address(picture);
    CHECK(from_base64(address.substr(address.find(',') + 1)) == png(picture));
  }
  runs::Thumbnail large{.height = 300, .width = 300, .channels = 1, .pixels = std::vector<std::uint8_t>(90'000, 7)};  // two blocks
  CHECK(data::decode_image(png(large), "large").pixels == std::vector<std::uint8_t>(270'000, 7));
}

TEST_CASE("class figures: up to 100 classes there is a heat map, beyond the mistakes and the weakest classes alone") {
  const std::string ten = drawn({classified(10)});
  CHECK(count_of(ten, "<rect class=\"right\"") == 10);
  CHECK(count_of(ten, "<rect class=\"wrong\"") == 11);
  CHECK(contains(ten, "<title>class0 taken for class2: 2 of 10</title>"));
  CHECK(contains(ten, "<title>class3: 9 of 10 right</title>"));
  CHECK(contains(ten, "<td>class0</td><td>class2</td><td class=\"number\">2 of 10</td>"));
  CHECK(contains(ten, "<td>class0</td><td class=\"number\">0.875</td><td class=\"number\">0.700</td>"));
  CHECK(contains(ten, "mean of 10 classes"));
  CHECK_FALSE(contains(ten, "<details>"));
  CHECK(contains(ten, ">9</text>"));
  const std::string hundred = drawn({classified(100)});
  CHECK(count_of(hundred, "<rect class=\"right\"") == 100);
  CHECK(contains(hundred, "<summary>All 100 classes"));
  CHECK_FALSE(contains(hundred, ">9</text>"));
  const std::string thousands = drawn({classified(3000)});
  CHECK_FALSE(contains(thousands, "<svg class=\"plot heat\""));
  CHECK(contains(thousands, "weakest classes"));
  CHECK(contains(thousands, "mean of 3\u202f000 classes"));
  CHECK(thousands.size() < 20'000);
  runs::Run shortened = classified(50);
  shortened.classes->confusion.left_out = 1;
  CHECK_FALSE(contains(drawn({shortened}), "<svg class=\"plot heat\""));
}

TEST_CASE("class figures: images have their picture, place, prediction and loss") {
  const std::string text = drawn({classified(10)});
  CHECK(count_of(text, "<img src=\"data:image/png;base64,iVBOR") == 1);
  CHECK(contains(text, "<b>class1</b> → <b>class2</b> <span class=\"quiet\">87.5\u00a0% sure, loss 4.50<br/>image 17</span>"));
  CHECK(contains(text, "loss ∞<br/>c.png"));
  CHECK(contains(text, "confidences as trained"));
  runs::Run calibrated = classified(10);
  calibrated.classes->calibrator = "temperature";
  calibrated.classes->temperature = 1.5;
  CHECK(contains(drawn({calibrated}), "confidences at T\u00a0=\u00a01.50"));
}

TEST_CASE("class figures: names are escaped wherever they stand") {
  runs::Run run = classified(3);
  const std::string evil = "<script>\"'&\x01";
  run.classes->names = {evil, evil, evil};
  run.classes->surest_mistakes[0].file = "x/" + evil;
  run.name = evil;
  const std::string text = drawn({run});
  CHECK_FALSE(contains(text, "<script>"));
  CHECK_FALSE(contains(text, "\x01"));
  run.classes.reset();
  CHECK_FALSE(contains(drawn({run}), "<script>"));
}

TEST_CASE("class figures: a run without a record says which command adds it; of runs that translate there is nothing") {
  runs::Run old = sample_run("old", 0, 0.9, 0.1);
  CHECK(contains(drawn({old, classified(10)}), "<code>temper eval old</code>"));
  CHECK(contains(page(std::vector{old}), "Class by class"));
  old.score = translation::Score{};
  CHECK(drawn({old}).empty());
  CHECK_FALSE(contains(page(std::vector{old}), "Class by class"));
}

TEST_CASE("class figures: a class that nobody has or predicts has dashes") {
  runs::Run run = classified(4);
  run.classes->names.emplace_back("empty");
  run.classes->confusion.classes.emplace_back();
  CHECK(contains(drawn({run}),
                 "<td>empty</td><td class=\"number\">–</td><td class=\"number\">–</td><td class=\"number\">–</td><td "
                 "class=\"number\">0</td>"));
}

}  // namespace
}  // namespace temper::report
