#include "data/dataset.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "core/base/random.h"
#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

// `sizes[k]` samples of class k, shuffled; sample i is the 1x2 image {i mod 256, i / 256}.
Dataset made_of(const std::vector<Index>& sizes) {
  Dataset set{.name = "made", .image = {1, 2, 1}, .pixels = {}, .labels = {}, .class_names = {}};
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    set.class_names.push_back("class " + std::to_string(k));
    set.labels.insert(set.labels.end(), static_cast<std::size_t>(sizes[k]), static_cast<std::int32_t>(k));
  }
  const Random random(5, {});
  for (std::size_t i = set.labels.size(); i > 1; --i) {
    std::swap(set.labels[i - 1], set.labels[random.below(i, static_cast<std::uint32_t>(i))]);
  }
  for (Index i = 0; i < set.size(); ++i) {
    set.pixels.push_back(static_cast<std::uint8_t>(i % 256));
    set.pixels.push_back(static_cast<std::uint8_t>(i / 256));
  }
  return set;
}

std::vector<Index> class_sizes(const Dataset& set) {
  std::vector<Index> sizes(set.class_names.size());
  for (const std::int32_t label : set.labels) ++sizes[static_cast<std::size_t>(label)];
  return sizes;
}

std::vector<Index> numbers_of(const Dataset& set) {
  std::vector<Index> numbers;
  for (Index i = 0; i < set.size(); ++i) numbers.push_back(set.pixel_span(i)[0] + 256 * set.pixel_span(i)[1]);
  return numbers;
}

std::string load_error(const std::string& spec) {
  return error_of([&] { load(spec); });
}

}  // namespace

TEST_CASE("data: another number of images can be held out for validation") {
  const Splits usual = load("digits"), other = load("digits", {.held_out = 500});
  CHECK(other.val.size() == 500);
  CHECK(other.train.size() == usual.train.size() + usual.val.size() - 500);
  CHECK(other.train.name == usual.train.name);
  CHECK(other.val.name == usual.val.name);
  CHECK(other.test.pixels == usual.test.pixels);
  CHECK(load("digits", {.held_out = 500}).val.pixels == other.val.pixels);
  CHECK(load("digits", {.held_out = usual.val.size()}).val.pixels == usual.val.pixels);
  for (const std::int32_t label : {0, 5, 9}) CHECK(std::abs(std::ranges::count(other.val.labels, label) - 50) < 5);
  for (const Index size : {Index{0}, usual.train.size() + usual.val.size()}) {
    CHECK(holds(error_of([&] { load("digits", {.held_out = size}); }), {"--val-size", "1-1496"}));
  }
}

TEST_CASE("data: a subset has the samples in the order given") {
  const Dataset all = made_of({300, 300});
  const std::vector<Index> chosen{599, 0, 300, 0};
  const Dataset part = all.subset(chosen, "part");
  CHECK(part.name == "part");
  CHECK(part.image == all.image);
  CHECK(part.class_names == all.class_names);
  CHECK(numbers_of(part) == chosen);
  for (std::size_t i = 0; i < chosen.size(); ++i) CHECK(part.labels[i] == all.labels[static_cast<std::size_t>(chosen[i])]);
  CHECK(all.subset({}, "none").size() == 0);
  for (const Index outside : {Index{-1}, Index{600}}) {
    CHECK(holds(error_of([&] { all.subset(std::array{outside}, "x"); }), {"made", "sample " + std::to_string(outside), "0-599"}));
    CHECK_THROWS_AS(all.pixel_span(outside), Error);
  }
}

TEST_CASE("data: held out samples are spread over the classes in proportion") {
  const Dataset all = made_of({500, 301, 7, 0, 1});  // 809
  const auto [train, val] = hold_out(all, 100);
  // Shares 61.80 37.21 0.87 0 0.12: rounded down 61 37 0 0 0, the two left go to the remainders .87 and .80.
  CHECK(class_sizes(val) == std::vector<Index>{62, 37, 1, 0, 0});
  CHECK(class_sizes(train) == std::vector<Index>{438, 264, 6, 0, 1});
  CHECK(val.name == "made val");
  CHECK(train.name == "made train");

  std::vector<Index> numbers = numbers_of(train), of_val = numbers_of(val);
  CHECK(std::ranges::is_sorted(numbers));
  CHECK(std::ranges::is_sorted(of_val));
  numbers.insert(numbers.end(), of_val.begin(), of_val.end());
  std::ranges::sort(numbers);
  std::vector<Index> everything(809);
  std::iota(everything.begin(), everything.end(), 0);
  CHECK(numbers == everything);

  // Drawn from everywhere, not from one end: the mean number is near the middle.
  const double mean = static_cast<double>(std::accumulate(of_val.begin(), of_val.end(), Index{0})) / 100.0;
  CHECK(mean > 404 - 80);
  CHECK(mean < 404 + 80);
}

