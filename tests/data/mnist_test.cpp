#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "data/dataset.h"
#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

Bytes idx_images(std::uint8_t count, std::uint8_t side) {
  Bytes bytes{0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, side, 0, 0, 0, side};
  for (int i = 0; i < count * side * side; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}
Bytes idx_labels(std::uint8_t count) {
  Bytes bytes{0, 0, 8, 1, 0, 0, 0, count};
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(i % 10));
  return bytes;
}

void write_set(const FileFolder& folder, const std::string& below = "") {
  folder.write(below + "train-images-idx3-ubyte", idx_images(40, 3));
  folder.write(below + "train-labels-idx1-ubyte", idx_labels(40));
  folder.write(below + "t10k-images-idx3-ubyte", idx_images(20, 3));
  folder.write(below + "t10k-labels-idx1-ubyte", idx_labels(20));
}

std::string mnist_error(const FileFolder& folder) {
  return error_of([&] { mnist(folder.path()); });
}

}  // namespace

TEST_CASE("data: MNIST is found plain or packed, in both spellings, in the folder or below") {
  for (const char* below : {"", "mnist/", "MNIST/raw/", "raw/"}) {
    const FileFolder folder;
    write_set(folder, below);
    const Splits set = load("mnist:" + folder.path());
    CHECK(set.train.size() == 37);
    CHECK(set.val.size() == 3);
    CHECK(set.test.size() == 20);
    CHECK(set.train.name == "mnist train");
    CHECK(set.val.name == "mnist val");
    CHECK(set.test.name == "mnist test");
  }
  const FileFolder folder;
  folder.write("train-images.idx3-ubyte", idx_images(40, 3));
  folder.write("train-labels.idx1-ubyte.gz", gzip(idx_labels(40)));
  folder.write("t10k-images-idx3-ubyte.gz", gzip(idx_images(20, 3)));
  folder.write("t10k-labels-idx1-ubyte", idx_labels(20));
  const Splits set = mnist(folder.path());
  CHECK(set.test.image == Shape{3, 3, 1});
  CHECK(set.test.pixel_span(1)[0] == 9);
  CHECK(set.test.labels[11] == 1);
}

TEST_CASE("data: a folder that is no MNIST is refused by what is wrong with it") {
  const FileFolder folder;
  CHECK(holds(mnist_error(folder), {folder.path(), "train-images-idx3-ubyte", "mnist:DIR needs a folder with"}));
  CHECK(holds(error_of([&] { mnist(folder.write("file", "x")); }), {"file", "is a file where a folder was expected"}));
  CHECK(holds(error_of([&] { mnist(folder.path("absent")); }), {"absent: no such folder"}));
  folder.write("data_batch_1.bin", "");
  CHECK(holds(mnist_error(folder), {"use cifar10:DIR"}));

  write_set(folder);
  std::filesystem::remove(folder.path("t10k-labels-idx1-ubyte"));
  CHECK(holds(mnist_error(folder), {folder.path("t10k-labels-idx1-ubyte"), "no such file", "mnist:DIR needs"}));
  folder.write("t10k-labels-idx1-ubyte", idx_labels(19));
  CHECK(holds(mnist_error(folder), {"20 images", "19 labels"}));
  write_set(folder);
  folder.write("t10k-images-idx3-ubyte", idx_images(20, 2));
  CHECK(holds(mnist_error(folder), {"training images are (3,3,1) but test images (2,2,1)"}));
  std::filesystem::remove(folder.path("t10k-images-idx3-ubyte"));
  std::filesystem::create_directory(folder.path("t10k-images-idx3-ubyte"));
  CHECK(holds(mnist_error(folder), {folder.path("t10k-images-idx3-ubyte"), "is a folder"}));

  write_set(folder, "mnist/");
  folder.write("train-images-idx3-ubyte", idx_images(11, 3));
  folder.write("train-labels-idx1-ubyte", idx_labels(11));
  std::filesystem::remove(folder.path("t10k-images-idx3-ubyte"));
  write_set(folder);
  folder.write("train-images-idx3-ubyte", idx_images(11, 3));
  folder.write("train-labels-idx1-ubyte", idx_labels(11));
  CHECK(holds(mnist_error(folder), {"only 11 training images", "at least 12"}));
}

TEST_CASE("data: an IDX file that unpacks to more than its header claims is refused after 64 KiB, whatever follows") {
  const FileFolder folder;
  write_set(folder);
  Bytes images = idx_images(40, 3);
  images.resize(20'000'000);
  std::filesystem::remove(folder.path("train-images-idx3-ubyte"));
  folder.write("train-images-idx3-ubyte.gz", gzip(images));
  CHECK(holds(mnist_error(folder), {"train-images-idx3-ubyte.gz", "more than the 376 bytes that its header claims"}));
  folder.write("train-images-idx3-ubyte", images);
  CHECK(holds(mnist_error(folder), {"train-images-idx3-ubyte", "more than the 376 bytes that its header claims"}));
  images[3] = 1;
  folder.write("train-images-idx3-ubyte", images);
  CHECK(holds(mnist_error(folder), {"label file, expected the images"}));
  write_set(folder);
  Bytes labels = idx_labels(40);
  labels.resize(20'000'000);
  folder.write("train-labels-idx1-ubyte", gzip(labels));
  CHECK(holds(mnist_error(folder), {"train-labels-idx1-ubyte", "more than the 48 bytes that its header claims"}));
}

TEST_CASE("data: MNIST whose test images are the training images is refused") {
  const FileFolder folder;
  write_set(folder);
  folder.write("t10k-images-idx3-ubyte", idx_images(40, 3));
  folder.write("t10k-labels-idx1-ubyte", idx_labels(40));
  CHECK(holds(mnist_error(folder), {folder.path(), "train-images", "t10k-images", "same content"}));
}

TEST_CASE("data: the real MNIST") {
  const char* root = std::getenv("TEMPER_DATA");
  if (root == nullptr) {
    MESSAGE("TEMPER_DATA is not set: the real MNIST is not tested");
    return;
  }
  const Splits set = load("mnist:" + std::string(root));
  CHECK(set.train.size() == 55'000);
  CHECK(set.val.size() == 5'000);
  CHECK(set.test.size() == 10'000);
  CHECK(set.test.image == Shape{28, 28, 1});
  CHECK(set.test.labels[0] == 7);
  CHECK(set.test.labels[1] == 2);
  std::int64_t sum = 0;
  for (const auto* part : {&set.train, &set.val}) {
    for (const std::uint8_t pixel : part->pixels) sum += pixel;
  }
  CHECK(static_cast<double>(sum) / (60'000.0 * 784.0 * 255.0) == doctest::Approx(0.1307).epsilon(1e-3));  // the mean that everybody uses
}

}  // namespace temper::data
