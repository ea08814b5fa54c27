// MNIST and the sets that share its files: Fashion-MNIST, KMNIST. No class names come with them: the classes are "0".."9".
#include <algorithm>
#include <iterator>

#include "core/base/check.h"
#include "data/data_folder.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "data/sources.h"

namespace temper::data {
namespace {

constexpr const char* kMnistLayout =
    "mnist:DIR needs a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, "
    "each plain or with .gz";

// The two spellings in use, each plain or packed; "train-images" and 3 give train-images-idx3-ubyte and the rest.
std::vector<std::string> spellings(const std::string& stem, int rank) {
  const std::string type = "idx" + std::to_string(rank) + "-ubyte";
  return {stem + '-' + type, stem + '.' + type, stem + '-' + type + ".gz", stem + '.' + type + ".gz"};
}

Dataset read_part(const DataFolder& folder, const std::string& stem, std::string name) {
  const std::string images = folder.require(spellings(stem + "-images", 3));
  const std::string labels = folder.require(spellings(stem + "-labels", 1));
  return parse_idx(read_idx(images, 3), read_idx(labels, 1), std::move(name));
}

}  // namespace

Splits mnist(const std::string& dir) {
  std::vector<std::string> signs = spellings("train-images", 3);
  std::ranges::copy(spellings("t10k-images", 3), std::back_inserter(signs));
  const DataFolder folder(dir, {"mnist", "MNIST/raw", "raw"}, signs, kMnistLayout);
  const Dataset all = read_part(folder, "train", "mnist");
  Dataset test = read_part(folder, "t10k", "mnist test");
  TEMPER_CHECK(all.image == test.image, dir, ": training images are ", all.image, " but test images ", test.image,
               "; take all four files from the same set");
  TEMPER_CHECK(all.pixels != test.pixels, dir,
               ": the files of the training images and of the test images (train-images, t10k-images) have the ",
               "same content; download both again");
  constexpr Index kHeldOutOneIn = 12;  // 5,000 of 60,000
  TEMPER_CHECK(all.size() >= kHeldOutOneIn, dir, ": only ", all.size(), " training images, too few to hold some out; use at least ",
               kHeldOutOneIn);
  auto [train, val] = hold_out(all, all.size() / kHeldOutOneIn);
  return {std::move(train), std::move(val), std::move(test)};
}

extern constinit const DataSource kMnist{.kind = "mnist",
                                         .forms = {{{"mnist:DIR", "MNIST or a set in its format: four IDX files, plain or .gz"}}},
                                         .expected = "train-images-idx3-ubyte and the three others, plain or .gz",
                                         .settings = R"(
epochs = 5
batch = 128
lr = 0.03
)",
                                         .read_images = [](const std::string& dir, const LoadOptions&) { return mnist(dir); }};

}  // namespace temper::data