TEST_CASE("data: the choice of hold_out depends on the labels alone and never changes") {
  const Dataset all = made_of({30, 30});
  const std::vector<Index> chosen = numbers_of(hold_out(all, 6).val);
  CHECK(numbers_of(hold_out(all, 6).val) == chosen);
  Dataset other = all;
  other.name = "other";
  for (std::uint8_t& pixel : other.pixels) pixel ^= 0xFF;
  const std::vector<std::int32_t> labels_before = hold_out(all, 6).val.labels;
  const Dataset other_val = hold_out(other, 6).val;
  CHECK(other_val.labels == labels_before);
  for (std::size_t i = 0; i < chosen.size(); ++i) CHECK(other_val.pixels[2 * i] == (chosen[i] ^ 0xFF));

  const Dataset one_class = made_of({12});  // a change of these numbers would change everybody's validation set
  CHECK(numbers_of(hold_out(one_class, 4).val) == std::vector<Index>{4, 6, 7, 10});
}

TEST_CASE("data: hold_out refuses what it cannot hold out") {
  const Dataset all = made_of({5, 5});
  CHECK(hold_out(all, 0).val.size() == 0);
  CHECK(hold_out(all, 9).train.size() == 1);
  for (const Index number : {Index{-1}, Index{10}, Index{1} << 40}) {
    CHECK(holds(error_of([&] { hold_out(all, number); }), {"made", "of 10 samples", "0-9"}));
  }
  Dataset bad = all;
  bad.labels[3] = 2;
  CHECK(holds(error_of([&] { hold_out(bad, 2); }), {"label 2 at sample 3", "0-1"}));
}

TEST_CASE("data: check finds sets made by hand that do not agree") {
  const Dataset good = made_of({2, 2});
  CHECK_NOTHROW(good.check());
  Dataset bad = good;
  bad.pixels.pop_back();
  CHECK(holds(error_of([&] { bad.check(); }), {"7 pixel bytes for 4 images of (1,2,1)", "give 8"}));
  bad = good;
  bad.labels[0] = -1;
  CHECK(holds(error_of([&] { bad.check(); }), {"label -1 at sample 0"}));
  bad = good;
  bad.image = {2};
  CHECK(holds(error_of([&] { bad.check(); }), {"(H,W,C)"}));
}

TEST_CASE("data: an unknown spec lists the known ones") {
  for (const char* spec : {"", "mist:/x", "MNIST:/x", "cifar:/x", ":", "imagenet", "/some/folder"}) {
    CHECK(holds(load_error(spec), {"\"" + std::string(spec) + "\"", "is an unknown data set", "digits", "mnist:DIR", "cifar10:DIR",
                                   "cifar100:DIR", "train-images-idx3-ubyte", "data_batch_1.bin", "train.bin"}));
  }
  for (const char* spec : {"mnist", "mnist:", "cifar10", "cifar100:"}) CHECK(holds(load_error(spec), {"needs a folder", ":DIR"}));
  CHECK(holds(load_error("digits:here"), {"takes no folder"}));
  CHECK(holds(load_error("mnist:/no/such:place"), {"/no/such:place: no such folder"}));
}

TEST_CASE("data: the embedded digits") {
  const Splits digits = load("digits");
  CHECK(digits.train.size() == 1197);
  CHECK(digits.val.size() == 300);
  CHECK(digits.test.size() == 300);
  CHECK(class_sizes(digits.train) == std::vector<Index>{118, 122, 117, 121, 121, 122, 121, 119, 116, 120});
  CHECK(class_sizes(digits.val) == std::vector<Index>{30, 30, 30, 31, 30, 30, 30, 30, 29, 30});
  CHECK(class_sizes(digits.test) == class_sizes(digits.val));

  std::set<std::vector<std::uint8_t>> different;
  std::vector<double> ink(10);
  for (const Dataset* part : {&digits.train, &digits.val, &digits.test}) {
    CHECK_NOTHROW(part->check());
    CHECK(part->image == Shape{8, 8, 1});
    for (Index i = 0; i < part->size(); ++i) {
      const auto pixels = part->pixel_span(i);
      different.emplace(pixels.begin(), pixels.end());
    }
    for (const std::uint8_t pixel : part->pixels) {
      const int level = (pixel * 16 + 127) / 255;  // the README's way back to 0..16
      CHECK(pixel == static_cast<int>(std::lround(level * 255.0 / 16.0)));
    }
  }
  CHECK(different.size() == 1797);  // no image is in two parts
  // The first row of UCI's file, a zero, is the first of test.
  const std::vector<int> first{0, 0, 5, 13, 9, 1, 0, 0};
  const auto zero = digits.test.pixel_span(0);
  CHECK(digits.test.labels[0] == 0);
  for (std::size_t i = 0; i < first.size(); ++i) CHECK((zero[i] * 16 + 127) / 255 == first[i]);
}

}  // namespace temper::data
